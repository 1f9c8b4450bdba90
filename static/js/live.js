// [data-live]: a list of rows that grows as a stream brings more, and can be read in both directions. Here is what the
// reader sees and does; the rows are in live-window.js.
import { Edge, onReading, whenNear } from "./live-ends.js";
import { inPlace } from "./live-list.js";
import { Light } from "./live-light.js";
import { PAGE, Window } from "./live-window.js";
import { reveal } from "./selected.js";
import { Stream } from "./stream.js";
import { nextTurn } from "./turns.js";

// Pages that a gap may be wide; beyond that the newest rows are shown, and the others as the reader goes back.
const MOST_MENDING = 20;
const lists = new WeakMap();

class Live {
  constructor(root) {
    const { dataset } = root;
    this.root = root;
    this.window = new Window(root, this);
    this.light = new Light(root, {
      pause: () => this.pause(!this.paused),
      new: () => this.jump(),
      again: () => this.stream.open(),
      older: () => this.more("older"),
      newer: () => this.more("newer"),
    });
    this.edge = new Edge(this.window.rows.newestFirst);
    this.follows = !this.window.broken && !root.querySelector(".row.selected") && this.edge.here;
    this.stream = new Stream(dataset.live, dataset.liveQuery, {
      state: (name, detail) => this.state(name, detail),
      gap: () => this.gap(),
      items: (items) => this.take(items),
    });
    if (!dataset.liveRest) this.stream.open();
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    document.addEventListener("visibilitychange", () => this.flush());
    document.addEventListener("execution:status", ({ detail }) => this.status(detail));
    onReading(() => { this.parked = false; });
    whenNear(this.light.edge("older"), () => this.more("older"));
    whenNear(this.light.edge("newer"), () => !this.parked && this.more("newer"));
    this.show();
  }

  send(name, detail) {
    this.root.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));
  }

  state(name, detail) {
    this.light.say(name, detail);
    this.send("state", { name, detail });
  }

  // An execution that was over goes on: reset, continued as new, or its end was not the last word.
  status({ over, run }) {
    const { liveRest, liveRun } = this.root.dataset;
    const other = Boolean(liveRun && run && run !== liveRun);
    this.light.run(other);
    if (liveRest !== "range" && (!over || other) && (this.stream.over || !this.stream.socket)) this.stream.open();
  }

  take(items) {
    this.send("items", items);
    this.window.take(items);
    this.flush();
  }

  // Rows could not be replayed. A reader who follows gets them now, others when they go there.
  gap() {
    const { window } = this;
    const whole = !window.broken;
    window.drop(window.queue.take(window.queue.length));
    window.broken = true;
    this.send("gap");
    if (whole && this.follows) this.mend();
  }

  async mend() {
    this.mending = true;
    this.light.gap("mending");
    // The rows after the gap come at once, if there are any.
    for (let turn = 0; turn < 20 && !this.window.queue.length; turn += 1) await nextTurn();
    try {
      for (let tries = 0; tries < MOST_MENDING && this.window.broken; tries += 1) await this.newer();
    } catch {
      // Said below.
    }
    this.mending = false;
    this.light.gap(this.window.broken ? "failed" : "mended");
    this.flush();
  }

  // A change of the list under a reader who follows.
  keepUp(change) {
    change();
    const wanted = this.root.dataset.liveSelected;
    const selected = wanted && !this.root.querySelector(".row.selected") && this.window.rows.named(wanted);
    if (selected) {
      this.follows = false;
      reveal(selected);
    } else if (!this.window.rows.newestFirst) this.edge.go();
  }

  // The newest rows went to make room for older ones: they do not come back by themselves.
  park() {
    this.follows = false;
    this.parked = true;
  }

  scrolled() {
    const { follows, window } = this;
    if (this.parked) return;
    this.follows = this.edge.here && (follows || (!window.broken && window.queue.length <= PAGE));
    if (this.follows !== follows) this.flush();
  }

  // Bring in what waits, while the reader follows.
  async flush() {
    const { window } = this;
    if (!this.flushing) {
      this.flushing = true;
      while ((window.queue.length || window.stale) && this.goes && !window.putting) {
        if (window.broken) window.restart();
        if (window.queue.length) window.put(window.queue, true);
        window.shed();
        await nextTurn();
      }
      this.flushing = false;
    }
    this.show();
  }

  get goes() {
    return this.follows && !this.paused && !this.mending && !document.hidden;
  }

  show() {
    const { window, light } = this;
    const behind = !window.atEnd && !this.goes;
    const paint = () => {
      light.waiting(window.unseen, behind);
      light.more("older", !window.atStart);
      light.more("newer", behind);
      light.empty(window.rows.length === 0);
    };
    if (this.follows) paint();
    else inPlace(window.list, paint);
  }

  // One page more at an end; how many rows came in. Rejects if it cannot be fetched.
  older() {
    return this.page("older");
  }

  newer() {
    return this.page("newer");
  }

  async page(end) {
    this.light.busy(end, true);
    try {
      return await this.window.page(end === "newer");
    } finally {
      this.light.busy(end, false);
      this.flush();
    }
  }

  // The same for the reader, who is told what goes wrong.
  async more(end) {
    try {
      return await this.page(end);
    } catch (error) {
      this.light.busy(end, false, `They could not be fetched. ${error.message}`);
      return 0;
    }
  }

  async jump() {
    const { window } = this;
    if (this.paused) this.pause(false);
    if (window.broken && !window.queue.length) {
      const { entries, done } = await window.pages.latest();
      window.restart(entries, done);
    }
    this.follows = true;
    this.parked = false;
    this.edge.go();
    await this.flush();
    this.edge.go();
  }

  pause(paused) {
    this.paused = paused;
    this.light.pause(paused);
    this.flush();
  }

  extent() {
    const { rows, fetched, atStart, atEnd } = this.window;
    return { rows: rows.length, fetched, atStart, atEnd };
  }
}

export function liveOf(root) {
  return lists.get(root);
}

for (const root of document.querySelectorAll("[data-live]")) lists.set(root, new Live(root));
