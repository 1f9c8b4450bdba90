// Rows that are newer than those in the page, and wait to come in. Not parsed until then.
import { MOST_ROWS } from "./live-list.js";

const MOST_SIZE = 8 * 1024 * 1024;
const PARTS = { key: /data-row="([^"~]*)/, tone: /data-tone="([^"]*)"/, step: /data-step="([^"]*)"/ };

export class Queue {
  constructor() {
    this.entries = [];
    this.size = 0;
    this.counts = new Map();
  }

  get length() {
    return this.entries.length;
  }

  // Rows that nobody has seen.
  get unseen() {
    return this.entries.reduce((count, entry) => count + (entry.row ? 0 : 1), 0);
  }

  // Rows that were in the page, and are older than all that wait.
  putBack(entries) {
    for (const entry of entries) this.count(entry, 1);
    this.entries.unshift(...entries);
    return this.limit();
  }

  push(entries) {
    for (const entry of entries) this.count(entry, 1);
    this.entries.push(...entries);
    return this.limit();
  }

  count(entry, change) {
    this.size += change * (entry.html?.length ?? 0);
    const count = (this.counts.get(entry.key) ?? 0) + change;
    if (count) this.counts.set(entry.key, count);
    else this.counts.delete(entry.key);
  }

  // The oldest are dropped: the page that lacks them fetches them when its reader gets there.
  limit() {
    let over = Math.max(this.entries.length - MOST_ROWS, 0);
    for (let size = this.size; size > MOST_SIZE && over < this.entries.length - 1; over += 1) {
      size -= this.entries[over].html?.length ?? 0;
    }
    return this.take(over);
  }

  shift() {
    return this.take(1)[0];
  }

  pop() {
    const entry = this.entries.pop();
    this.count(entry, -1);
    return entry;
  }

  take(most) {
    const taken = this.entries.splice(0, most);
    for (const entry of taken) this.count(entry, -1);
    return taken;
  }
}

// A part of a row's html, which our server has written; upstream's text in it is escaped.
export function partOf(html, name) {
  return unescaped(PARTS[name].exec(html)?.[1] ?? "");
}

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&amp;": "&" };

export function unescaped(text) {
  return text.replace(/&(?:lt|gt|quot|#x27|amp);/g, (entity) => ENTITIES[entity]);
}
