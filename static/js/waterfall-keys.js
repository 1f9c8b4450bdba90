// A waterfall under the hand: a click selects, its arrow folds; the keys are those of a tree.
import { FAILED, indexOf } from "./waterfall-model.js";

const PAGE = 20;

export function listen(waterfall) {
  const { root, signal, drawn } = waterfall;
  const tree = drawn.tree;
  tree.addEventListener("click", (event) => click(waterfall, event), { signal });
  tree.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (press(waterfall, event.key)) event.preventDefault();
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "Escape") waterfall.details.close();
    if (event.key === "j" || event.key === "k") {
      tree.focus({ preventScroll: true });
      press(waterfall, event.key === "j" ? "ArrowDown" : "ArrowUp");
    }
  }, { signal });
  root.closest("#part").addEventListener("click", (event) => {
    const [all, failed] = ["all", "failed"].map((name) => event.target.closest(`[data-span-${name}]`));
    if (all) waterfall.foldAll(all.dataset.spanAll === "close");
    if (failed) nextFailed(waterfall);
  }, { signal });
}

function click(waterfall, event) {
  const row = event.target.closest("[data-place]");
  if (!row) return;
  const place = Number(row.dataset.place);
  waterfall.at = place;
  if (event.target.closest(".span-fold") && waterfall.model.isParent(place)) toggle(waterfall, place);
  else waterfall.details.open(place);
}

function toggle(waterfall, place) {
  waterfall.fold(place, !waterfall.closed.has(waterfall.model.id[place]));
}

// Whether the key means something here.
function press(waterfall, key) {
  const { model, rows, at, closed } = waterfall;
  const here = at < 0 ? -1 : indexOf(rows, at);
  const to = (index) => walk(waterfall, rows[Math.min(Math.max(index, 0), rows.length - 1)]);
  switch (key) {
    case "ArrowDown": to(here + 1); break;
    case "ArrowUp": to(here - 1); break;
    case "PageDown": to(here + PAGE); break;
    case "PageUp": to(here - PAGE); break;
    case "Home": to(0); break;
    case "End": to(rows.length - 1); break;
    case "ArrowLeft":
      if (at >= 0 && model.isParent(at) && !closed.has(model.id[at])) waterfall.fold(at, true);
      else if (at >= 0 && model.parent[at] >= 0) walk(waterfall, model.parent[at]);
      break;
    case "ArrowRight":
      if (at >= 0 && closed.has(model.id[at])) waterfall.fold(at, false);
      else if (at >= 0 && model.isParent(at)) walk(waterfall, at + 1);
      break;
    case "Enter": case " ": if (at >= 0) waterfall.details.open(at); break;
    case "+": case "=": waterfall.zoom.by(0.5); break;
    case "-": waterfall.zoom.by(2); break;
    case "0": waterfall.zoom.set(null); break;
    default: return false;
  }
  return true;
}

function walk(waterfall, place) {
  if (place === undefined) return;
  waterfall.at = place;
  waterfall.drawn.reveal(place);
  waterfall.details.follow();
}

function nextFailed(waterfall) {
  const { model, at, zoom } = waterfall;
  for (let step = 1; step <= model.count; step++) {
    const place = (at + step + model.count) % model.count;
    if (!model.has(place, FAILED) || !model.isIn(place, zoom.range)) continue;
    waterfall.go(place);
    return waterfall.details.open(place);
  }
}
