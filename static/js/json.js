// JSON that keeps numbers as they were written: large ones and 1.0 would change on their way through JavaScript.
// Such a number is a text with a mark that no text has by chance.
const MARK = `\uE000${Math.random().toString(36).slice(2)}:`;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

// Throws where the text is not JSON.
export function parse(text) {
  JSON.parse(text);
  const plain = (token) => token.startsWith('"') || String(Number(token)) === token;
  return JSON.parse(text.replace(TOKEN, (token) => (plain(token) ? token : JSON.stringify(MARK + token))));
}

export function write(value) {
  return JSON.stringify(value, null, 2).replace(MARKED, "$1");
}

function isMarked(value) {
  return typeof value === "string" && value.startsWith(MARK);
}

export function isText(value) {
  return typeof value === "string" && !isMarked(value);
}

export function isNumber(value) {
  return typeof value === "number" || isMarked(value);
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isNumeral(text) {
  return NUMBER.test(text);
}

// Names from a schema may be any, "__proto__" too.
export function get(holder, name) {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

export function put(holder, name, value) {
  if (value !== undefined) Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true });
  else if (!Array.isArray(holder)) delete holder[name];
}
