// A websocket that follows a stream: it comes back after cuts, goes on after the last row, and acknowledges what came.
const ACK_ROWS = 500;
const ACK_SIZE = 512 * 1024;
const ACK_DELAY = 1000;
const MOST_RECENT = 5000;
const FINAL = {
  4401: "signed out: load the page again to sign in",
  4403: "you may not see this any more",
  4404: "no such execution",
};

export class Stream {
  // `handlers`: state(name, detail), items(list), gap().
  constructor(address, query, handlers) {
    this.address = `${location.origin.replace(/^http/, "ws")}${address}`;
    this.query = query;
    this.handlers = handlers;
    this.lastId = "";
    this.recent = new Set();
    this.failures = 0;
    addEventListener("online", () => { if (this.timer) this.connect(); });
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.rows = 0;
    this.size = 0;
    const query = new URLSearchParams(this.query);
    if (this.lastId) query.set("last_event_id", this.lastId);
    this.socket = new WebSocket(`${this.address}?${query}`);
    this.socket.addEventListener("message", (event) => this.receive(event.data));
    this.socket.addEventListener("close", (event) => this.closed(event.code));
  }

  receive(data) {
    const message = JSON.parse(data);
    if (message.type === "state") this.state(message);
    if (message.type === "gap") this.handlers.gap();
    if (message.type !== "items") return;
    this.lastId = message.items.at(-1).id;
    this.handlers.items(message.items.filter((item) => this.isNew(item.id)));
    this.rows += message.items.length;
    this.size += data.length;
    if (this.rows >= ACK_ROWS || this.size >= ACK_SIZE) this.acknowledge();
    else this.acking ??= setTimeout(() => this.acknowledge(), ACK_DELAY);
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

  acknowledge() {
    clearTimeout(this.acking);
    this.acking = undefined;
    if (this.socket.readyState !== WebSocket.OPEN || this.rows === 0) return;
    this.socket.send(JSON.stringify({ ack: this.lastId }));
    this.rows = 0;
    this.size = 0;
  }

  closed(code) {
    if (FINAL[code]) this.handlers.state("failed", FINAL[code]);
    // A server may also close in order for reasons of its own.
    if (FINAL[code] || this.over) return;
    // A cut, a restart, or we were too slow: go on after the last row. At random, so that not all come back at once.
    this.handlers.state("reconnecting", "The connection to the console was cut; connecting again.");
    this.failures += 1;
    const most = code === 4408 ? 500 : Math.min(500 * 2 ** this.failures, 15000);
    this.timer = setTimeout(() => this.connect(), Math.random() * most);
  }
}
