// A custom task in the panel: a line that says how it is, and inside it its progress, its texts and the rest as JSON.
import { GrowingText } from "./growing-text.js";
import { kinds, shown } from "./task-kinds.js";
import { thousands } from "./thousands.js";
import { duration } from "./times.js";

const MOST_JSON = 20000;
const LARGE = 20000;
const PAUSE = 1000;
// New characters of a text for each frame.
const STEP = 10000;

function aside({ text, gone }) {
  if (text === null) return "encrypted: the console cannot read it";
  return gone ? `its first ${thousands(gone)} characters are not kept` : "";
}

export class TaskView {
  constructor(task, templates) {
    this.task = task;
    this.templates = templates;
    this.element = templates.task.content.firstElementChild.cloneNode(true);
    this.details = this.part("details");
    this.texts = new Map();
    this.byHand = false;
    this.written = -PAUSE;
    this.part("type").textContent = task.type || "task";
    this.element.querySelector("summary").addEventListener("click", () => { this.byHand = true; });
    this.details.addEventListener("toggle", () => this.show());
    this.part("json").addEventListener("toggle", () => this.show());
  }

  part(name) {
    return this.element.querySelector(`[data-task-${name}]`);
  }

  say(name, text) {
    const part = this.part(name);
    part.hidden = !text;
    if (part.textContent !== text) part.textContent = text;
  }

  fold(isOpen) {
    if (!this.byHand && this.details.open !== isOpen) this.details.open = isOpen;
  }

  // Whether all that is to be seen is shown.
  show() {
    const { task } = this;
    this.status();
    this.time();
    this.say("error", task.error);
    this.say("note", task.unknown || task.note);
    const found = task.document ? kinds(task) : { texts: [], elsewhere: new Set() };
    this.part("about").textContent = task.unknown ? task.sealed : found.about ?? "";
    this.progress(found.progress);
    if (!this.details.open) return true;
    const whole = this.json(found.elsewhere);
    return this.showTexts(found.texts) && whole;
  }

  status() {
    const { word } = this.task;
    if (this.word === word) return;
    this.word = word;
    this.element.dataset.taskState = word;
    this.part("status").replaceChildren(this.templates.status(word));
  }

  time() {
    const { started, last, over } = this.task;
    const time = this.part("time");
    if (started && !over) time.dataset.since = started;
    else delete time.dataset.since;
    const end = over ? new Date(last) : Date.now();
    time.textContent = started ? duration((end - new Date(started)) / 1000, { whole: !over }) : "";
  }

  progress(found) {
    const bar = this.part("bar");
    bar.hidden = !found;
    this.say("progress", found?.words ?? "");
    if (found && bar.value !== found.share) bar.value = found.share;
  }

  // A large one is not written anew for every change.
  json(elsewhere) {
    const { document, over } = this.task;
    const json = this.part("json");
    const now = performance.now();
    if (!over && document?.weight > LARGE && now - this.written < PAUSE) return false;
    this.written = now;
    const all = document && !elsewhere.has("") ? shown(document.value, elsewhere) : "";
    json.hidden = !all || all === "{}";
    this.say("brief", all.slice(0, 400).replace(/\s+/g, " ").replace(/^\{ | \}$/g, "").replace(/"([\w-]+)": /g, "$1: "));
    if (json.open) this.say("all", all.length > MOST_JSON ? `${all.slice(0, MOST_JSON)}…` : all);
    return true;
  }

  showTexts(found) {
    let whole = true;
    const keys = new Set(found.map((one) => one.key));
    for (const [key, { element }] of this.texts) {
      if (keys.has(key)) continue;
      element.remove();
      this.texts.delete(key);
    }
    for (const one of found) {
      const view = this.texts.get(one.key) ?? this.begin(one);
      view.note.textContent = one.note ?? aside(one);
      view.text.element.hidden = one.text === null || one.text === undefined;
      if (typeof one.text !== "string") continue;
      view.text.show(one.text, one.gone ?? 0, STEP);
      whole &&= view.text.shown.length >= one.text.length;
    }
    return whole;
  }

  begin(one) {
    const element = this.templates.text.content.firstElementChild.cloneNode(true);
    element.querySelector("[data-text-name]").textContent = one.name;
    element.classList.toggle("said", Boolean(one.said));
    const view = { element, note: element.querySelector("[data-text-note]"), text: new GrowingText(element.querySelector("pre")) };
    this.part("texts").append(element);
    this.texts.set(one.key, view);
    return view;
  }
}
