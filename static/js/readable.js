// A text that is JSON, or ends with an object of it, laid out for reading. Numbers stay as they were written.
import { parse, write } from "./json.js";

// A text may have many braces that begin nothing.
const MOST_STARTS = 8;

// The text with its JSON on lines of its own; nothing if there is none.
export function laidOut(text) {
  const whole = text.trim();
  if (!/[}\]]$/.test(whole)) return "";
  let start = whole.startsWith("[") ? 0 : whole.indexOf("{");
  for (let tries = 0; start >= 0 && tries < MOST_STARTS; tries += 1) {
    const json = read(whole.slice(start));
    if (json) return start ? `${whole.slice(0, start).trimEnd()}\n${json}` : json;
    start = whole.indexOf("{", start + 1);
  }
  return "";
}

function read(text) {
  try {
    const found = write(parse(text));
    return found.includes("\n") ? found : "";
  } catch {
    return "";
  }
}
