// The span that is selected in a waterfall: its pane, and its place in the page's address.
import { partOf, say } from "./waterfall-address.js";
import { RUNNING, length } from "./waterfall-model.js";

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

  // What the history says has not ended is not over here either, and what it says failed is not well.
  mark() {
    const { model, selected } = this.of;
    const going = model.going.get(selected);
    const [took, own, critical] = ["took", "own", "critical"].map((name) => this.of.pane.querySelector(`[data-span-${name}]`));
    if (!took) return;
    const isTold = Boolean(going) || model.critical.has(selected);
    // It has ended since that was told.
    if (!isTold && "told" in took.dataset) this.load(selected);
    if (!isTold) return;
    took.dataset.told = "";
    const isKnown = going?.known !== false;
    own.textContent = isKnown ? length(model.own[selected]) : "not known";
    if (model.critical.has(selected)) this.path(critical, isKnown ? model.critical.get(selected) : -1);
    const isOther = model.before.get(selected)[0] !== model.took[selected];
    if (isOther) this.of.pane.querySelector("[data-span-until]")?.remove();
    if (!going) {
      if (isOther && !model.has(selected, RUNNING)) took.textContent = length(model.took[selected]);
      return;
    }
    const words = Object.assign(document.createElement("b"), { textContent: going.words });
    words.className = going.over ? "bad-text" : going.failing ? "stuck-text" : "running-text";
    took.replaceChildren(...(going.over ? [`${length(model.took[selected])} `] : []), words);
  }

  // How much of the critical path is its own, in the words that the server has for it.
  path(place, microseconds) {
    place.closest("div").hidden = microseconds < 0;
    place.querySelector("[data-span-path]").hidden = microseconds === 0;
    place.querySelector("[data-span-path] > b").textContent = length(Math.max(microseconds, 0));
    place.querySelector("[data-span-no-path]").hidden = microseconds !== 0;
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
