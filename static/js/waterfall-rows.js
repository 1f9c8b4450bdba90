// The rows of a waterfall that can be seen, and some around them: the page never holds more, however long the trace is.
import { indexOf } from "./waterfall-model.js";
import { fill } from "./waterfall-row.js";

const [AROUND, STEP, INDENT] = [10, 12, 168];

export class Rows {
  constructor(waterfall) {
    this.of = waterfall;
    const { root } = waterfall;
    this.tree = root.querySelector("[data-span-tree]");
    [this.above, this.window, this.below] = ["above", "rows", "below"].map((one) => root.querySelector(`[data-span-${one}]`));
    this.mould = this.window.firstElementChild.cloneNode(true);
    this.height = this.window.firstElementChild.getBoundingClientRect().height || 28;
    this.pool = [...this.window.children];
    this.from = 0;
    for (const name of ["scroll", "resize"]) {
      addEventListener(name, () => this.soon(), { passive: true, signal: waterfall.signal });
    }
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const { rows } = this.of;
    const top = -this.tree.getBoundingClientRect().top;
    const [first, end] = [Math.floor(top / this.height), Math.ceil((top + innerHeight) / this.height)];
    const from = Math.min(Math.max(first - AROUND, 0), rows.length);
    const to = Math.min(Math.max(end + AROUND, from), rows.length);
    this.indent(rows.subarray(Math.max(first, from), Math.min(Math.max(end, from), to)));
    this.turn(from - this.from);
    this.from = from;
    while (this.pool.length < to - from) this.pool.push(this.window.appendChild(this.mould.cloneNode(true)));
    while (this.pool.length > to - from) this.pool.pop().remove();
    for (const [number, row] of this.pool.entries()) fill(row, rows[from + number], this.of, this);
    this.above.style.height = `${from * this.height}px`;
    this.below.style.height = `${(rows.length - to) * this.height}px`;
    // What is out of sight has no row that it could name.
    const here = this.pool.find((row) => row.dataset.place === String(this.of.at));
    if (here) this.tree.setAttribute("aria-activedescendant", here.id);
    else this.tree.removeAttribute("aria-activedescendant");
  }

  // Scrolled by some rows, those that stay in the page stay as they are.
  turn(by) {
    if (!by || Math.abs(by) >= this.pool.length) return;
    const moved = by > 0 ? this.pool.splice(0, by) : this.pool.splice(by);
    this.window[by > 0 ? "append" : "prepend"](...moved);
    if (by > 0) this.pool.push(...moved);
    else this.pool.unshift(...moved);
  }

  // In a deep trace rows are moved in from the least deep one in sight.
  indent(seen) {
    [this.base, this.step] = [0, STEP];
    if (this.of.model.levels * STEP <= INDENT || !seen.length) return;
    let [least, most] = [Infinity, 0];
    for (const place of seen) {
      const depth = this.of.model.depth[place];
      [least, most] = [Math.min(least, depth), Math.max(most, depth)];
    }
    [this.base, this.step] = [least, Math.min(INDENT / Math.max(most - least, 1), STEP)];
  }

  // The place in sight; in the middle, if it was not.
  reveal(place) {
    const { rows, pane } = this.of;
    const y = this.tree.getBoundingClientRect().top + indexOf(rows, place) * this.height;
    // On a phone the head goes away, and the pane lies over the foot.
    const is = (place, position) => getComputedStyle(place).position === position;
    const head = is(this.of.head, "sticky") ? this.of.head.getBoundingClientRect().bottom : 0;
    const foot = is(pane, "fixed") && !pane.hidden ? pane.getBoundingClientRect().top : innerHeight;
    const far = y < head - 4 * this.height || y > foot + 4 * this.height;
    if (y < head) scrollBy({ top: far ? y - (head + foot) / 2 : y - head, behavior: "instant" });
    else if (y + this.height > foot) scrollBy({ top: far ? y - (head + foot) / 2 : y + this.height - foot, behavior: "instant" });
    this.draw();
  }
}
