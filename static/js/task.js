// A custom task, put together from its events: what it is doing, and its state from snapshots and patches.
import { isObject, isText, parse, get } from "./json.js";
import { PatchedDocument } from "./json-patch.js";

const ENDS = { completed: "Completed", failed: "Failed", timed_out: "Timed out", canceled: "Canceled" };
const WORDS = {
  encrypted: "encrypted: the console cannot read it",
  "encrypted-partial": "encrypted: the console cannot read it",
  offloaded: "kept elsewhere by its worker: the console cannot read it",
  compressed: "compressed by its worker: the console cannot read it",
};

function sealedBy(options) {
  const names = options.filter(isText);
  const known = Object.keys(WORDS).find((name) => names.includes(name));
  return WORDS[known] ?? `encoded (${names.join(", ").slice(0, 60) || "unknown"}): the console cannot read it`;
}

export class Task {
  constructor(id, type) {
    this.id = id;
    this.type = type;
    this.step = "";
    this.word = "Running";
    this.over = false;
    this.updates = 0;
    this.error = "";
    // Why the state cannot be told; empty if it can. What there is to say about it otherwise.
    this.unknown = "";
    this.note = "";
    this.sealed = "";
    this.document = null;
    // The highest value seen of each number that may be progress, and whether one stood between 0 and 1.
    this.seen = new Map();
  }

  // `text` is the JSON of the event's attributes; what was too large for a row is cut, and no JSON.
  take(step, time, text) {
    if (step === "started") this.started = time;
    else if (!this.step) this.lose("It started before the first event here");
    this.step = step;
    this.last = time;
    this.over = Object.hasOwn(ENDS, step);
    this.word = get(ENDS, step) ?? "Running";
    if (step === "in_progress") this.updates += 1;
    let attributes;
    try {
      attributes = parse(text);
    } catch {
      return this.cut();
    }
    if (!isObject(attributes)) return;
    const failure = get(attributes, "failure");
    const why = (isObject(failure) ? get(failure, "message") : undefined) ?? get(attributes, "reason") ?? get(attributes, "timeout_type");
    if (this.over && isText(why)) this.error = why.slice(0, 2000);
    const payload = get(attributes, "payload");
    if (payload !== undefined && payload !== null) this.accept(payload);
  }

  accept(payload) {
    if (!isObject(payload) || !Object.hasOwn(payload, "value")) return this.cut();
    const { value } = payload;
    const options = get(payload, "encoding_options");
    const isPatch = get(payload, "type") === "json_patch";
    if (isText(value) && Array.isArray(options) && options.length) return this.seal(sealedBy(options), isPatch);
    try {
      if (isPatch) this.patch(value);
      else this.snapshot(value);
    } catch (error) {
      this.lose(isPatch ? `A change could not be applied (${error.message})` : `Its state cannot be shown (${error.message})`);
    }
  }

  snapshot(value) {
    if (this.document) this.document.reset(value);
    else this.document = new PatchedDocument(value);
    this.unknown = "";
  }

  patch(value) {
    if (this.unknown) return;
    this.document ??= new PatchedDocument({});
    this.document.apply(value);
  }

  // What is sealed stays so, also for later changes, until the state is sent whole again.
  seal(words, isPatch) {
    const isKnown = this.document && !this.unknown;
    if (isKnown && this.over) {
      this.note = `Its final state is ${words}.`;
      return;
    }
    this.sealed = words.split(/[ :]/)[0];
    this.unknown = isKnown ? `From here on it is ${words}.` : `${words[0].toUpperCase()}${words.slice(1)}.`;
  }

  lose(why) {
    this.sealed = "";
    this.unknown = `${why}: what follows shows at its next whole state.`;
  }

  cut() {
    if (!this.over) this.lose("A change was too large to be carried here");
    else if (!this.unknown) this.note = "Its final state is too large to be carried here; this is what its changes made.";
  }

  // Nothing more will come: its run is over.
  abandon() {
    if (this.over) return false;
    this.over = true;
    this.word = "Not finished";
    return true;
  }
}
