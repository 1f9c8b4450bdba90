// A websocket that follows a stream: it comes back after cuts, goes on after the last row, and acknowledges what came.
import { Receipt } from "./receipt.js";
import { onWake } from "./wake.js";

const MOST_RECENT = 5000;
// The server says something at once; a connection that brings nothing for so long is dead.
const HELLO = 10_000;
// Something to send in a quiet stream: sending is how a browser finds out that a connection is dead.
const KEEP_ALIVE = 30_000;
const SLOW = 4408;
const FINAL = {
  4401: "Signed out: load the page again to sign in.",
  4403: "You may not see this any more.",
  4404: "There is no such execution.",
};

export class Stream {
  // `handlers`: state(name, detail), items(list), gap(). Nothing happens before `open`.
  constructor(address, query, handlers) {
    this.address = `${location.origin.replace(/^http/, "ws")}${address}`;
    this.query = query;
    this.handlers = handlers;
    this.lastId = "";
    this.recent = new Set();
    this.failures = 0;
    this.life = new AbortController();
    const { signal } = this.life;
    addEventListener("pagehide", () => this.rest(), { signal });
    addEventListener("pageshow", (event) => { if (event.persisted && this.resting) this.open(); }, { signal });
    onWake((why) => { if (!this.idle) this.wake(why); }, signal);
    const alive = setInterval(() => this.receipt?.send(), KEEP_ALIVE);
    signal.addEventListener("abort", () => clearInterval(alive));
  }

  // Neither connected nor about to be.
  get idle() {
    return !this.socket && !this.timer;
  }

  // Also again: after a stream is over, or when its connection may be dead.
  open() {
    this.drop();
    this.resting = false;
    const query = new URLSearchParams(this.query);
    if (this.lastId) query.set("last_event_id", this.lastId);
    const socket = new WebSocket(`${this.address}?${query}`);
    this.socket = socket;
    this.over = false;
    this.receipt = new Receipt(socket, this.lastId);
    this.heard = Date.now();
    this.timer = setTimeout(() => this.closed(0), HELLO);
    // What an earlier socket still says is not for us.
    socket.addEventListener("message", (event) => { if (socket === this.socket) this.receive(event.data); });
    socket.addEventListener("close", (event) => { if (socket === this.socket) this.closed(event.code); });
  }

  // Another stream: its ids are its own.
  startAnew(query) {
    this.query = query;
    this.lastId = "";
    this.recent.clear();
    this.open();
  }

  drop() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.receipt?.stop();
    const socket = this.socket;
    this.socket = this.receipt = null;
    socket?.close();
  }

  // For good.
  end() {
    this.drop();
    this.life.abort();
  }

  // The page is left, perhaps for a while: no socket stays behind.
  rest() {
    this.resting = !this.idle;
    this.drop();
  }

  wake(quiet) {
    if (!this.socket || Date.now() - this.heard > quiet) this.open();
  }

  receive(data) {
    clearTimeout(this.timer);
    this.timer = 0;
    this.heard = Date.now();
    const message = JSON.parse(data);
    if (message.type === "state") this.state(message);
    if (message.type === "gap") this.handlers.gap();
    if (message.type !== "items") return;
    this.lastId = message.items.at(-1).id;
    this.receipt.came(message.items, data.length);
    this.handlers.items(message.items.filter((item) => this.isNew(item.id)));
  }

  state({ state, detail }) {
    this.over = state === "ended" || state === "failed";
    if (state === "live") this.failures = 0;
    this.handlers.state(state, detail);
  }

  // A server may send the latest rows again after a cut.
  isNew(id) {
    if (this.recent.has(id)) return false;
    this.recent.add(id);
    if (this.recent.size > MOST_RECENT) this.recent.delete(this.recent.values().next().value);
    return true;
  }

  closed(code) {
    this.drop();
    if (FINAL[code]) this.handlers.state("failed", FINAL[code]);
    // A server may also close in order for reasons of its own.
    if (FINAL[code] || this.over) return;
    // A cut, a restart, or we were too slow: go on after the last row. At random, so that not all come back at once.
    this.handlers.state("reconnecting", "The connection to the console was cut.");
    this.failures += 1;
    const most = code === SLOW ? 500 : Math.min(500 * 2 ** this.failures, 15000);
    this.timer = setTimeout(() => this.open(), Math.random() * most);
  }
}
