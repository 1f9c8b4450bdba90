// A JSON document that changes by patches: RFC 6902's add, replace and remove, and `append`, which makes a text longer.
// Patches are hostile: what cannot be applied throws, and the document stays unknown until it is sent whole again.
import { get, isObject, isText, put } from "./json.js";

// Characters kept of a text; its start goes first, and not at each append.
export const MOST_TEXT = 200000;
const SLACK = 50000;
// Of a whole document, in characters and eight for each value.
const MOST_WEIGHT = 1000000;
const LONGEST_NUMBER = 21000;
const MOST_DEPTH = 60;
const MOST_OPERATIONS = 1000;
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

// A value that only the workspace's own key opens.
export function isSealed(value) {
  return isObject(value) && get(value, "type") === "__encrypted__";
}

// A text that has grown is in many pieces until it is looked into, so it is not: no number is so long.
function isGrown(value) {
  return typeof value === "string" && value.length > LONGEST_NUMBER ? true : isText(value);
}

export function pointer(keys) {
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

// The API writes the whole document as "", "/" or [].
function keysOf(path) {
  if (Array.isArray(path) ? path.length === 0 : path === "" || path === "/") return [];
  if (typeof path !== "string" || !path.startsWith("/") || /~(?![01])/.test(path)) throw new Error("a path that is none");
  const keys = path.slice(1).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (keys.length > MOST_DEPTH) throw new Error("a path that is too deep");
  return keys;
}

function weigh(value, depth) {
  if (depth > MOST_DEPTH) throw new Error("a value that is too deep");
  if (typeof value === "string") return value.length + 8;
  if (typeof value !== "object" || value === null) return 8;
  let all = 8;
  for (const [key, one] of Object.entries(value)) all += (Array.isArray(value) ? 0 : key.length) + weigh(one, depth + 1);
  return all;
}

function index(list, key, most) {
  if (!INDEX.test(key) || Number(key) > most) throw new Error(`no place “${key.slice(0, 40)}” in a list of ${list.length}`);
  return Number(key);
}

function child(holder, key) {
  if (Array.isArray(holder)) return holder[index(holder, key, holder.length - 1)];
  if (!isObject(holder) || !Object.hasOwn(holder, key)) throw new Error(`no “${key.slice(0, 40)}” to change`);
  return holder[key];
}

export class PatchedDocument {
  constructor(value) {
    // Texts that were appended to, by pointer: how many characters of their start are gone.
    this.texts = new Map();
    this.reset(value);
  }

  reset(value) {
    const weight = weigh(value, 0);
    this.weight = 0;
    this.grow(weight);
    this.root = [value];
    for (const name of this.texts.keys()) this.texts.set(name, 0);
  }

  get value() {
    return this.root[0];
  }

  grow(weight) {
    this.weight += weight;
    if (this.weight > MOST_WEIGHT) throw new Error("more than can be kept");
  }

  apply(operations) {
    if (!Array.isArray(operations)) throw new Error("a patch that is no list");
    if (operations.length > MOST_OPERATIONS) throw new Error("too many changes at once");
    for (const operation of operations) this.operate(operation);
  }

  operate(operation) {
    if (!isObject(operation)) throw new Error("a change that is none");
    const keys = ["0", ...keysOf(get(operation, "path"))];
    const value = get(operation, "value");
    const last = keys.pop();
    let holder = this.root;
    for (const key of keys) holder = child(holder, key);
    switch (get(operation, "op")) {
      case "append": return this.append(holder, last, value, pointer([...keys, last].slice(1)));
      case "add": return this.add(holder, last, value, keys.length);
      case "replace": return this.replace(holder, last, value, keys.length);
      case "remove": return this.remove(holder, last);
      default: throw new Error(`a change of a kind that is not known`);
    }
  }

  append(holder, key, more, name) {
    const before = child(holder, key);
    if (isSealed(before)) return;
    if (isSealed(more)) return this.replace(holder, key, more, 0);
    if (!isGrown(before) || !isText(more)) throw new Error("an append to something that is no text");
    this.grow(more.length);
    let text = before + more;
    let gone = this.texts.get(name) ?? 0;
    if (text.length > MOST_TEXT + SLACK) {
      const over = text.length - MOST_TEXT;
      text = text.slice(over);
      gone += over;
      this.grow(-over);
    }
    if (this.texts.size < MOST_OPERATIONS) this.texts.set(name, gone);
    put(holder, key, text);
  }

  add(holder, key, value, depth) {
    if (holder === this.root || (isObject(holder) && Object.hasOwn(holder, key))) return this.replace(holder, key, value, depth);
    if (value === undefined || (!isObject(holder) && !Array.isArray(holder))) throw new Error("an addition to something that has no parts");
    this.grow(weigh(value, depth) + key.length);
    if (isObject(holder)) put(holder, key, value);
    else holder.splice(key === "-" ? holder.length : index(holder, key, holder.length), 0, value);
  }

  replace(holder, key, value, depth) {
    if (value === undefined) throw new Error("a change without a value");
    this.grow(weigh(value, depth) - weigh(child(holder, key), 0));
    put(holder, key, value);
  }

  remove(holder, key) {
    this.grow(-weigh(child(holder, key), 0));
    if (holder === this.root) this.root[0] = null;
    else if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else put(holder, key, undefined);
  }
}
