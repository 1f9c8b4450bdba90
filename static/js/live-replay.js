// Events beyond the page's ends. The API pages them forward only, but a stream can be resumed after any of its rows: the
// row before every so many is remembered, and a short connection from there brings them again.
import { Listed } from "./live-listed.js";
import { PAGE } from "./live-pages.js";
import { replay } from "./replay.js";

const MOST_ANCHORS = 2000;

export class EventPages {
  constructor(root, rows, queue) {
    this.socket = `${location.origin.replace(/^http/, "ws")}${root.dataset.live}?`;
    this.listed = new Listed(root.dataset.livePages);
    this.rows = rows;
    this.queue = queue;
    this.unfiltered = true;
    this.place = 0;
    this.spacing = 250;
    this.anchors = [];
    // The first row that has been asked for, and the last: the page's filters may keep them out of the page.
    this.low = this.high = null;
    // Changes whenever the page begins with other rows.
    this.age = 0;
  }

  passed(entry) {
    this.place += 1;
    entry.place = this.place;
    if (this.place % this.spacing === 0) this.anchors.push({ id: entry.id, place: this.place });
    if (this.anchors.length <= MOST_ANCHORS) return;
    this.spacing *= 2;
    this.anchors = this.anchors.filter((anchor) => anchor.place % this.spacing === 0);
  }

  cut(newer) {
    if (newer) this.high = null;
    else this.low = null;
  }

  anew() {
    this.low = this.high = null;
    this.age += 1;
    this.listed.anew();
  }

  // The row before that place, to resume after; none means the stream's start.
  anchor(place) {
    return this.anchors.findLast((anchor) => anchor.place <= place);
  }

  async read(newer) {
    const { age } = this;
    const from = this.from(newer);
    const answer = newer ? await this.after(from) : await this.before(from);
    // If the page's end has moved meanwhile, these rows are not the next ones.
    if (age !== this.age || from !== this.from(newer)) return { entries: [], done: false };
    const { items, done } = answer;
    if (newer) this.high = items.at(-1) ?? from;
    else this.low = items[0] ?? from;
    if (newer && done) this.high = null;
    return { entries: items, done, end: items.length === 0 };
  }

  from(newer) {
    return newer ? this.high ?? this.rows.newest : this.low ?? this.rows.oldest;
  }

  // A list without rows goes on with those before the first that waits.
  async before(first) {
    const end = first ?? this.queue.entries[0];
    const anchor = first && this.anchor(first.place - 1 - PAGE);
    let { items, met, cut } = first ? await replay(this.socket, anchor?.id, (item) => isSame(item, first)) : {};
    let done = met && !anchor && !cut;
    let start = met && first.place - items.length;
    if (!met) {
      const found = await this.listed.before(first, (item) => Boolean(end) && isSame(item, end), PAGE);
      if (!found) return { items: [], done: false };
      items = found.items;
      done = found.count === 0;
      start = found.count + 1;
    }
    items.forEach((entry, number) => { entry.place = start + number; });
    return { items, done };
  }

  // `last` is the newest in the page, and the first that waits is where to stop.
  async after(last) {
    const anchor = last?.id ? last : this.anchor((last?.place ?? 0) - 1);
    const found = { begun: !last || anchor === last, count: 0 };
    const stop = this.queue.entries[0];
    let { items, met } = stop ? await replay(this.socket, anchor?.id, (item) => {
      if (isSame(item, stop)) return true;
      if (found.begun) found.count += 1;
      found.begun ||= isSame(item, last);
      return found.count > PAGE;
    }) : {};
    let done = met;
    if (met && found.begun) items = items.slice(last ? items.findLastIndex((item) => isSame(item, last)) + 1 : 0).slice(0, PAGE);
    else {
      const listed = await this.listed.after(last, (item) => Boolean(stop) && isSame(item, stop), PAGE);
      items = listed.items;
      // What waits is not in the list yet, nor perhaps what is before it.
      done = listed.met || (listed.all && !stop);
    }
    items.forEach((entry, number) => { entry.place = (last?.place ?? 0) + number + 1; });
    return { items, done: done && items.length < PAGE && stop === this.queue.entries[0] };
  }

  async latest() {
    this.anew();
    const { items, count } = await this.listed.before(null, () => false, PAGE);
    items.forEach((entry, number) => { entry.place = count + number + 1; });
    this.anew();
    return { entries: items, done: count === 0 };
  }
}

function isSame(one, other) {
  return one.id && other.id ? one.id === other.id : one.key === other.key;
}
