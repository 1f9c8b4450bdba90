// [data-live]: a list of rows that grows as a stream brings more. The page's own rows are there first; the stream brings
// some of them again, and those are dropped.
import { Stream } from "./stream.js";
import { reveal } from "./selected.js";
import { localise } from "./times.js";

const MOST_ROWS = 3000;
const EDGE = 80;
const WORDS = { connecting: "connecting", live: "live", reconnecting: "reconnecting", ended: "ended", failed: "stopped" };

class Live {
  constructor(root) {
    this.root = root;
    this.rows = this.part("rows");
    this.newestFirst = root.dataset.liveOrder === "desc";
    this.tones = (this.rows.dataset.liveTones ?? "").split(" ").filter(Boolean);
    this.text = (this.rows.dataset.liveText ?? "").toLowerCase();
    this.waiting = [];
    this.paused = false;
    this.name = "connecting";
    // How often each may come again; equals are told apart by what follows "~".
    this.known = new Map();
    for (const row of this.rows.children) this.remember(row.dataset.row.split("~")[0], 1);
    this.part("pause").addEventListener("click", () => this.pause(!this.paused));
    this.part("new").addEventListener("click", () => this.jump());
    addEventListener("scroll", () => this.show(), { passive: true });
    new Stream(root.dataset.live, root.dataset.liveQuery, {
      state: (name, detail) => this.state(name, detail),
      gap: () => { this.part("gap").hidden = false; },
      items: (items) => this.take(items),
    });
  }

  part(name) {
    return this.root.querySelector(`[data-live-${name}]`);
  }

  remember(key, change) {
    this.known.set(key, (this.known.get(key) ?? 0) + change);
  }

  state(name, detail) {
    this.name = name;
    this.part("pause").hidden = name === "ended" || name === "failed";
    this.part("state").title = detail;
    this.light();
  }

  light() {
    const light = this.part("state");
    light.dataset.state = this.name;
    light.textContent = this.paused && this.name === "live" ? "paused" : WORDS[this.name] ?? this.name;
  }

  take(items) {
    const template = document.createElement("template");
    template.innerHTML = items.map((item) => item.html).join("");
    for (const row of [...template.content.children]) if (this.wanted(row)) this.waiting.push(row);
    if (this.waiting.length > MOST_ROWS) {
      this.waiting = this.waiting.slice(-MOST_ROWS);
      this.part("trimmed").hidden = false;
    }
    this.show();
  }

  wanted(row) {
    const key = row.dataset.row.split("~")[0];
    if (this.known.get(key)) {
      this.remember(key, -1);
      return false;
    }
    if (this.tones.length && !this.tones.includes(row.dataset.tone)) return false;
    // The same parts that the server searches.
    const words = [...row.querySelectorAll("[data-find]")].map((part) => part.textContent).join(" ");
    return words.toLowerCase().includes(this.text);
  }

  // Whether the end at which rows come in is in sight.
  get atEdge() {
    if (this.newestFirst) return scrollY < EDGE;
    return innerHeight + scrollY > document.documentElement.scrollHeight - EDGE;
  }

  show(force = false) {
    if (this.waiting.length && (force || (!this.paused && this.atEdge))) {
      const follow = !this.newestFirst && scrollY > 0;
      const rows = document.createDocumentFragment();
      rows.append(...(this.newestFirst ? this.waiting.reverse() : this.waiting));
      localise(rows);
      if (this.newestFirst) this.rows.prepend(rows);
      else this.rows.append(rows);
      this.waiting = [];
      this.trim();
      this.part("empty")?.remove();
      const selected = this.selected();
      if (selected) reveal(selected);
      else if (follow) scrollTo({ top: document.documentElement.scrollHeight });
    }
    const button = this.part("new");
    button.hidden = this.waiting.length === 0;
    button.textContent = `${this.waiting.length} new ${button.dataset.liveNew}${this.waiting.length === 1 ? "" : "s"}`;
  }

  // The row that the address names, if it came only now.
  selected() {
    const wanted = this.root.dataset.liveSelected;
    if (!wanted || this.root.querySelector(".row.selected")) return null;
    return [...this.rows.children].find((row) => row.dataset.row === wanted) ?? null;
  }

  trim() {
    const over = this.rows.children.length - MOST_ROWS;
    for (let number = 0; number < over; number += 1) {
      (this.newestFirst ? this.rows.lastElementChild : this.rows.firstElementChild).remove();
    }
    if (over > 0) this.part("trimmed").hidden = false;
  }

  jump() {
    this.pause(false);
    this.show(true);
    scrollTo({ top: this.newestFirst ? 0 : document.documentElement.scrollHeight });
  }

  pause(paused) {
    this.paused = paused;
    const button = this.part("pause");
    button.setAttribute("aria-pressed", paused);
    button.textContent = paused ? "Resume" : "Pause";
    this.light();
    this.show();
  }
}

for (const root of document.querySelectorAll("[data-live]")) new Live(root);
