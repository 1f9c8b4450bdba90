// Events from the API's list, which can only be read from its start on: what was read beyond a page is kept for the next one,
// within limits.
import { fetchRows } from "./live-pages.js";

const MOST_KEPT = 1000;

export class Listed {
  constructor(address) {
    this.address = address;
    this.anew();
  }

  anew() {
    this.left = this.walk = null;
  }

  // The last rows before the first that `isEnd` holds for, or null if it holds for none; and how many there are before them.
  // `first`, which they are to be before, may be a row that this has given: then it goes on from there.
  async before(first, isEnd, most) {
    let known = first && this.left?.first === first ? this.left : null;
    if (!known || (known.rows.length === 0 && known.count)) known = await this.last(isEnd);
    if (!known.met && first) return null;
    const items = known.rows.slice(-most);
    const rows = known.rows.slice(0, -most);
    this.left = { first: items[0], rows, count: known.count, met: true };
    return { items, count: known.count + rows.length };
  }

  async last(isEnd) {
    const [rows, walk] = [[], { cursor: "", rows: [] }];
    for (let count = 0; ;) {
      const row = (await this.more(walk)) && walk.rows.shift();
      if (!row || isEnd(row)) return { rows, count, met: Boolean(row) };
      rows.push(row);
      if (rows.length > 2 * MOST_KEPT) count += rows.splice(0, MOST_KEPT).length;
    }
  }

  // The next rows after `last`, or from the start; up to the first that `isEnd` holds for, which is then `met`. `all` if the
  // list has no others.
  async after(last, isEnd, most) {
    const walk = last && this.walk?.last === last ? this.walk : { cursor: "", rows: [], begun: !last };
    this.walk = null;
    const items = [];
    while (items.length < most && (await this.more(walk))) {
      const row = walk.rows.shift();
      if (isEnd(row)) return { items, met: true };
      // Equals may follow one another: the last of them counts.
      if (last && row.key === last.key) [walk.begun, items.length] = [true, 0];
      else if (walk.begun) items.push(row);
    }
    if (items.length === most) this.walk = Object.assign(walk, { last: items.at(-1) });
    return { items, met: false, all: walk.begun && items.length < most };
  }

  // Whether there are rows left, once those of the next page have been read.
  async more(walk) {
    while (!walk.rows.length && !walk.over) {
      const answer = await fetchRows(this.address, { cursor: walk.cursor });
      walk.rows = answer.entries;
      walk.cursor = answer.cursor;
      walk.over = !answer.cursor;
    }
    return walk.rows.length > 0;
  }
}
