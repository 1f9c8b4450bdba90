// Log lines beyond the page's ends, from the API's pages. Both kinds of source have `read(newer)`, which gives entries in
// the stream's order, whether that is all in this direction (`done`), and whether it is all for now (`end`); `cut(newer)`, when rows were taken off at that end; and
// `passed(entry)`, for each row of the stream.
import { partOf } from "./live-queue.js";

// Rows of a page.
export const PAGE = 100;
// By how many milliseconds workers' clocks, and the ways of their lines, may differ.
export const LATE = 5000;

export async function fetchRows(address, query) {
  const response = await fetch(`${address}&${new URLSearchParams(query)}`);
  if (!response.ok || response.redirected) throw new Error(`The console answers with ${response.status}.`);
  const answer = await response.json();
  const entries = answer.items.map(({ html }) => ({ html, key: partOf(html, "key"), fetched: true }));
  // Of those that the filters do not want there is only the number.
  return { entries, cursor: answer.next, hidden: answer.fetched - entries.length };
}

// When a line was written, from its address.
export function timeOf(key) {
  return Date.parse(key.slice(0, key.lastIndexOf("-")));
}

export class LogPages {
  constructor(root, rows, queue) {
    this.address = root.dataset.livePages;
    this.rows = rows;
    this.queue = queue;
    this.edges = {};
    this.walks = {};
    // The page's own cursor goes on from its last row: nothing comes twice.
    const own = { cursor: root.dataset.liveCursor, had: new Map(), used: new Map() };
    if (own.cursor) this.walks[root.dataset.liveOrder === "asc" ? "newer" : "older"] = own;
  }

  passed() {}

  async read(newer) {
    const name = newer ? "newer" : "older";
    const walk = (this.walks[name] ??= this.begin(newer));
    const answer = await fetchRows(this.address, { rows: name, [walk.cursor ? "cursor" : "from"]: walk.cursor || walk.from });
    // If the page's end has moved meanwhile, these rows are not the next ones.
    if (this.walks[name] !== walk) return { entries: [], done: false };
    walk.cursor = answer.cursor;
    delete this.edges[newer];
    const entries = answer.entries.filter((entry) => this.isNew(entry, walk, newer));
    const { hidden } = answer;
    const end = !answer.cursor;
    if (!newer) return { entries: entries.reverse(), done: end, end, hidden };
    // It has met the rows that wait once a whole page of it brings nothing else.
    const met = walk.met && (entries.length === 0 || end);
    const done = met || (end && this.queue.length === 0);
    if (done || end) delete this.walks.newer;
    return { entries, done, end, hidden };
  }

  // From the end's moment on: of the rows of that moment the page has some already.
  begin(newer) {
    const [edge] = this.edge(newer);
    // Those that wait are to be met, and may have been written a little before.
    const waiting = newer ? this.queue.entries.map((entry) => timeOf(entry.key)) : [];
    const cut = [...(this.edges[newer] ?? []), ...waiting].filter((time) => Math.abs(time - edge) < LATE);
    const times = [...this.edge(newer), ...cut];
    const time = newer ? Math.min(...times) : Math.max(...times);
    const from = times.length ? new Date(time).toISOString() : "";
    return { from, cursor: "", had: new Map(this.rows.counts), used: new Map() };
  }

  edge(newer) {
    const time = timeOf(this.rows.end(newer)?.key ?? "");
    return Number.isNaN(time) ? [] : [time];
  }

  // Equals are told by how many there are.
  isNew(entry, walk, newer) {
    const used = walk.used.get(entry.key) ?? 0;
    const had = walk.had.get(entry.key) ?? 0;
    if (used >= had + (newer ? this.queue.counts.get(entry.key) ?? 0 : 0)) return true;
    if (used >= had) walk.met = true;
    walk.used.set(entry.key, used + 1);
    return false;
  }

  // Lines come late: what was taken off may be a little beyond the row that is now at the end.
  cut(newer, entries = []) {
    delete this.walks[newer ? "newer" : "older"];
    const times = [...(this.edges[newer] ?? []), ...entries.map((entry) => timeOf(entry.key)).filter(Number)];
    if (times.length) this.edges[newer] = [newer ? Math.min(...times) : Math.max(...times)];
  }

  // The page begins with other rows.
  anew() {
    this.walks = {};
    this.edges = {};
  }

  ofAllRuns() {
    const [path, query] = this.address.split("?");
    const wanted = new URLSearchParams(query);
    wanted.delete("run");
    this.address = `${path}?${wanted}`;
    this.anew();
  }

  async latest() {
    const answer = await fetchRows(this.address, { rows: "older" });
    this.anew();
    this.walks.older = { cursor: answer.cursor, had: new Map(), used: new Map() };
    const walk = { had: new Map(), used: new Map() };
    const entries = answer.entries.reverse().filter((entry) => this.isNew(entry, walk, true));
    return { entries, done: !answer.cursor };
  }
}
