// The span that is selected in a waterfall: its pane, and its place in the page's address.
import { partOf, say } from "./waterfall-address.js";

const RESTING = 150;

export class Pane {
  constructor(waterfall) {
    this.of = waterfall;
    const { pane, root } = waterfall;
    pane.addEventListener("click", (event) => this.click(event), { signal: waterfall.signal });
    pane.addEventListener("htmx:afterSwap", ({ target }) => { if (target === pane) this.mark(); }, { signal: waterfall.signal });
    this.root = root;
  }

  get isOpen() {
    return !this.of.pane.hidden;
  }

  click(event) {
    if (event.target.closest("[data-span-close]")) this.close();
    const link = event.target.closest("[data-go-span]");
    const place = link ? this.of.model.id.indexOf(link.dataset.goSpan) : -1;
    if (place < 0 || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.of.go(place);
  }

  open(place) {
    const before = this.of.selected;
    this.of.selected = place;
    this.of.pane.hidden = false;
    this.root.classList.add("with-span");
    this.of.drawn.draw();
    this.of.drawn.reveal(place);
    if (place === before && this.of.pane.childElementCount) return;
    say({ span: this.of.model.id[place] });
    this.load(place);
  }

  // An open pane shows the span that the reader has come to, once they rest there.
  follow() {
    const { at, selected } = this.of;
    if (!this.isOpen || at === selected) return;
    this.of.selected = at;
    this.of.drawn.draw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      say({ span: this.of.model.id[at] });
      this.load(at);
    }, RESTING);
  }

  load(place) {
    clearTimeout(this.waiting);
    const { pane, model } = this.of;
    const address = location.pathname + partOf("span", { span: model.id[place] });
    pane.scrollTop = 0;
    htmx.ajax("GET", address, { source: pane, target: pane, swap: "innerHTML", headers: { "X-Was": "-" } });
  }

  // What the history says has not ended is not over here either.
  mark() {
    const going = this.of.model.going.get(this.of.selected);
    const took = this.of.pane.querySelector("[data-span-took]");
    if (!took) return;
    // It has ended since that was told.
    if (!going && "told" in took.dataset) this.load(this.of.selected);
    if (!going) return;
    took.dataset.told = "";
    const words = Object.assign(document.createElement("b"), { className: "running-text", textContent: going.words });
    words.classList.toggle("stuck-text", going.failing);
    took.replaceChildren(words);
    this.of.pane.querySelector("[data-span-until]")?.remove();
  }

  close() {
    if (!this.isOpen) return;
    clearTimeout(this.waiting);
    const inside = this.of.pane.contains(document.activeElement);
    this.of.pane.hidden = true;
    this.of.pane.replaceChildren();
    this.of.selected = -1;
    this.root.classList.remove("with-span");
    say({ span: "" });
    this.of.drawn.draw();
    if (inside) this.of.drawn.tree.focus({ preventScroll: true });
  }
}
