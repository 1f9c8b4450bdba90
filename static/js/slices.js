import { nextTurn, slice } from "./turns.js";

// Do it with each of many things without holding up the page.
export async function inSlices(things, work) {
  let over = slice();
  for (const thing of things) {
    work(thing);
    if (!over()) continue;
    await nextTurn();
    over = slice();
  }
}
