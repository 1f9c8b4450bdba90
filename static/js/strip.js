// The strip above the tabs follows what the page below it does: the time that a waterfall shows is the one that is chosen,
// and lines that were fetched are no longer unknown.
import { placeOf } from "./axis-points.js";
import { endsOf, said } from "./range.js";

const RESTING = 2000;
const strip = () => document.getElementById("strip");
let waiting = 0;

// The waterfall has another range: [data-chosen] on the axis, and in words.
document.addEventListener("range:chosen", ({ detail }) => {
  const axis = strip()?.querySelector("[data-axis]");
  const link = strip()?.querySelector("[data-whole-time]");
  if (!axis || !link) return;
  const ends = endsOf(detail);
  const mark = axis.querySelector("[data-chosen]");
  const isChosen = ends.some(Boolean);
  link.hidden = !isChosen;
  mark.setAttribute("visibility", isChosen ? "visible" : "hidden");
  if (!isChosen) return;
  // One that is open goes on to the end of the axis.
  const [from, to] = ends.map((moment, number) => (moment ? placeOf(axis, moment.getTime()) : 1000 * number));
  mark.setAttribute("x", `${from / 10}%`);
  mark.setAttribute("width", `${Math.max(to - from, 1) / 10}%`);
  link.querySelector("[data-range-words]").textContent = said(...ends);
});

// In the reader's own time, as everywhere. The strip may have come before this script.
function say(root) {
  const element = root.querySelector?.("[data-range-words]");
  const ends = element ? endsOf(element.dataset) : [];
  if (ends.some(Boolean)) element.textContent = said(...ends);
}

document.addEventListener("htmx:load", (event) => say(event.target));
say(document);

// It asks for the range that the address has now.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt !== strip()) return;
  const [path, query] = detail.path.split("?");
  const [asks, here] = [new URLSearchParams(query), new URLSearchParams(location.search)];
  for (const name of ["after", "before"]) {
    if (here.has(name)) asks.set(name, here.get(name));
    else asks.delete(name);
  }
  detail.path = String(asks) ? `${path}?${asks}` : path;
});

// Lines or events came: the strip's density has them, too.
document.addEventListener("live:added", (event) => {
  if (!event.target.querySelector?.(".log-rows, .event-rows") || waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    if (strip()) htmx.trigger(strip(), "due");
  }, RESTING);
});
