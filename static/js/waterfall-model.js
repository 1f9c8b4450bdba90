// The spans of a waterfall as columns, and which of them have a row: those whose parents are open, in the chosen time.
// A place is a span's number in the order of the waterfall; times are microseconds from the trace's first.
import { duration } from "./durations.js";

export const [FAILED, CRITICAL, RUNNING, CALLS_MODEL] = [1, 2, 4, 8];

export class Model {
  constructor(data) {
    this.version = data.version;
    // Microseconds since 1970.
    this.first = data.first * 1000;
    this.length = data.length;
    this.names = data.names;
    this.name = Uint32Array.from(data.name);
    this.id = data.id;
    this.parent = Int32Array.from(data.parent);
    for (const column of ["begin", "took", "own"]) this[column] = Float64Array.from(data[column]);
    this.flags = Uint8Array.from(data.flags);
    this.said = data.said;
    this.count = data.id.length;
    // By place: what the history says has not ended.
    this.going = new Map();
    this.ended = new Map();
    this.depth = new Uint16Array(this.count);
    this.last = Int32Array.from(this.parent.keys());
    this.levels = 0;
    for (let place = 0; place < this.count; place++) {
      this.depth[place] = this.parent[place] < 0 ? 0 : this.depth[this.parent[place]] + 1;
      this.levels = Math.max(this.levels, this.depth[place] + 1);
    }
    // How many of those below failed.
    this.failedInside = new Uint32Array(this.count);
    for (let place = this.count - 1; place > 0; place--) {
      const parent = this.parent[place];
      if (parent < 0) continue;
      this.last[parent] = Math.max(this.last[parent], this.last[place]);
      this.failedInside[parent] += this.failedInside[place] + (this.has(place, FAILED) ? 1 : 0);
    }
  }

  // What has not ended goes on to the end of the trace. `going`: words by place.
  goesOn(going) {
    for (const [place, took] of this.ended) this.took[place] = took;
    this.ended.clear();
    this.going = new Map(Object.entries(going).map(([place, one]) => [Number(place), one]));
    for (const place of this.going.keys()) {
      this.ended.set(place, this.took[place]);
      this.took[place] = this.length - this.begin[place];
    }
  }

  isParent(place) {
    return this.last[place] > place;
  }

  has(place, flag) {
    return (this.flags[place] & flag) !== 0;
  }

  isIn(place, range) {
    return !range || (this.begin[place] <= range.to && this.begin[place] + this.took[place] >= range.from);
  }

  // The places that have a row, in their order. `closed` holds ids.
  rows(closed, range) {
    const found = new Int32Array(this.count);
    let count = 0;
    for (let place = 0; place < this.count; place++) {
      if (this.isIn(place, range)) found[count++] = place;
      if (closed.size && this.isParent(place) && closed.has(this.id[place])) place = this.last[place];
    }
    return found.subarray(0, count);
  }

  // Of those above the span.
  *parents(place) {
    for (let above = this.parent[place]; above >= 0; above = this.parent[above]) yield above;
  }
}

export const length = (microseconds) => duration(microseconds / 1e6);

// Where a place stands among the rows, or the row before which it would.
export function indexOf(rows, place) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
