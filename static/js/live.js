// [data-live]: a list of rows that grows as a stream brings more, and can be read in both directions. Here is what holds its
// parts together: the rows (live-window.js), where the reader is (live-reading.js), what it says (live-light.js).
import { inPlace } from "./live-list.js";
import { Light } from "./live-light.js";
import { Gap } from "./live-mend.js";
import { Reading } from "./live-reading.js";
import { goOn } from "./live-runs.js";
import { Window } from "./live-window.js";
import { reveal } from "./selected.js";
import { Stream } from "./stream.js";
import { nextTurn } from "./turns.js";

const lists = new WeakMap();

class Live {
  constructor(root) {
    const { live, liveQuery, liveRest } = root.dataset;
    this.root = root;
    this.window = new Window(root, this);
    this.light = new Light(root, {
      pause: () => this.pause(!this.reading.paused),
      new: () => this.jump(),
      again: () => this.stream.open(),
      older: () => this.more("older"),
      newer: () => this.more("newer"),
    });
    const { window, light } = this;
    this.gap = new Gap(window, light, () => this.newer());
    this.reading = new Reading({ window, light, more: (end) => this.more(end), change: () => this.flush() });
    this.stream = new Stream(live, liveQuery, {
      state: (name, detail) => this.state(name, detail),
      gap: () => this.tear(),
      items: (items) => this.take(items),
    });
    if (!liveRest) this.stream.open();
    document.addEventListener("visibilitychange", () => this.flush());
    document.addEventListener("execution:status", ({ detail }) => this.status(detail));
    this.show();
  }

  send(name, detail) {
    this.root.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));
  }

  state(name, detail) {
    this.light.say(name, detail);
    this.show();
    this.send("state", { name, detail });
  }

  // An execution that was over goes on: reset, continued as new, or its end was not the last word.
  status({ over, run }) {
    const { liveRest, liveRun } = this.root.dataset;
    if (liveRest === "range") return;
    if (liveRun && run && run !== liveRun) {
      this.root.dataset.liveRun = "";
      this.light.run();
      goOn(this.stream, this.window);
    } else if (!over && this.light.name === "ended") this.stream.open();
  }

  take(items) {
    this.send("items", items);
    this.window.take(items);
    this.flush();
  }

  // Rows could not be replayed.
  tear() {
    this.gap.begin();
    this.send("gap");
    this.flush();
  }

  get follows() {
    return this.reading.follows;
  }

  park(end) {
    this.reading.park(end);
  }

  // A change of the list under a reader who follows.
  keepUp(change) {
    if (!this.reading.noticed()) return inPlace(this.window.list, change);
    change();
    const wanted = this.root.dataset.liveSelected;
    const selected = wanted && !this.root.querySelector(".row.selected") && this.window.rows.named(wanted);
    if (selected) {
      this.reading.follows = false;
      reveal(selected);
    } else if (!this.window.rows.newestFirst) this.reading.edge.go();
  }

  // Bring in what waits, while the reader follows.
  async flush() {
    const { window } = this;
    if (!this.flushing) {
      this.flushing = true;
      if (this.gap.open && this.goes) await this.gap.mend();
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
    return this.reading.goes && !this.gap.mending;
  }

  show() {
    const { window, light } = this;
    this.gap.look();
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
    return (await this.told(end, () => this.page(end))) ?? 0;
  }

  async told(end, fetch) {
    try {
      return (await fetch()) ?? true;
    } catch (error) {
      this.light.busy(end, false, `They could not be fetched. ${error.message}`);
      return null;
    }
  }

  async jump() {
    const { window, reading, light } = this;
    const button = light.part("new");
    const focused = document.activeElement === button;
    this.gap.leave();
    if (reading.paused) this.pause(false);
    if (window.broken && !window.queue.length && !(await this.told("newer", () => window.latest()))) return;
    reading.follow();
    await this.flush();
    reading.edge.go();
    // The button that was pressed is not there any more.
    if (focused && button.hidden) window.rows.newest?.row.querySelector("summary").focus({ preventScroll: true });
  }

  pause(paused) {
    this.light.pause(paused);
    this.reading.pause(paused);
  }

  extent() {
    const { rows, count, atStart, atEnd } = this.window;
    return { rows: rows.length, fetched: count.all, atStart, atEnd };
  }
}

export function liveOf(root) {
  return lists.get(root);
}

for (const root of document.querySelectorAll("[data-live]")) lists.set(root, new Live(root));
