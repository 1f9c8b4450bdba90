// The rows in the page: a window on the stream, which changes at its two ends only.
import { rowOf } from "./rows.js";
import { localise } from "./times.js";

// How many rows a page holds, and how many more may wait.
export const MOST_ROWS = 1000;

// A row's address without its ordinal, which tells equals apart: it differs from page to page.
export function keyOf(address) {
  return address.split("~")[0];
}

// An entry is a row that is in the page, or is not yet: `{key, id, place, html}`, and `row` once it is made.
export class Rows {
  constructor(list, newestFirst) {
    this.list = list;
    this.newestFirst = newestFirst;
    this.counts = new Map();
    this.entries = new Map();
    this.addresses = new Set();
    for (const row of list.children) this.note({ key: keyOf(row.dataset.row), row });
  }

  get length() {
    return this.entries.size;
  }

  get oldest() {
    return this.end(false);
  }

  get newest() {
    return this.end(true);
  }

  end(newer) {
    return this.entries.get(newer === this.newestFirst ? this.list.firstElementChild : this.list.lastElementChild);
  }

  note(entry) {
    this.entries.set(entry.row, entry);
    this.addresses.add(entry.row.dataset.row);
    this.counts.set(entry.key, (this.counts.get(entry.key) ?? 0) + 1);
  }

  forget(entry) {
    this.entries.delete(entry.row);
    this.addresses.delete(entry.row.dataset.row);
    const count = this.counts.get(entry.key) - 1;
    if (count) this.counts.set(entry.key, count);
    else this.counts.delete(entry.key);
  }

  // The stream has brought a row that is in the page: now its place there is known.
  mark({ key, id, place }) {
    if (!place) return;
    for (const entry of this.entries.values()) if (entry.key === key) Object.assign(entry, { id, place });
  }

  named(address) {
    return this.addresses.has(address) ? [...this.entries.keys()].find((row) => row.dataset.row === address) : null;
  }

  // Entries in the stream's order, at the newer or the older end.
  add(entries, newer) {
    const rows = document.createDocumentFragment();
    for (const entry of entries) {
      entry.row ??= made(entry);
      this.name(entry.row);
      this.note(entry);
      if (this.newestFirst) rows.prepend(entry.row);
      else rows.append(entry.row);
    }
    localise(rows);
    if (newer === this.newestFirst) this.list.prepend(rows);
    else this.list.append(rows);
  }

  // Equal records have equal addresses: in the page each has its own.
  name(row) {
    const [key] = row.dataset.row.split("~");
    for (let number = 1; this.addresses.has(row.dataset.row); number += 1) row.dataset.row = `${key}~${number}`;
  }

  // Take rows off at one end until there are not too many; the entries in the stream's order.
  trim(newer, most = MOST_ROWS) {
    const off = [];
    while (this.entries.size > most) {
      const entry = this.end(newer);
      this.forget(entry);
      entry.row.remove();
      off.push(entry);
    }
    return newer ? off.reverse() : off;
  }
}

export function made(entry) {
  const row = rowOf(entry.html);
  entry.html = "";
  return row;
}

// Change the list while the reader's place stays where it is.
export function inPlace(list, change) {
  const row = rowInView(list);
  const top = row?.getBoundingClientRect().top;
  change();
  const moved = row?.isConnected ? row.getBoundingClientRect().top - top : 0;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

function rowInView(list) {
  const { left, width } = list.getBoundingClientRect();
  for (const part of [0.3, 0.5, 0.7, 0.9]) {
    const row = document.elementFromPoint(left + width / 2, innerHeight * part)?.closest(".row");
    if (row?.parentElement === list) return row;
  }
  return null;
}
