// Finds a text in a waterfall's spans: names, ids, attributes and events, which the server has. n and N walk, as do Enter
// and Shift-Enter in the field.
import { thousands } from "./thousands.js";
import { partOf, say } from "./waterfall-address.js";

const TYPING = 200;

export class Find {
  constructor(waterfall) {
    this.of = waterfall;
    const part = waterfall.root.closest("#part");
    [this.form, this.bar] = ["find", "found"].map((name) => part.querySelector(`[data-span-${name}]`));
    this.field = this.form.querySelector("[name=q]");
    const { signal } = waterfall;
    this.field.addEventListener("input", () => this.type(), { signal });
    this.form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    this.field.addEventListener("keydown", (event) => this.key(event), { signal });
    this.bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-span-step]");
      if (button) this.step(Number(button.dataset.spanStep));
    }, { signal });
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.places && !event.target.closest("input, textarea, select")) this.step(event.key === "N" ? -1 : 1);
    }, { signal });
    this.search();
  }

  type() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => {
      say({ q: this.field.value });
      this.search();
    }, TYPING);
  }

  async key(event) {
    if (event.key === "Escape" && this.field.value) {
      this.field.value = "";
      this.type();
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    // What is typed is looked for first.
    if (this.field.value !== this.asked) {
      clearTimeout(this.typing);
      say({ q: this.field.value });
      await this.search();
    }
    this.step(event.shiftKey ? -1 : 1);
  }

  async search() {
    this.asked = this.field.value;
    this.bar.hidden = !this.asked;
    this.asking?.abort();
    this.asking = new AbortController();
    if (!this.asked) return this.take(null);
    try {
      const { signal } = this.asking;
      const answer = await fetch(partOf("found", { q: this.asked }), { headers: { "X-Was": "-" }, signal });
      const data = answer.ok ? await answer.json() : null;
      if (!data) return this.take(null, "could not be looked for");
      // There are other spans by now; the search comes again with them.
      if (data.version !== this.of.model.version) return this.of.load();
      this.take(data.places);
    } catch (error) {
      if (error.name !== "AbortError") this.take(null, "could not be looked for");
    }
  }

  take(places, words) {
    this.places = places;
    this.of.found = places && new Set(places);
    this.say(words);
    if (this.of.rows) this.of.drawn.draw();
  }

  say(words) {
    const { places } = this;
    const count = this.bar.querySelector("[data-span-count]");
    const here = places ? places.indexOf(this.of.at) : -1;
    const all = places && `${thousands(places.length)} match${places.length === 1 ? "" : "es"}`;
    count.textContent = words ?? (here < 0 ? (all ?? "") : `${thousands(here + 1)} of ${all}`);
    for (const button of this.bar.querySelectorAll("[data-span-step]")) button.disabled = !places?.length;
  }

  step(by) {
    const { places } = this;
    if (!places?.length) return;
    const after = places.findIndex((place) => (by > 0 ? place > this.of.at : place >= this.of.at));
    const next = by > 0 ? (after < 0 ? 0 : after) : (after < 0 ? places.length : after) - 1;
    this.of.go(places[(next + places.length) % places.length]);
    this.say();
  }
}
