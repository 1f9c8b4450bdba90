// Rows that could not be replayed are fetched, and come in before those after them.
import { nextTurn } from "./turns.js";

// Pages that a gap may be wide; beyond that the newest rows are shown, and the others as the reader goes back.
const MOST_PAGES = 20;
// Rows may come into the API's pages later than into its streams.
const MOST_WAITS = 5;
const WAIT = 500;

export class Gap {
  // `newer` fetches a page more at the newer end.
  constructor(window, light, newer) {
    Object.assign(this, { window, light, newer, open: false, mending: false });
  }

  // Who reads elsewhere gets those rows on the way to the newest; who follows, by `mend`.
  begin() {
    const { window } = this;
    if (!window.broken) this.say("waiting");
    window.drop(window.queue.take(window.queue.length));
    window.broken = true;
  }

  say(name) {
    this.open = name === "waiting";
    this.light.gap(name);
  }

  // Whether the reader has got them meanwhile.
  look() {
    if (this.open && !this.window.broken) this.say("mended");
  }

  // The page begins anew, after the gap.
  leave() {
    if (this.open) this.say("");
  }

  async mend() {
    this.mending = true;
    this.say("mending");
    const { window } = this;
    // The rows after the gap come at once, if there are any: they say where it ends.
    for (let turn = 0; turn < 60 && !window.queue.length; turn += 1) await nextTurn();
    try {
      await this.fetch();
    } catch {
      // Said below.
    }
    this.mending = false;
    this.say(window.broken ? "failed" : "mended");
  }

  async fetch() {
    for (let [pages, waits] = [0, 0]; pages < MOST_PAGES && waits < MOST_WAITS && this.window.broken; pages += 1) {
      if ((await this.newer()) || !this.window.broken) continue;
      waits += 1;
      await new Promise((resolve) => setTimeout(resolve, WAIT * waits));
    }
  }
}
