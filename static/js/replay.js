// A short connection to a stream, which brings rows of it again.
import { partOf } from "./live-queue.js";
import { Receipt } from "./receipt.js";

// Of more rows than twice that the last are kept.
const MOST_KEPT = 1000;
const PATIENCE = 15_000;

// The rows after an id, or from the start on, up to the first that `isEnd` holds for; not `met` if they cannot be had, and
// `cut` if there were more.
export function replay(address, after, isEnd) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address + new URLSearchParams(after ? { last_event_id: after } : {}));
    const receipt = new Receipt(socket);
    const items = [];
    let cut = false;
    const finish = (met) => {
      clearTimeout(timer);
      receipt.stop();
      socket.close();
      resolve({ items, met, cut });
    };
    const timer = setTimeout(() => finish(false), PATIENCE);
    socket.addEventListener("close", () => finish(false));
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "gap" || message.state === "failed") return finish(false);
      if (!message.items) return;
      for (const { id, html } of message.items) {
        const entry = { id, html, key: partOf(html, "key") };
        if (isEnd(entry)) return finish(true);
        items.push(entry);
      }
      receipt.came(message.items, event.data.length);
      if (items.length < 2 * MOST_KEPT) return;
      items.splice(0, items.length - MOST_KEPT);
      cut = true;
    });
  });
}
