// Where the reader of a live list is: at the newest rows, which they follow, or elsewhere, where nothing moves by itself.
import { Edge, onReading, whenNear } from "./live-ends.js";
import { PAGE } from "./live-pages.js";

export class Reading {
  // `more(end)` fetches a page more; `change` is called when what comes in by itself has changed.
  constructor({ window, light, more, change }) {
    this.window = window;
    this.edge = new Edge(window.rows.newestFirst);
    this.follows = !window.broken && !window.list.querySelector(".row.selected") && this.edge.here;
    this.paused = false;
    // The end at which rows went to make room for those at the other.
    this.parked = "";
    this.change = change;
    addEventListener("scroll", () => this.scrolled(), { passive: true });
    // A row that is opened may push the newest away.
    window.list.addEventListener("toggle", () => this.scrolled(!this.edge.here), true);
    onReading(() => this.unpark());
    this.near = ["older", "newer"].map((end) => whenNear(light.edge(end), () => this.comesIn(end) && more(end)));
  }

  // Whether rows come in at the newer end.
  get goes() {
    return this.follows && !this.paused && !document.hidden;
  }

  // Whether more is fetched at an end that is nearly in sight. Few rows that wait come in when it is reached.
  comesIn(end) {
    const { window } = this;
    if (end === "newer" && (this.paused || (!window.broken && window.queue.length <= PAGE))) return false;
    return this.parked !== end;
  }

  // What went does not come back before the reader moves, or both ends would take it in turns.
  park(end) {
    this.parked = end;
    if (end === "newer") this.follows = false;
  }

  unpark() {
    if (!this.parked) return;
    this.parked = "";
    this.look();
  }

  look() {
    for (const look of this.near) look();
  }

  pause(paused) {
    this.paused = paused;
    this.change();
    this.look();
  }

  scrolled(left = false) {
    const { follows, window } = this;
    left = this.edge.left() || left;
    if (this.parked === "newer") return;
    this.follows = !left && this.edge.here && (follows || (!window.broken && window.queue.length <= PAGE));
    if (this.follows !== follows) this.change();
  }

  // Before the list changes: the browser tells of the reader's last movement only with the next frame.
  noticed() {
    if (this.follows && this.edge.left()) this.follows = false;
    return this.follows;
  }

  follow() {
    this.follows = true;
    this.parked = "";
    this.edge.go();
  }
}
