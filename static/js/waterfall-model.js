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
    // When the run ended, where spans go on after that.
    this.ended = data.ended;
    // By place: what the history says has not ended, or failed, and what the spans themselves say of the same.
    this.going = new Map();
    this.before = new Map();
    this.critical = new Map();
    this.told = 0;
    this.depth = new Uint16Array(this.count);
    this.last = Int32Array.from(this.parent.keys());
    this.levels = 0;
    for (let place = 0; place < this.count; place++) {
      this.depth[place] = this.parent[place] < 0 ? 0 : this.depth[this.parent[place]] + 1;
      this.levels = Math.max(this.levels, this.depth[place] + 1);
    }
    this.sum();
  }

  // Where the spans below each end, and how many of them failed.
  sum() {
    this.failedInside = new Uint32Array(this.count);
    for (let place = this.count - 1; place > 0; place--) {
      const parent = this.parent[place];
      if (parent < 0) continue;
      this.last[parent] = Math.max(this.last[parent], this.last[place]);
      this.failedInside[parent] += this.failedInside[place] + (this.has(place, FAILED) ? 1 : 0);
    }
  }

  // What has not ended goes on to the end of the trace, what was given up failed. `going`: words by place. `lengths`: of
  // the spans to which that makes a difference, how long they took, of their own, and on the critical path, or -1.
  goesOn(going, lengths = {}) {
    for (const [place, [took, own, flags]] of this.before) {
      [this.took[place], this.own[place], this.flags[place]] = [took, own, flags];
    }
    this.before.clear();
    this.critical.clear();
    this.going = byPlace(going);
    const changes = byPlace(lengths);
    for (const place of [...this.going.keys(), ...changes.keys()]) {
      this.before.set(place, [this.took[place], this.own[place], this.flags[place]]);
    }
    for (const [place, [took, own, critical]] of changes) {
      [this.took[place], this.own[place]] = [took, own];
      this.flags[place] = critical < 0 ? this.flags[place] & ~CRITICAL : this.flags[place] | CRITICAL;
      this.critical.set(place, critical);
    }
    for (const [place, { over }] of this.going) {
      if (over) this.flags[place] |= FAILED;
      else this.took[place] = this.length - this.begin[place];
    }
    this.told++;
    this.sum();
  }

  // The latest that the run can have waited for it: for what it gave up no longer, and for nothing after its end.
  waitedUntil(place) {
    const given = this.going.get(place)?.over && !this.isParent(place) ? this.critical.get(place) : undefined;
    return Math.min(this.ended ?? Infinity, this.begin[place] + (given ?? this.took[place]));
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

function byPlace(given) {
  return new Map(Object.entries(given).map(([place, one]) => [Number(place), one]));
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
