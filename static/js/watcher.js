// Watches what is watched, in one tab of them all: asks how each execution is, and listens to its events for failures.
import { rowOf } from "./rows.js";
import { Stream } from "./stream.js";
import { all, change, drop, onChange } from "./watched.js";

const EVERY = 5000;
// While nobody is signed in.
const MOST_SELDOM = 60000;
const KEEP_EVERY = 2000;
// One that fails and recovers again and again tells so at most this often.
const AGAIN = 60000;
const FAILING = "RETRYING_AFTER_ERROR";

// How an execution is: `{answer}`, or `{status}` of an answer that was none, 0 where nothing came.
export async function ask(page) {
  try {
    const response = await fetch(`${page}?part=watch`, { headers: { "X-Was": "", "HX-Request": "true" } });
    return response.ok ? { status: response.status, answer: await response.json() } : { status: response.status };
  } catch {
    return { status: 0 };
  }
}

class Watcher {
  constructor(one, tell) {
    this.one = one;
    this.tell = tell;
    this.failing = one.failing;
    this.told = 0;
    this.rest = this.until = 0;
    this.stream = new Stream(one.stream, "", {
      state: (name) => { if (name === "ended" || name === "failed") this.look(); },
      items: (items) => this.take(items),
      gap: () => {},
    });
    this.stream.lastId = one.last;
    this.stream.open();
  }

  // What nothing listens to any more, though it goes on, is listened to again.
  async lookAgain() {
    if (Date.now() < this.until) return;
    const answer = await this.look();
    if (answer && !answer.over && this.stream.idle) this.stream.open();
  }

  async look() {
    const { status, answer } = await ask(this.one.page);
    if (this.stopped) return null;
    this.rest = status === 401 ? Math.min(2 * (this.rest || EVERY), MOST_SELDOM) : 0;
    this.until = Date.now() + this.rest;
    if (answer?.over) {
      this.tell(this.one, answer.word);
      drop(this.one.id);
    } else if (status === 404 || status === 403) drop(this.one.id);
    else if (answer?.status === FAILING) this.fail();
    return answer;
  }

  take(items) {
    for (const { html } of items) {
      // Most rows are neither: they are not worth a look.
      if (!html.includes("bad") && !html.includes("COMPLETED")) continue;
      const row = rowOf(html);
      const moment = new Date(row?.querySelector("time")?.dateTime ?? "");
      if (!(moment >= new Date(this.one.since))) continue;
      if (row.classList.contains("bad")) this.fail();
      else if (row.querySelector(".kind")?.textContent.includes("COMPLETED")) this.recovered();
    }
    this.keeping ??= setTimeout(() => this.keep(), KEEP_EVERY);
  }

  fail() {
    if (!this.failing && Date.now() - this.told > AGAIN) {
      this.told = Date.now();
      this.tell(this.one, "Started failing");
    }
    this.failing = true;
    this.keep();
  }

  recovered() {
    this.failing = false;
  }

  // So that the next page goes on from here.
  keep() {
    clearTimeout(this.keeping);
    this.keeping = undefined;
    if (!this.stopped) change(this.one.id, { last: this.stream.lastId, failing: this.failing });
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.keeping);
    this.stream.end();
  }
}

// Until nothing is watched any more.
function lead(tell) {
  const watchers = new Map();
  const timer = setInterval(() => { for (const watcher of watchers.values()) watcher.lookAgain(); }, EVERY);
  const leaves = new AbortController();
  addEventListener("pagehide", () => { for (const watcher of watchers.values()) watcher.keep(); }, { signal: leaves.signal });
  return new Promise((resolve) => {
    const follow = () => {
      const wanted = new Map(all().map((one) => [one.id, one]));
      for (const [id, watcher] of watchers) {
        if (wanted.has(id)) continue;
        watcher.stop();
        watchers.delete(id);
      }
      for (const [id, one] of wanted) if (!watchers.has(id)) watchers.set(id, new Watcher(one, tell));
      if (watchers.size) return;
      clearInterval(timer);
      leaves.abort();
      forget();
      resolve();
    };
    const forget = onChange(follow);
    follow();
  });
}

// Whichever tab holds the lock watches for all; when it is closed, another one has it.
export function watching(tell) {
  let asked = false;
  const begin = async () => {
    if (asked || all().length === 0) return;
    asked = true;
    await (navigator.locks ? navigator.locks.request("watched", () => lead(tell)) : lead(tell));
    asked = false;
  };
  onChange(begin);
  begin();
}
