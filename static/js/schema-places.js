// Where a field of a schema's form stands in the JSON. `state` is the whole value; a node is a [data-node] element.
import * as json from "./json.js";
import { place } from "./schema-rows.js";

// The property's name; in an attribute as JSON, since it may be anything.
export const keyOf = (node) => JSON.parse(node.dataset.key);

const above = (node) => node.parentElement.closest("[data-node]");
const step = (node) => (node.parentElement.matches("[data-rows] > li") ? place(node.parentElement) : keyOf(node));
const isContainer = (node, found) => (node.dataset.node === "array" ? Array.isArray(found) : json.isObject(found));

// `items.0.price`, as the server names it.
export function path(node) {
  return (above(node) ? `${path(above(node))}.` : "") + step(node);
}

// The value that stands for a container now; undefined where there is none.
export function find(state, node) {
  const holder = above(node) ? find(state, above(node)) : state;
  const found = holder && json.get(holder, step(node));
  return found !== undefined && isContainer(node, found) ? found : undefined;
}

// The container of this node in the value, made where it is missing.
function holder(state, node) {
  if (!node) return state;
  const outer = holder(state, above(node));
  if (!isContainer(node, json.get(outer, step(node)))) json.put(outer, step(node), node.dataset.node === "array" ? [] : {});
  return json.get(outer, step(node));
}

// Where the schema has a property: before those that it declares later.
function insert(found, node, wanted) {
  const later = new Set();
  for (let next = node.nextElementSibling; next; next = next.nextElementSibling) later.add(keyOf(next));
  const names = Object.keys(found);
  const at = names.findIndex((name) => later.has(name));
  const behind = (at < 0 ? [] : names.slice(at)).map((name) => [name, found[name]]);
  for (const [name] of behind) json.put(found, name, undefined);
  json.put(found, keyOf(node), wanted);
  for (const [name, value] of behind) json.put(found, name, value);
}

// Undefined takes it away.
export function set(state, node, wanted) {
  const found = holder(state, above(node));
  if (wanted === undefined || Array.isArray(found) || Object.hasOwn(found, step(node))) json.put(found, step(node), wanted);
  else insert(found, node, wanted);
}
