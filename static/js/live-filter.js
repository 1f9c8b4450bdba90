// Which rows the page's filters want: by tone and by text, as the server has it for its pages.
import { partOf, unescaped } from "./live-queue.js";
import { rowOf } from "./rows.js";

export class Filter {
  constructor(list) {
    this.tones = (list.dataset.liveTones ?? "").split(" ").filter(Boolean);
    this.text = (list.dataset.liveText ?? "").toLowerCase();
  }

  wants(html) {
    if (this.tones.length && !this.tones.includes(partOf(html, "tone"))) return false;
    if (!this.text) return true;
    // Most rows have it nowhere; only others are worth a look at where.
    if (!unescaped(html.replace(/<[^>]*>/g, " ")).toLowerCase().includes(this.text)) return false;
    const parts = [...rowOf(html).querySelectorAll("[data-find]")];
    return parts.map((part) => part.textContent).join(" ").toLowerCase().includes(this.text);
  }
}
