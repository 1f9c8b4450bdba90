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
    this.depth = new Uint16Array(this.count);
    this.last = Int32Array.from(this.parent.keys());
    this.levels = 0;
    for (let place = 0; place < this.count; place++) {
      this.depth[place] = this.parent[place] < 0 ? 0 : this.depth[this.parent[place]] + 1;
      this.levels = Math.max(this.levels, this.depth[place] + 1);
    }
    for (let place = this.count - 1; place > 0; place--) {
      const parent = this.parent[place];
      if (parent >= 0) this.last[parent] = Math.max(this.last[parent], this.last[place]);
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
