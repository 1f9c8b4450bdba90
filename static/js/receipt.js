// What of a stream has come through a socket is acknowledged: the server sends only so many rows, and so many characters of
// them, before that, and closes the socket of one that says nothing for long.
const ROWS = 400;
const SIZE = 400 * 1024;
const DELAY = 1000;

export class Receipt {
  // `last`: the id of the row that came before.
  constructor(socket, last = "") {
    this.socket = socket;
    this.last = last;
    this.rows = this.size = this.timer = 0;
  }

  came(items, size) {
    this.last = items.at(-1).id;
    this.rows += items.length;
    this.size += size;
    if (this.rows >= ROWS || this.size >= SIZE) this.send();
    else this.timer ||= setTimeout(() => this.send(), DELAY);
  }

  // Also what has been acknowledged already, to send something.
  send() {
    this.stop();
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ ack: this.last }));
    this.rows = this.size = 0;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }
}
