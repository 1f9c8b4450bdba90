// From one row that has the text to the next: [data-find-step] is 1 or -1; n and N anywhere on the page.
import { firstRange } from "./paint.js";

export class Walk {
  constructor(find) {
    this.find = find;
    this.at = this.opened = null;
    this.buttons = [...find.bar.querySelectorAll("[data-find-step]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.step(Number(button.dataset.findStep)));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.key.toLowerCase() !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.find.pattern || event.target.closest("input, textarea, select, [contenteditable]")) return;
    this.step(event.key === "N" ? -1 : 1);
    this.at?.querySelector("summary").focus({ preventScroll: true });
  }

  get place() {
    return [...this.find.found].indexOf(this.at);
  }

  step(by) {
    const rows = [...this.find.found];
    this.find.tells = true;
    if (!rows.length) return this.find.show();
    const place = this.at ? rows.indexOf(this.at) + by : this.nearest(rows, by);
    this.go(rows[(place + rows.length) % rows.length]);
  }

  // The first one that can be seen, or the next one after that.
  nearest(rows, by) {
    const head = document.querySelector(".execution-head")?.getBoundingClientRect().bottom ?? 0;
    if (by > 0) return Math.max(rows.findIndex((row) => row.getBoundingClientRect().top >= head), 0);
    return rows.findLastIndex((row) => row.getBoundingClientRect().top < innerHeight);
  }

  go(row) {
    this.leave();
    this.at = row;
    row.classList.add("at");
    const details = row.querySelector("details");
    if (!details.open && this.hides(row)) {
      details.open = true;
      this.opened = details;
    }
    row.scrollIntoView({ block: "center" });
    this.find.show();
  }

  // Whether the closed row does not show what was found in it.
  hides(row) {
    const range = firstRange(row.querySelectorAll("summary [data-find]"), this.find.pattern);
    if (!range) return true;
    const place = range.getBoundingClientRect();
    const shown = range.startContainer.parentElement.getBoundingClientRect();
    return place.right > shown.right || place.bottom > shown.bottom;
  }

  leave() {
    this.at?.classList.remove("at");
    if (this.opened) this.opened.open = false;
    this.at = this.opened = null;
  }

  show() {
    if (this.at && !this.at.classList.contains("match")) this.leave();
    if (this.at && !this.at.isConnected) this.leave();
    for (const button of this.buttons) button.disabled = !this.find.found.length;
  }
}
