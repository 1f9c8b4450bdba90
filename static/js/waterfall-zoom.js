// The part of its time that a waterfall shows: dragged on the whole in small or on the ruler, or by buttons. The page's
// address says it as `after` and `before`, as on every tab. Back leads to the part that was shown before; the selected span
// and the search stay what they are.
import { thousands } from "./thousands.js";
import { say } from "./waterfall-address.js";
import { FAILED, length } from "./waterfall-model.js";

const [LEAST, CLICK, TICKS] = [20, 4, 5];
// Steps that follow each other so soon, in milliseconds, are one zoom.
const TOGETHER = 1000;
const iso = (microseconds) => {
  const [whole, rest] = [Math.floor(microseconds / 1000), Math.floor(microseconds % 1000)];
  return new Date(whole).toISOString().replace("Z", `${String(rest).padStart(3, "0")}Z`);
};

export class Zoom {
  constructor(waterfall) {
    this.of = waterfall;
    const { root, signal } = waterfall;
    [this.map, this.ruler, this.count] = ["map", "ruler", "shown"].map((name) => root.querySelector(`[data-span-${name}]`));
    this.failed = root.closest("#part").querySelector("[data-span-failed]");
    this.legend = root.querySelector("[data-span-tail]");
    const { from, to } = root.dataset;
    // Microseconds from the trace's first; null for all of it.
    this.range = from ? { from: Number(from), to: Number(to) } : null;
    this.stepped = -Infinity;
    history.replaceState(this.state, "");
    addEventListener("popstate", ({ state }) => this.back(state), { signal });
    for (const place of [this.map, this.ruler]) {
      place.addEventListener("pointerdown", (event) => this.drag(place, event), { signal });
    }
    root.addEventListener("click", (event) => this.click(event.target.closest("[data-span-zoom]")?.dataset.spanZoom), { signal });
  }

  get whole() {
    return { from: 0, to: this.of.model.length };
  }

  click(kind) {
    const { model, selected } = this.of;
    if (kind === "in") this.by(0.5);
    if (kind === "out") this.by(2);
    if (kind === "reset") this.set(null);
    if (kind !== "span" || selected < 0) return;
    const margin = model.took[selected] * 0.05 + LEAST / 2;
    this.set({ from: model.begin[selected] - margin, to: model.begin[selected] + model.took[selected] + margin });
    this.of.go(selected);
  }

  by(factor) {
    const { from, to } = this.range ?? this.whole;
    const [middle, half] = [(from + to) / 2, ((to - from) * factor) / 2];
    const goesOn = performance.now() - this.stepped < TOGETHER;
    this.set({ from: middle - half, to: middle + half }, goesOn);
    this.stepped = performance.now();
  }

  // In the browser's history; microseconds since 1970, since earlier spans may come.
  get state() {
    const { range, of: { model: { first } } } = this;
    return { ...history.state, zoom: range && { from: first + range.from, to: first + range.to } };
  }

  back(state) {
    if (state?.zoom === undefined) return;
    const { first } = this.of.model;
    this.range = state.zoom && { from: state.zoom.from - first, to: state.zoom.to - first };
    this.stepped = -Infinity;
    const { selected, model, finder } = this.of;
    this.say({ span: selected < 0 ? "" : model.id[selected], q: finder.field.value });
  }

  // `goesOn`: it is the same zoom as the last one.
  set(range, goesOn = false) {
    this.stepped = -Infinity;
    const { to: end } = this.whole;
    const wide = range && Math.max(range.to - range.from, LEAST);
    const from = range && Math.floor(Math.min(Math.max(range.from, 0), Math.max(end - wide, 0)));
    this.range = range && wide < end ? { from, to: Math.ceil(Math.min(from + wide, end)) } : null;
    this.say({}, goesOn ? undefined : this.state);
    if (goesOn) history.replaceState(this.state, "");
  }

  // In the address, with what else it is to say, and in the rows.
  say(more, push) {
    const { first } = this.of.model;
    const said = this.range && { after: iso(first + this.range.from), before: iso(first + this.range.to) };
    say({ ...(said ?? { after: "", before: "" }), ...more }, push);
    this.of.arrange();
  }

  drag(place, down) {
    if (down.button !== 0) return;
    const box = place.getBoundingClientRect();
    const over = (place === this.ruler && this.range) || this.whole;
    const at = (event) => over.from + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * (over.to - over.from);
    const chosen = (event) => ({ from: Math.min(at(down), at(event)), to: Math.max(at(down), at(event)) });
    const ending = new AbortController();
    const { signal } = ending;
    place.setPointerCapture(down.pointerId);
    place.addEventListener("pointermove", (event) => this.frame(chosen(event)), { signal });
    place.addEventListener("pointercancel", () => { ending.abort(); this.frame(this.range); }, { signal });
    place.addEventListener("pointerup", (event) => {
      ending.abort();
      if (Math.abs(event.clientX - down.clientX) >= CLICK) return this.set(chosen(event));
      const half = this.range && (this.range.to - this.range.from) / 2;
      if (half) this.set({ from: at(event) - half, to: at(event) + half });
    }, { signal });
  }

  frame(range) {
    const { to: end } = this.whole;
    const frame = this.map.querySelector("[data-span-window]");
    frame.setAttribute("visibility", range ? "visible" : "hidden");
    if (!range) return;
    frame.setAttribute("x", ((range.from * 1000) / end).toFixed(1));
    frame.setAttribute("width", Math.max(((range.to - range.from) * 1000) / end, 2).toFixed(1));
  }

  draw() {
    const { model, root } = this.of;
    const { from, to } = this.range ?? this.whole;
    this.frame(this.range);
    for (const [number, tick] of [...this.ruler.querySelectorAll("span")].entries()) {
      tick.textContent = length(Math.round(from + ((to - from) * number) / TICKS));
    }
    root.querySelector("[data-span-zoom=reset]").disabled = !this.range;
    let [inside, failed] = [0, 0];
    for (let place = 0; place < model.count; place++) {
      if (!model.isIn(place, this.range)) continue;
      inside++;
      if (model.has(place, FAILED)) failed++;
    }
    this.count.textContent = this.range ? `${thousands(inside)} in this time` : "";
    this.failed.hidden = !failed;
    this.failed.textContent = `Next of ${thousands(failed)} failed`;
    this.mark(from, to);
  }

  // Where the run ended, if spans go on after that.
  mark(from, to) {
    const { ended } = this.of.model;
    const isThere = typeof ended === "number";
    const lines = this.of.root.querySelectorAll("[data-span-ended]");
    for (const [line, start, end] of [[lines[0], 0, this.whole.to], [lines[1], from, to]]) {
      line.setAttribute("visibility", isThere && ended >= start && ended <= end ? "visible" : "hidden");
      const x = ((Math.max(ended ?? 0, start) - start) * 1000) / Math.max(end - start, 1);
      for (const name of ["x1", "x2"]) line.setAttribute(name, Math.min(x, 1000).toFixed(1));
    }
    this.legend.hidden = !isThere;
    this.legend.querySelector("b").textContent = isThere ? length(ended) : "";
  }
}
