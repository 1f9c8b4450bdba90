// A websocket that follows a stream: it comes back after cuts, goes on after the last row, and acknowledges what came.
import { onWake } from "./wake.js";

const ACK_ROWS = 400;
const ACK_SIZE = 400 * 1024;
const ACK_DELAY = 1000;
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
    addEventListener("pagehide", () => this.rest());
    addEventListener("pageshow", (event) => { if (event.persisted && this.resting) this.open(); });
    onWake((why) => { if (this.socket || this.timer) this.wake(why); });
    setInterval(() => this.acknowledge(true), KEEP_ALIVE);
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
    this.rows = this.size = 0;
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
    clearTimeout(this.acking);
    this.timer = this.acking = 0;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  // The page is left, perhaps for a while: no socket stays behind.
  rest() {
    this.resting = Boolean(this.socket || this.timer);
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
    this.rows += message.items.length;
    this.size += data.length;
    if (this.rows >= ACK_ROWS || this.size >= ACK_SIZE) this.acknowledge();
    else this.acking ||= setTimeout(() => this.acknowledge(), ACK_DELAY);
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

  acknowledge(again = false) {
    clearTimeout(this.acking);
    this.acking = 0;
    if (this.socket?.readyState !== WebSocket.OPEN || (this.rows === 0 && !again)) return;
    this.socket.send(JSON.stringify({ ack: this.lastId }));
    this.rows = this.size = 0;
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
