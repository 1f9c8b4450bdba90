// A window on a stream: the rows in the page, those that wait, and the ways to more at both ends.
//
// If too much waits, or rows could not be replayed, the window is `broken`: rows between the page's newest and the first
// that waits have to be fetched. Otherwise the first that waits is the next one.
import { Count } from "./live-count.js";
import { Filter } from "./live-filter.js";
import { Fold } from "./live-fold.js";
import { MOST_ROWS, Rows, inPlace, made } from "./live-list.js";
import { LogPages, PAGE } from "./live-pages.js";
import { Queue, partOf } from "./live-queue.js";
import { EventPages } from "./live-replay.js";
import { SLICE_ROWS, nextTurn, slice } from "./turns.js";

// Pages read without a row that the filters want, before the reader is asked.
const MOST_PAGES = 10;

export class Window {
  // `reader`: whether they follow the newest rows; `send(name, detail)`.
  constructor(root, reader) {
    this.reader = reader;
    this.list = root.querySelector("[data-live-rows]");
    this.rows = new Rows(this.list, root.dataset.liveOrder === "desc");
    this.queue = new Queue();
    this.filter = new Filter(this.list);
    this.fold = new Fold(this.list, this.rows);
    // Others read the page's first rows, too.
    setTimeout(() => this.tell("removed", this.fold.all()));
    this.pages = new (root.dataset.liveKind === "events" ? EventPages : LogPages)(root, this.rows, this.queue);
    this.atStart = "liveStart" in root.dataset;
    this.broken = !("liveEnd" in root.dataset);
    // How many came and were dropped.
    this.missed = 0;
    // With those that the filters do not want.
    this.count = new Count(Number(root.dataset.liveFetched ?? this.rows.length), this.rows);
    // Rows that the stream may bring again, since the page got them otherwise: how often each.
    this.expected = new Map(this.rows.counts);
    // Rows at the older end that are still of the window before.
    this.stale = 0;
    // Changes whenever the window begins anew.
    this.age = 0;
    this.turn = Promise.resolve();
  }

  get atEnd() {
    return !this.broken && this.queue.length === 0;
  }

  get unseen() {
    return this.missed + this.queue.unseen;
  }

  // Rows of the stream: those that are not known and are wanted wait.
  take(items) {
    const entries = [];
    for (const { id, html } of items) {
      const entry = { id, html, key: partOf(html, "key") };
      this.pages.passed(entry);
      if (this.isKnown(entry)) continue;
      this.count.streamed(entry);
      if (this.filter.wants(html)) entries.push(entry);
    }
    const folded = this.fold.entries(entries);
    this.fold.waiting(this.queue, folded);
    this.drop(this.queue.push(folded));
  }

  isKnown(entry) {
    const count = this.expected.get(entry.key);
    if (!count) return false;
    if (count > 1) this.expected.set(entry.key, count - 1);
    else this.expected.delete(entry.key);
    this.rows.mark(entry);
    return true;
  }

  expect(entries) {
    for (const { key } of entries) this.expected.set(key, (this.expected.get(key) ?? 0) + 1);
    while (this.expected.size > 2 * MOST_ROWS) this.expected.delete(this.expected.keys().next().value);
  }

  drop(entries) {
    if (!entries.length) return;
    this.broken = true;
    this.missed += entries.filter((entry) => !entry.row).length;
    this.pages.cut(true, entries);
  }

  // A slice of the entries (an array or the queue) goes in, those next to the window first.
  put(entries, newer) {
    const over = slice();
    const taken = [];
    while (entries.length && taken.length < SLICE_ROWS && !(taken.length && over())) {
      const entry = newer ? entries.shift() : entries.pop();
      entry.row ??= made(entry);
      taken.push(entry);
    }
    if (!newer) taken.reverse();
    if (newer && this.reader.follows) this.reader.keepUp(() => this.add(taken, newer));
    else inPlace(this.list, () => this.add(taken, newer));
  }

  add(entries, newer) {
    if (newer) this.tell("removed", this.fold.newest(entries));
    this.rows.add(entries, newer);
    const off = this.rows.trim(!newer);
    this.stale = newer ? Math.max(this.stale - off.length, 0) : 0;
    if (off.length) {
      this.pages.cut(!newer, off);
      if (newer) {
        this.atStart = false;
        if (!this.reader.follows) this.reader.park("older");
      } else {
        this.reader.park("newer");
        this.drop(this.queue.putBack(off));
      }
    }
    this.tell("added", entries);
    this.tell("removed", off);
  }

  tell(name, entries) {
    if (entries.length) this.reader.send(name, { rows: entries.map((entry) => entry.row) });
  }

  // One page more at an end, after those asked for before; how many rows came in.
  page(newer) {
    const page = this.turn.then(() => this.fetch(newer));
    this.turn = page.catch(() => {});
    return page;
  }

  async fetch(newer) {
    for (let tries = 0; tries < MOST_PAGES && !(newer ? this.atEnd : this.atStart); tries += 1) {
      const { age } = this;
      while (!newer && this.shed()) await nextTurn();
      const waits = newer && !this.broken;
      let { entries, done, end, hidden = 0 } = waits ? { entries: this.queue.take(PAGE) } : await this.pages.read(newer);
      if (age !== this.age) return 0;
      const none = end && !entries.length;
      if (!waits) this.count.paged(entries, hidden);
      if (this.pages.unfiltered && !waits) entries = entries.filter((entry) => this.filter.wants(entry.html));
      entries = this.fold.entries(entries);
      if (!newer) entries = this.fold.older(entries);
      if (newer) this.expect(entries.filter((entry) => entry.fetched));
      const count = entries.length;
      this.putting = true;
      for (; entries.length && age === this.age; await nextTurn()) this.put(entries, newer);
      this.putting = false;
      if (done && age === this.age) this.reached(newer);
      // The others may not be in the pages yet: asking again at once would bring the same.
      if (count || none) return count;
    }
    return 0;
  }

  reached(newer) {
    if (!newer) this.atStart = true;
    else {
      this.broken = false;
      this.missed = 0;
    }
  }

  // Begin anew with the newest rows there are.
  async latest() {
    const { entries, done } = await this.pages.latest();
    this.count.paged(entries, 0);
    this.restart(this.fold.entries(entries.filter((entry) => !this.pages.unfiltered || this.filter.wants(entry.html))), done);
  }

  // The window begins anew, with the rows that wait, or with other ones.
  restart(entries = [], atStart = false) {
    this.age += 1;
    this.putting = false;
    this.stale = this.rows.length;
    if (!entries.length) this.pages.anew();
    this.atStart = atStart;
    this.reached(true);
    this.expect(entries);
    while (entries.length) this.put(entries, true);
  }

  // Rows of the window before this one go, a slice of them; whether there are more.
  shed() {
    if (!this.stale) return false;
    const off = this.rows.trim(false, this.rows.length - Math.min(this.stale, SLICE_ROWS));
    this.stale -= off.length;
    this.tell("removed", off);
    return this.stale > 0;
  }
}
