// Events beyond the page's ends. The API pages them forward only, but a stream can be resumed after any of its rows: the
// row before every so many is remembered, and a short connection from there brings them again.
import { fetchRows } from "./live-pages.js";
import { partOf } from "./live-queue.js";

const PAGE = 100;
const MOST_ANCHORS = 2000;
const ACK_ROWS = 400;
const PATIENCE = 15_000;

export class EventPages {
  constructor(root, rows, queue) {
    this.socket = `${location.origin.replace(/^http/, "ws")}${root.dataset.live}?`;
    this.address = root.dataset.livePages;
    this.rows = rows;
    this.queue = queue;
    this.unfiltered = true;
    this.place = 0;
    this.spacing = 250;
    this.anchors = [];
    // The first row that has been asked for; the page's filters may keep it out of the page.
    this.low = null;
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
    if (!newer) this.low = null;
  }

  anew() {
    this.low = null;
  }

  // The row before that place, to resume after; none means the stream's start.
  anchor(place) {
    return this.anchors.findLast((anchor) => anchor.place <= place);
  }

  async read(newer) {
    return newer ? this.after(this.rows.newest) : this.before(this.low ?? this.rows.oldest);
  }

  async before(first) {
    const anchor = this.anchor(first.place - 1 - PAGE);
    let { items, met } = await this.replay(anchor?.id, (item) => isSame(item, first));
    if (!met) items = (await this.listed((entry) => entry.key === first.key)).slice(-PAGE);
    if (first !== (this.low ?? this.rows.oldest)) return { entries: [], done: false };
    const start = first.place - items.length;
    items.forEach((entry, number) => { entry.place = start + number; });
    this.low = items[0] ?? first;
    return { entries: items, done: met ? !anchor : items.length === 0 };
  }

  // `last` is the newest in the page, and the first that waits is where to stop.
  async after(last) {
    const anchor = last.id ? last : this.anchor(last.place ?? 0);
    const found = { begun: anchor === last };
    const stop = this.queue.entries[0];
    let { items, met } = stop ? await this.replay(anchor?.id, (item) => {
      if (stop && isSame(item, stop)) return true;
      if (found.begun) found.count = (found.count ?? 0) + 1;
      found.begun ||= isSame(item, last);
      return found.count > PAGE;
    }) : {};
    if (!met) items = await this.listed((entry) => stop && entry.key === stop.key);
    const begin = items.findLastIndex((item) => isSame(item, last)) + 1;
    items = items.slice(begin, begin + PAGE);
    items.forEach((entry, number) => { entry.place = (last.place ?? 0) + number + 1; });
    return { entries: items, done: items.length < PAGE && stop === this.queue.entries[0] };
  }

  async latest() {
    const items = await this.listed(() => false);
    items.forEach((entry, number) => { entry.place = number + 1; });
    this.anew();
    return { entries: items.slice(-PAGE), done: items.length <= PAGE };
  }

  // The rows after an id, up to the first that `isEnd` holds for; not `met` if they cannot be had.
  replay(after, isEnd) {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.socket + new URLSearchParams(after ? { last_event_id: after } : {}));
      const items = [];
      let acknowledged = 0;
      const finish = (met) => {
        clearTimeout(timer);
        socket.close();
        resolve({ items, met });
      };
      const timer = setTimeout(() => finish(false), PATIENCE);
      socket.addEventListener("close", () => finish(false));
      socket.addEventListener("message", (event) => {
        const message = JSON.parse(event.data);
        if (message.type === "gap" || message.state === "failed") finish(false);
        for (const { id, html } of message.items ?? []) {
          const entry = { id, html, key: partOf(html, "key") };
          if (isEnd(entry)) return finish(true);
          items.push(entry);
        }
        if (items.length - acknowledged < ACK_ROWS) return;
        acknowledged = items.length;
        socket.send(JSON.stringify({ ack: items.at(-1).id }));
      });
    });
  }

  // The same from the API's list, which has to be read from its start.
  async listed(isEnd) {
    const found = [];
    for (let cursor = ""; ;) {
      const answer = await fetchRows(this.address, { cursor });
      for (const entry of answer.entries) {
        if (isEnd(entry)) return found;
        found.push(entry);
      }
      cursor = answer.cursor;
      if (!cursor) return found;
    }
  }
}

function isSame(one, other) {
  return one.id && other.id ? one.id === other.id : one.key === other.key;
}
