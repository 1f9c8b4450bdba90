// [data-standing]: how an activity is doing that has not ended, as the sentence at the top knows it. It is put into the
// activity's row in the history, whichever of the two came later; of what the sentence knows no more, it goes again.
import { onSettled } from "./settled.js";

// What the cells had before.
const told = new Map();

function put(cell, words) {
  if (!cell) return;
  if (!told.has(cell)) told.set(cell, [...cell.childNodes]);
  if (cell.innerHTML !== words.innerHTML) cell.replaceChildren(...[...words.childNodes].map((node) => node.cloneNode(true)));
}

function tell() {
  const known = new Set();
  for (const standing of document.querySelectorAll("[data-standing]")) {
    const row = document.getElementById(`event-${standing.dataset.standing}`);
    const isFailing = "failing" in standing.dataset;
    // Beside a bar there is room for what is wrong only.
    if (!row?.matches(isFailing ? ".pending" : ".compact-rows > .pending")) continue;
    row.classList.toggle("retrying", isFailing);
    for (const [number, name] of ["outcome", "tells"].entries()) {
      const cell = row.querySelector(`summary .${name}`);
      put(cell, standing.children[number]);
      known.add(cell);
    }
  }
  for (const [cell, before] of told) {
    if (known.has(cell)) continue;
    told.delete(cell);
    cell.closest(".row")?.classList.remove("retrying");
    cell.replaceChildren(...before);
  }
}

tell();
onSettled(tell);
