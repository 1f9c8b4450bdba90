// [data-waterfall]: a trace's spans as rows with bars. The page comes with the first rows; the others are fetched once, and
// only those in sight are drawn. Open parents, the selected span and the chosen time stay while the page refreshes.
import { Waterfall } from "./waterfall-view.js";

let current = null;

function start() {
  const root = document.querySelector("[data-waterfall]");
  if (root === (current?.root ?? null)) return;
  current?.leaving.abort();
  current = root && new Waterfall(root);
}

// A refresh that has another trace: what is there stays, and takes the new spans in.
document.addEventListener("htmx:beforeSwap", (event) => {
  const poll = event.detail.requestConfig?.elt;
  if (!event.detail.shouldSwap || !poll?.matches("[data-waterfall-poll]") || !current) return;
  const template = document.createElement("template");
  template.innerHTML = event.detail.serverResponse;
  const [fresh, freshPoll] = ["[data-waterfall]", "[data-waterfall-poll]"].map((one) => template.content.querySelector(one));
  if (!fresh) return;
  event.detail.shouldSwap = false;
  for (const part of fresh.querySelectorAll("[data-trace-part]")) {
    current.root.querySelector(`[data-trace-part="${part.dataset.tracePart}"]`).innerHTML = part.innerHTML;
  }
  poll.replaceWith(freshPoll);
  htmx.process(freshPoll);
  current.load();
});

// Said of each element that came in, of which there may be a hundred at a time.
document.addEventListener("htmx:load", ({ target }) => {
  const gone = current && !current.root.isConnected;
  if (gone || target.matches("[data-waterfall]") || target.querySelector("[data-waterfall]")) start();
});
start();
