// [data-marks]: rows that the server found a text in. Those that can be seen are marked where they have it; one that has it
// further inside is marked there once it is opened.
import { paint, patternOf } from "./paint.js";
import { onSettled } from "./settled.js";

const PARTS = "summary > .kind, summary > .cut, summary > .outcome, .row-body pre, .row-body dd";
let frame;
let painted = false;

function show() {
  frame = undefined;
  const list = document.querySelector("[data-marks]");
  if (list) paint(list, patternOf(list.dataset.marks), { parts: PARTS, only: ".row" });
  else if (painted) CSS.highlights?.get("found")?.clear();
  painted = Boolean(list);
}

function later() {
  if (painted || document.querySelector("[data-marks]")) frame ??= requestAnimationFrame(show);
}

later();
for (const name of ["scroll", "resize"]) addEventListener(name, later, { passive: true });
onSettled(later);
document.addEventListener("toggle", later, true);
