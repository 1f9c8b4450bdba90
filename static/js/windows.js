// [data-windowed]: a list of which the page holds some hundreds of rows. htmx brings more at its ends; those furthest from
// where they come in go, and the way back to them stands there instead. The attribute is the address of more rows.
// What else belongs to such a list: the bar above it, its address, marks of what is looked for, and what the sentence knows
// of its rows.
import "./bar.js";
import "./history-address.js";
import "./marks.js";
import { onSettled } from "./settled.js";
import "./standings.js";

const MOST = 300;

function edge(list, way, row) {
  const item = document.createElement("li");
  item.className = "edge";
  item.dataset.edge = way;
  const url = new URL(list.dataset.windowed, location);
  url.searchParams.set(way, row.id.replace(/^event-/, ""));
  item.setAttribute("hx-get", url.pathname + url.search);
  item.setAttribute("hx-trigger", "intersect once, click");
  item.setAttribute("hx-target", "this");
  item.setAttribute("hx-swap", "outerHTML");
  item.innerHTML = '<button type="button" class="quiet">More rows</button>';
  return item;
}

// `way`: where rows came in. Those that go are at the other end, unless the reader is there.
function trim(list, way) {
  const rows = [...list.querySelectorAll(":scope > .row")];
  const over = rows.length - MOST;
  if (over <= 0) return;
  const off = way === "past" ? rows.slice(0, over) : rows.slice(-over);
  // The reader may look at them, or at their middle only.
  if (off[0].getBoundingClientRect().top < innerHeight && off.at(-1).getBoundingClientRect().bottom > 0) return;
  const kept = way === "past" ? rows[over] : rows[rows.length - over - 1];
  const before = kept.getBoundingClientRect().top;
  const other = way === "past" ? "ahead" : "past";
  for (const old of list.querySelectorAll(`:scope > [data-edge="${other}"]`)) old.remove();
  // What comes in at the end that goes is got with the rows there.
  const end = document.getElementById("history-end");
  if (end === (way === "past" ? list.firstElementChild : list.lastElementChild)) end?.remove();
  for (const row of off) row.remove();
  const made = edge(list, other, kept);
  if (way === "past") kept.before(made);
  else kept.after(made);
  htmx.process(made);
  const moved = kept.getBoundingClientRect().top - before;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}

onSettled((event) => {
  const asked = event.detail.requestConfig?.elt;
  const list = document.querySelector("[data-windowed]");
  if (!list || !asked) return;
  // New rows come in at one end only.
  const news = () => (list.firstElementChild?.id === "history-end" ? "ahead" : "past");
  const way = asked.id === "history-end" ? news() : asked.dataset.edge;
  if (way) trim(list, way);
});

// htmx says of each element that goes that it goes, thousands for some hundreds of rows; so the rows of another search go
// before. At the window, after whoever decides at the document whether anything is swapped.
addEventListener("htmx:beforeSwap", ({ detail: { target, shouldSwap } }) => {
  if (shouldSwap && target.id === "history-found") target.querySelector("[data-windowed]")?.replaceChildren();
});
