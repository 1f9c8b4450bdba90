// [data-axis]: a time axis. A drag over it chooses a range, which goes into the address as `after` and `before`; meanwhile
// [data-reading] says it. See axis-points.js for what `data-axis` has.
import { momentAt } from "./axis-points.js";
import { choose, words } from "./range.js";

const LEAST = 6;

export function read(text) {
  const reading = document.querySelector("[data-reading]");
  if (reading) reading.textContent = text;
}

// Mark a range of places, from 0 to 1,000, while it is not chosen yet.
export function band(axis, from, to) {
  const element = axis.querySelector("[data-band]");
  element.setAttribute("x", `${from / 10}%`);
  element.setAttribute("width", `${(to - from) / 10}%`);
  read(to > from ? words(momentAt(axis, from), momentAt(axis, to)) : "");
}

document.addEventListener("pointerdown", (event) => {
  const axis = event.target.closest?.("[data-axis]");
  if (!axis || event.button !== 0) return;
  const { left, width } = axis.getBoundingClientRect();
  const start = event.clientX;
  const placeAt = (x) => Math.min(Math.max((x - left) / width, 0), 1) * 1000;
  const over = (x) => [start, x].sort((one, other) => one - other).map(placeAt);
  event.preventDefault();
  // The keys go on from here.
  axis.focus({ preventScroll: true });
  axis.setPointerCapture(event.pointerId);
  const ending = new AbortController();
  const { signal } = ending;
  const end = (ended) => {
    ending.abort();
    const [from, to] = over(ended.clientX);
    band(axis, 0, 0);
    if (ended.type === "pointerup" && Math.abs(ended.clientX - start) >= LEAST) choose(momentAt(axis, from), momentAt(axis, to));
  };
  axis.addEventListener("pointermove", (moved) => band(axis, ...over(moved.clientX)), { signal });
  for (const name of ["pointerup", "pointercancel"]) axis.addEventListener(name, end, { signal });
});
