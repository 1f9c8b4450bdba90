// Which rows the page's filters want: by tone, by time and by text, as the server has it for its pages.
import { partOf, unescaped } from "./live-queue.js";
import { rowOf } from "./rows.js";

// Microseconds since 1970: the server's times are finer than a browser's.
function micros(time) {
  const finer = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? "";
  return Date.parse(time) * 1000 + Number(finer.padEnd(3, "0"));
}

// Without regard to case, as the server compares: `Straße` and `STRASSE` are the same.
const folded = (text) => text.toLowerCase().toUpperCase().toLowerCase();

export class Filter {
  constructor(list) {
    this.tones = (list.dataset.liveTones ?? "").split(" ").filter(Boolean);
    const { liveAfter, liveBefore } = list.dataset;
    this.timed = Boolean(liveAfter || liveBefore);
    [this.after, this.before] = [liveAfter ? micros(liveAfter) : -Infinity, liveBefore ? micros(liveBefore) : Infinity];
    this.text = folded(list.dataset.liveText ?? "");
  }

  wants(html) {
    if (this.tones.length && !this.tones.includes(partOf(html, "tone"))) return false;
    if (this.timed && !this.isInTime(html)) return false;
    if (!this.text) return true;
    // Most rows have it nowhere; only others are worth a look at where.
    if (!folded(unescaped(html.replace(/<[^>]*>/g, " "))).includes(this.text)) return false;
    const parts = [...rowOf(html).querySelectorAll("[data-find]")];
    return folded(parts.map((part) => part.textContent).join(" ")).includes(this.text);
  }

  // What has no time is in none.
  isInTime(html) {
    const moment = micros(/<time datetime="([^"]*)"/.exec(html)?.[1] ?? "");
    return moment >= this.after && moment <= this.before;
  }
}
