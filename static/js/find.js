// [data-find-field]: finds a text in the rows of the page, also in those that come later. [data-find-bar] has the rest: how
// many rows have it, the next and the previous one, only those, and a search among rows that are not in the page.
import { furtherOf } from "./find-further.js";
import { Walk } from "./find-walk.js";
import { matches, paint, patternOf } from "./paint.js";
import { inSlices } from "./slices.js";
import { thousands } from "./thousands.js";

const TYPING = 250;
const count = (number, noun) => `${thousands(number)} ${noun}${number === 1 ? "" : noun === "match" ? "es" : "s"}`;

class Find {
  constructor(field) {
    this.field = field;
    this.root = field.closest("section");
    this.list = this.root.querySelector("[data-live-rows]");
    this.bar = this.root.querySelector("[data-find-bar]");
    this.only = this.bar.querySelector("[data-find-only]");
    this.noun = this.bar.dataset.findBar;
    // A page that was loaded so lacks the rows without the text: another text is another page.
    this.narrowed = this.only.checked && field.value !== "";
    this.asked = field.value;
    this.found = this.list.getElementsByClassName("match");
    this.queue = [];
    this.walk = new Walk(this);
    this.listen();
    if (field.value) this.search();
  }

  listen() {
    this.field.addEventListener("input", () => this.type());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.only.addEventListener("change", () => this.limit());
    this.root.addEventListener("live:added", (event) => this.look(event.detail.rows));
    this.root.addEventListener("live:removed", () => this.show());
    this.root.addEventListener("toggle", () => this.show(), true);
    for (const name of ["scroll", "resize"]) addEventListener(name, () => this.show(), { passive: true });
  }

  type() {
    if (this.narrowed) return;
    this.tells = true;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.address(), TYPING);
    this.search();
  }

  key(event) {
    if (event.key === "Escape") {
      this.field.value = "";
      if (this.narrowed) this.field.form.requestSubmit();
      else this.type();
    }
    if (event.key !== "Enter" || (this.narrowed && this.field.value !== this.asked)) return;
    event.preventDefault();
    this.walk.step(event.shiftKey ? -1 : 1);
  }

  limit() {
    if (this.narrowed) this.field.form.requestSubmit();
    else this.address();
    this.show();
  }

  // The page's address says what is looked for, and so do the links on it.
  address() {
    const say = (query) => {
      for (const [name, value] of [["q", this.field.value], ["only", this.only.checked ? "1" : ""]]) {
        if (value) query.set(name, value);
        else query.delete(name);
      }
      return query;
    };
    const here = new URL(location.href);
    say(here.searchParams);
    history.replaceState(history.state, "", here);
    for (const link of this.root.querySelectorAll("a[href^='?']")) {
      link.setAttribute("href", `?${say(new URLSearchParams(link.search))}`);
    }
  }

  search() {
    this.pattern = patternOf(this.field.value);
    this.bar.hidden = !this.pattern;
    this.walk.leave();
    this.further ??= furtherOf(this);
    for (const one of this.further) one.reset();
    this.look(this.list.children);
  }

  async look(rows) {
    if (!this.pattern && !this.found.length) return this.show();
    for (const row of rows) this.queue.push(row);
    if (this.looking) return;
    this.looking = true;
    while (this.queue.length) {
      const next = this.queue;
      this.queue = [];
      await inSlices(next, (row) => this.mark(row));
    }
    this.looking = false;
    this.show();
  }

  mark(row) {
    row.classList.toggle("match", matches(row, this.pattern));
  }

  show() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.root.classList.toggle("only", this.only.checked && !this.narrowed && Boolean(this.pattern));
      this.say();
      this.walk.show();
      for (const one of this.further ?? []) one.show();
      paint(this.list, this.pattern);
    });
  }

  // Said aloud only after the reader did something, and not for each row that comes.
  say() {
    const words = this.words();
    const count = this.bar.querySelector("[data-find-count]");
    if (count.textContent !== words) count.textContent = words;
    if (!this.tells || this.looking) return;
    this.tells = false;
    this.bar.querySelector("[data-find-said]").textContent = words;
  }

  words() {
    const here = `the ${count(this.list.children.length, this.noun)} here`;
    if (!this.found.length) return `no matches in ${here}`;
    const place = this.walk.at ? `${thousands(this.walk.place + 1)} of ` : "";
    const all = `${place}${count(this.found.length, "match")}`;
    return this.narrowed ? `${all} here` : `${all} in ${here}`;
  }
}

for (const field of document.querySelectorAll("[data-find-field]")) new Find(field);
