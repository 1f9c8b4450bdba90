// [data-standing]: how an activity is doing that has not ended, as the sentence at the top knows it. It is put into the
// activity's row in the history, whichever of the two came later.
import { onSettled } from "./settled.js";

function put(cell, words) {
  if (!cell || cell.innerHTML === words.innerHTML) return;
  cell.replaceChildren(...[...words.childNodes].map((node) => node.cloneNode(true)));
}

onSettled(() => {
  for (const standing of document.querySelectorAll("[data-standing]")) {
    const row = document.getElementById(`event-${standing.dataset.standing}`);
    if (!row?.matches(".compact-rows > .pending")) continue;
    const [outcome, words] = standing.children;
    put(row.querySelector("summary > .outcome"), outcome);
    put(row.querySelector("summary > .tells"), words);
  }
});
