// A text in rows: whether they have it, and marks where those that can be seen have it. The rows stay as they are.
import { inSight } from "./sight.js";

const MOST_IN_A_PART = 100;
const marks = globalThis.Highlight ? new Highlight() : null;
if (marks) CSS.highlights.set("found", marks);

// The text in any case.
export function patternOf(text) {
  return text ? new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "giu") : null;
}

export function matches(row, pattern) {
  if (!pattern) return false;
  return [...row.querySelectorAll("[data-find]")].some((part) => part.textContent.search(pattern) >= 0);
}

export function paint(list, pattern, { parts = "[data-find], [data-laid], .by", only = ".match" } = {}) {
  marks?.clear();
  if (!marks || !pattern) return;
  for (const row of inSight(list)) {
    if (!row.matches(only)) continue;
    for (const part of row.querySelectorAll(parts)) {
      for (const range of ranges(part, pattern)) marks.add(new StaticRange(range));
    }
  }
}

function ranges(part, pattern) {
  const node = part.firstChild;
  const found = [];
  for (const { index, 0: text } of node?.data?.matchAll(pattern) ?? []) {
    const [startContainer, endContainer] = [node, node];
    found.push({ startContainer, startOffset: index, endContainer, endOffset: index + text.length });
    if (found.length === MOST_IN_A_PART) break;
  }
  return found;
}

export function firstRange(parts, pattern) {
  for (const part of parts) {
    const [place] = ranges(part, pattern);
    if (!place) continue;
    const range = new Range();
    range.setStart(place.startContainer, place.startOffset);
    range.setEnd(place.endContainer, place.endOffset);
    return range;
  }
  return null;
}
