// Rows that could not be replayed are fetched, and come in before those after them.
import { nextTurn } from "./turns.js";

// Pages that a gap may be wide; beyond that the newest rows are shown, and the others as the reader goes back.
const MOST_PAGES = 20;

// Those who follow get them now, others when they go there.
export async function mend({ window, light, newer }) {
  light.gap("mending");
  // The rows after the gap come at once, if there are any.
  for (let turn = 0; turn < 20 && !window.queue.length; turn += 1) await nextTurn();
  try {
    for (let tries = 0; tries < MOST_PAGES && window.broken; tries += 1) await newer();
  } catch {
    // Said below.
  }
  light.gap(window.broken ? "failed" : "mended");
}
