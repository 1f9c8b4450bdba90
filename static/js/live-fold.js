// Updates of tasks that follow one another: in a folded list the last of them stands for all, and the others are not kept.
// (The tasks themselves are put together from what the stream brings.)
import { partOf } from "./live-queue.js";

export class Fold {
  constructor(list, rows) {
    this.isOn = list.classList.contains("folded");
    this.rows = rows;
  }

  // The entries in the stream's order without those that the next one stands for.
  entries(entries) {
    if (!this.isOn) return entries;
    return entries.filter((entry, number) => !isUpdate(entry) || !isUpdate(entries[number + 1]));
  }

  // What waits is stood for by the first of these.
  waiting(queue, [next]) {
    const last = queue.entries.at(-1);
    if (this.isOn && isUpdate(last) && isUpdate(next) && !last.row) queue.pop();
  }

  // Of entries that come in at the older end, the last may be stood for by the oldest row in the page.
  older(entries) {
    if (this.isOn && isUpdate(entries.at(-1)) && isUpdate(this.rows.oldest)) entries.pop();
    return entries;
  }

  // The newest row in the page, if the first of these stands for it; it goes.
  newest([next]) {
    const { newest } = this.rows;
    return this.isOn && isUpdate(newest) && isUpdate(next) ? this.drop(newest) : [];
  }

  // Of the rows in the page, those that are stood for; they go.
  all() {
    if (!this.isOn) return [];
    const entries = [...this.rows.entries.values()];
    if (this.rows.newestFirst) entries.reverse();
    return entries.flatMap((entry, number) => (isUpdate(entry) && isUpdate(entries[number + 1]) ? this.drop(entry) : []));
  }

  // One that somebody looks at stays.
  drop(entry) {
    if (entry.row.matches(".selected, :focus-within, :has(> details[open])")) return [];
    this.rows.forget(entry);
    entry.row.remove();
    return [entry];
  }
}

function isUpdate(entry) {
  return (entry?.row ? entry.row.dataset.step : entry && partOf(entry.html, "step")) === "in_progress";
}
