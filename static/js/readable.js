// A text that is JSON, or ends with it, laid out for reading. Numbers stay as they were written.
import { parse, write } from "./json.js";

const MOST_STARTS = 8;

// The text with its JSON on lines of its own; nothing if there is none.
export function laidOut(text) {
  const whole = text.trimEnd();
  if (!/[}\]]$/.test(whole)) return "";
  let start = -1;
  for (let tries = 0; tries < MOST_STARTS; tries += 1) {
    start = whole.slice(start + 1).search(/[{[]/) + start + 1;
    if (start < 0 || !/[{[]/.test(whole[start] ?? "")) return "";
    const json = read(whole.slice(start));
    if (json) return start ? `${whole.slice(0, start).trimEnd()}\n${json}` : json;
  }
  return "";
}

function read(text) {
  // Most brackets in a line are no JSON's; the parser is slow to say so.
  if (!/^(\{\s*["}]|\[\s*["{[\]\dtfn-])/.test(text)) return "";
  try {
    const found = write(parse(text));
    return found.includes("\n") ? found : "";
  } catch {
    return "";
  }
}
