// One waterfall: its spans, which of them are open, where the reader is, and what time is shown.
import { partOf } from "./waterfall-address.js";
import { Find } from "./waterfall-find.js";
import { Going } from "./waterfall-going.js";
import { listen } from "./waterfall-keys.js";
import { Model } from "./waterfall-model.js";
import { Pane } from "./waterfall-pane.js";
import { Rows } from "./waterfall-rows.js";
import { Zoom } from "./waterfall-zoom.js";

export class Waterfall {
  constructor(root) {
    this.root = root;
    this.leaving = new AbortController();
    this.signal = this.leaving.signal;
    this.head = root.querySelector(".span-head");
    this.pane = root.querySelector("#span-pane");
    this.problem = root.querySelector("[data-span-problem]");
    this.closed = new Set();
    this.at = this.selected = -1;
    root.querySelector("[data-span-again]").addEventListener("click", () => this.load());
    this.load();
  }

  async load() {
    const [at, selected] = [this.at, this.selected].map((place) => this.model?.id[place]);
    try {
      const answer = await fetch(partOf("spans"), { headers: { "X-Was": "-" }, signal: this.signal });
      const data = answer.ok ? await answer.json() : null;
      this.problem.hidden = data !== null;
      if (data) this.take(new Model(data), at, selected);
    } catch (error) {
      if (error.name !== "AbortError") this.problem.hidden = false;
    }
  }

  take(model, at, selected) {
    const fresh = !this.model;
    this.model = model;
    const placeOf = (id) => (id === undefined ? -1 : model.id.indexOf(id));
    [this.at, this.selected] = [placeOf(at), placeOf(selected)];
    if (!fresh) {
      this.finder.search();
      this.going.ask();
      return this.arrange();
    }
    this.drawn = new Rows(this);
    this.zoom = new Zoom(this);
    this.details = new Pane(this);
    this.finder = new Find(this);
    this.going = new Going(this);
    listen(this);
    this.selected = this.at = placeOf(new URLSearchParams(location.search).get("span") ?? undefined);
    this.arrange();
    // A link may show another time than the span's.
    if (this.at >= 0 && model.isIn(this.at, this.zoom.range)) this.go(this.at);
    this.root.dataset.ready = "";
    this.going.ask();
  }

  // Anew, which spans have a row.
  arrange() {
    this.zoom.draw();
    this.shown = this.zoom.range ?? { from: 0, to: this.model.length };
    this.rows = this.model.rows(this.closed, this.zoom.range);
    this.drawn.draw();
  }

  fold(place, closed) {
    if (!this.model.isParent(place)) return;
    if (closed) this.closed.add(this.model.id[place]);
    else this.closed.delete(this.model.id[place]);
    this.arrange();
  }

  foldAll(closed) {
    this.closed.clear();
    // What stands at the top stays open: closed it would say nothing.
    for (let place = 0; closed && place < this.model.count; place++) {
      if (this.model.isParent(place) && this.model.parent[place] >= 0) this.closed.add(this.model.id[place]);
    }
    if (closed && this.at >= 0) for (const above of this.model.parents(this.at)) if (this.model.depth[above] === 1) this.at = above;
    this.arrange();
    if (this.at >= 0) this.drawn.reveal(this.at);
  }

  // To a span: its parents are opened, its time is shown.
  go(place) {
    this.at = place;
    for (const above of this.model.parents(place)) this.closed.delete(this.model.id[above]);
    if (!this.model.isIn(place, this.zoom.range)) this.zoom.set(null);
    this.arrange();
    this.drawn.reveal(place);
    this.details.follow();
  }
}
