// A time axis that has the focus: the arrows move a range over it, with Shift they move its end, Home and End move it to the
// start and to the end, Enter chooses it, Escape goes back to what was chosen, and then to the whole time.
import { band } from "./axis.js";
import { momentAt, placeOf } from "./axis-points.js";
import { choose, chooseAll, isChosen, words } from "./range.js";

const [STEP, WIDE, LEAST] = [10, 100, 2];
// What the keys have marked so far: from and to, in places.
let marked = null;

// Where the keys begin: at what is chosen, or at the start.
function standing(axis) {
  const query = new URLSearchParams(location.search);
  const [after, before] = ["after", "before"].map((name) => Date.parse(query.get(name) ?? ""));
  if (Number.isNaN(after) && Number.isNaN(before)) return [0, WIDE];
  const from = Number.isNaN(after) ? 0 : placeOf(axis, after);
  return [from, Math.max(Number.isNaN(before) ? 1000 : placeOf(axis, before), from + LEAST)];
}

function moved([from, to], step, end) {
  if (end) return [from, Math.min(Math.max(to + step, from + LEAST), 1000)];
  const by = Math.min(Math.max(step, -from), 1000 - to);
  return [from + by, to + by];
}

function show(axis) {
  band(axis, ...(marked ?? [0, 0]));
  // It is not replaced meanwhile.
  axis.toggleAttribute("data-marking", Boolean(marked));
  if (!marked) return axis.setAttribute("aria-valuetext", isChosen() ? "A range is chosen" : "The whole time");
  axis.setAttribute("aria-valuenow", Math.round(marked[0]));
  axis.setAttribute("aria-valuetext", words(...marked.map((place) => momentAt(axis, place))));
}

function press(axis, { key, shiftKey }) {
  const step = { ArrowLeft: -STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowUp: STEP }[key];
  const far = { Home: -1000, End: 1000 }[key];
  if (far) {
    marked = moved(marked ?? standing(axis), far, shiftKey);
  } else if (step) {
    marked = marked ? moved(marked, step, shiftKey) : isChosen() ? moved(standing(axis), step, shiftKey) : standing(axis);
  } else if (key === "Enter" && marked) {
    choose(...marked.map((place) => momentAt(axis, place)));
  } else if (key === "Escape" && (marked || isChosen())) {
    if (!marked) chooseAll();
    marked = null;
  } else return false;
  show(axis);
  return true;
}

document.addEventListener("keydown", (event) => {
  const axis = event.target.closest?.("[data-axis][tabindex]");
  if (!axis || event.ctrlKey || event.metaKey || event.altKey || !press(axis, event)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// Elsewhere nothing is marked.
document.addEventListener("focusout", (event) => {
  const axis = event.target.closest?.("[data-axis][tabindex]");
  if (!axis || !marked) return;
  marked = null;
  show(axis);
});
