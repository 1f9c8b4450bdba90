// [data-find-further]: looks on among rows that are not in the page yet, page by page, until there is a match.
import { liveOf } from "./live.js";
import { thousands } from "./thousands.js";
import { shown } from "./times.js";

const MOST_PAGES = 20;

class Further {
  constructor(find, button) {
    this.find = find;
    this.button = button;
    this.older = button.dataset.findFurther === "older";
    this.label = button.textContent;
    this.far = find.bar.querySelector("[data-find-far]");
    this.looked = 0;
    // Older rows are at the end of a list that begins with the newest.
    this.atEnd = this.older === (find.root.dataset.liveOrder === "desc");
    button.addEventListener("click", () => (this.running ? this.stop() : this.run()));
    this.show();
  }

  get live() {
    return liveOf(this.find.root);
  }

  get edge() {
    return this.atEnd ? this.find.list.lastElementChild : this.find.list.firstElementChild;
  }

  // There are more rows at this end.
  get more() {
    const extent = this.live?.extent();
    return Boolean(extent) && !(this.older ? extent.atStart : extent.atEnd);
  }

  stop() {
    this.running = false;
    this.show();
  }

  // For another text.
  reset() {
    this.looked = 0;
    this.far.textContent = "";
    this.stop();
  }

  async run() {
    this.running = true;
    this.show();
    for (let page = 0; page < MOST_PAGES && this.running && this.more; page += 1) {
      const match = await this.page();
      if (match) {
        this.find.walk.go(match);
        break;
      }
    }
    this.stop();
  }

  // One page more; the first match in it, from where the search came.
  async page() {
    const { edge } = this;
    try {
      const count = await (this.older ? this.live.older() : this.live.newer());
      // None for now, or so many pages without one: not by itself again.
      if (!count) this.running = false;
    } catch (error) {
      this.far.textContent = `They could not be fetched. ${error.message}`;
      return this.stop();
    }
    const side = this.atEnd ? "nextElementSibling" : "previousElementSibling";
    let match = null;
    for (let row = edge?.isConnected ? edge[side] : null; row; row = row[side]) {
      this.looked += 1;
      this.find.mark(row);
      if (!match && row.classList.contains("match")) match = row;
    }
    this.say();
    return match;
  }

  say() {
    const time = this.edge?.querySelector("time");
    const moment = time ? shown(new Date(time.dateTime), "full") : "here";
    const count = `${thousands(this.looked)} more ${this.find.noun}s`;
    if (this.more) this.far.textContent = `${this.older ? "back" : "on"} to ${moment}, ${count} looked through`;
    else this.far.textContent = `${count} looked through: nothing ${this.older ? "older" : "newer"} than ${moment}`;
  }

  show() {
    this.button.textContent = this.running ? "Stop" : this.label;
    // In a page of matches only, the list's own end does the same.
    this.button.hidden = this.find.narrowed || (!this.running && !this.more);
  }
}

export function furtherOf(find) {
  return [...find.bar.querySelectorAll("[data-find-further]")].map((button) => new Further(find, button));
}
