// One row of a waterfall, made to show a span: the same as the server's first ones.
import { thousands } from "./thousands.js";
import { CALLS_MODEL, CRITICAL, FAILED, RUNNING, length } from "./waterfall-model.js";

const [WIDTH, THIN] = [1000, 2];
const FLAGS = { bad: FAILED, critical: CRITICAL, going: RUNNING, model: CALLS_MODEL };

export function fill(row, place, waterfall, { base, step }) {
  const { model, closed, at, selected, found, shown } = waterfall;
  const [going, inside] = [model.going.get(place), model.failedInside[place]];
  // What is there already is left alone.
  const key = [place, place === at, place === selected, found?.has(place), closed.has(model.id[place]), shown.from, shown.to,
    base, step, model.version, model.told].join();
  if (row.key === key) return;
  row.key = key;
  row.id = `span-${place}`;
  row.dataset.place = place;
  row.dataset.span = model.id[place];
  const names = Object.keys(FLAGS).filter((name) => model.has(place, FLAGS[name]));
  const marks = { at: place === at, selected: place === selected, match: found?.has(place), hurt: inside > 0, stuck: going?.failing };
  if (going && !going.over && !names.includes("going")) names.push("going");
  row.className = ["span-row", ...names, ...Object.keys(marks).filter((name) => marks[name])].join(" ");
  row.setAttribute("aria-level", model.depth[place] + 1);
  row.setAttribute("aria-selected", place === selected);
  if (model.isParent(place)) row.setAttribute("aria-expanded", !closed.has(model.id[place]));
  else row.removeAttribute("aria-expanded");
  const [name, bar, own, took] = row.children;
  const [indent, , title, said] = name.children;
  indent.setAttribute("width", Math.max(Math.round((model.depth[place] - base) * step), 0));
  title.textContent = model.names[model.name[place]];
  const hidden = inside && closed.has(model.id[place]) && `${thousands(inside)} failed inside`;
  said.textContent = [going?.words, hidden, model.said[place]].filter(Boolean).join(" · ");
  own.textContent = going?.known === false ? "" : length(model.own[place]);
  took.textContent = going && !going.over ? going.short : model.has(place, RUNNING) ? "running" : length(model.took[place]);
  const scale = WIDTH / Math.max(shown.to - shown.from, 1);
  const x = Math.min(Math.max((model.begin[place] - shown.from) * scale, 0), WIDTH - THIN);
  const end = Math.min((model.begin[place] + model.took[place] - shown.from) * scale, WIDTH);
  const path = Math.min((model.waitedUntil(place) - shown.from) * scale, end);
  for (const [part, to] of [[bar.children[0], end], [bar.children[1], path]]) {
    part.setAttribute("x", x.toFixed(1));
    part.setAttribute("width", Math.max(to - x, THIN).toFixed(1));
  }
}
