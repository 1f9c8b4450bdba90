// The strip above the tabs follows what the page below it does: the time that a waterfall shows is the one that is chosen,
// and lines that were fetched are no longer unknown.
import { placeOf } from "./axis-points.js";
import { words } from "./range.js";

const RESTING = 2000;
const strip = () => document.getElementById("strip");
let waiting = 0;

// The waterfall has another range: [data-chosen] on the axis, and in words.
document.addEventListener("range:chosen", ({ detail }) => {
  const axis = strip()?.querySelector("[data-axis]");
  const link = strip()?.querySelector("[data-whole-time]");
  if (!axis || !link) return;
  const range = detail.after && detail.before && [detail.after, detail.before].map((moment) => new Date(moment));
  const mark = axis.querySelector("[data-chosen]");
  link.hidden = !range;
  mark.setAttribute("visibility", range ? "visible" : "hidden");
  if (!range) return;
  const [from, to] = range.map((moment) => placeOf(axis, moment.getTime()));
  mark.setAttribute("x", `${from / 10}%`);
  mark.setAttribute("width", `${Math.max(to - from, 1) / 10}%`);
  link.querySelector("[data-range-words]").textContent = words(...range);
});

// In the reader's own time, as everywhere. The strip may have come before this script.
function say(root) {
  const said = root.querySelector?.("[data-range-words][data-after]");
  if (said) said.textContent = words(new Date(said.dataset.after), new Date(said.dataset.before));
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

// Lines came from a page of them: the strip's density has them, too.
document.addEventListener("live:added", (event) => {
  if (!event.target.querySelector?.(".log-rows") || waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    if (strip()) htmx.trigger(strip(), "due");
  }, RESTING);
});
