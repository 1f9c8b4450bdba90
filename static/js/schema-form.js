// [data-call]: fields made from a schema, and the JSON that is sent. Each follows the other; the JSON has the last word.
import * as json from "./json.js";
import { doubt, mark, show, value } from "./schema-fields.js";
import * as places from "./schema-places.js";
import { changed, focusAfter, showRows } from "./schema-rows.js";

const LARGE = 50_000;
const MOST_BYTES = 2 * 1024 * 1024;
const OTHER = "The JSON has something else here.";
const parsed = (text) => (text ? json.parse(text) : undefined);

class SchemaForm {
  constructor(root) {
    this.fields = root.querySelector("[data-fields]");
    this.editor = root.querySelector("[data-json]");
    this.problem = root.querySelector("[data-json-problem]");
    this.told = root.querySelector("[data-json-told]");
    this.state = {};
    this.editor.addEventListener("input", () => this.later());
    // The words stand below it already.
    this.editor.addEventListener("invalid", (event) => {
      event.preventDefault();
      this.editor.focus();
    });
    this.fields?.addEventListener("input", (event) => this.typed(event.target));
    this.fields?.addEventListener("click", (event) => {
      const button = event.target.closest("[data-add], [data-remove], [data-move]");
      if (button) this.rows(button);
    });
    root.closest("form").addEventListener("misfits", () => this.misfits());
    this.read();
    this.misfits();
  }

  // What is large is read when the typing pauses.
  later() {
    clearTimeout(this.reading);
    this.told?.remove();
    this.editor.setCustomValidity("");
    this.reading = setTimeout(() => this.read(), this.editor.value.length > LARGE ? 400 : 0);
  }

  // From the JSON to the fields.
  read() {
    this.say(this.parse());
    if (this.editor.validationMessage) return;
    for (const node of this.fields?.children ?? []) this.fill(node, json.get(this.state, places.keyOf(node)));
  }

  // The state from the JSON; what is wrong with it, if something is.
  parse() {
    clearTimeout(this.reading);
    this.reading = 0;
    const text = this.editor.value;
    // The server would refuse it, and the form would be lost.
    if (text.length > MOST_BYTES / 4 && new Blob([text]).size > MOST_BYTES) return "The input is larger than 2 MB.";
    try {
      const found = text.trim() ? json.parse(text) : {};
      if (!json.isObject(found)) return 'This is not an object: write it as {"name": "value"}.';
      this.state = found;
      this.text = text;
    } catch (error) {
      return `This is not JSON: ${error.message}.`;
    }
    return "";
  }

  // What is wrong is not sent, and the fields wait: they would write over it.
  say(words) {
    const shown = this.told?.isConnected ? "" : words;
    if (words) this.editor.setAttribute("aria-invalid", "true");
    else if (this.problem.textContent) this.editor.removeAttribute("aria-invalid");
    this.problem.textContent = shown && this.fields ? `${shown} The fields wait until it is mended.` : shown;
    this.editor.setCustomValidity(words);
    if (this.fields) this.fields.inert = Boolean(words);
  }

  fill(node, found) {
    const absent = found === undefined || found === null;
    let fits = true;
    if (node.dataset.node === "object") {
      fits = absent || json.isObject(found);
      if (fits) this.fillObject(node, found, absent);
    } else if (node.dataset.node === "array") {
      fits = absent || Array.isArray(found);
      if (fits) showRows(node, found ?? [], (inner, one) => this.fill(inner, one));
    } else fits = show(node, found);
    mark(node, fits ? "" : doubt(node) || OTHER);
  }

  fillObject(node, found, absent) {
    const choice = node.querySelector(":scope > .switch > [data-switch]");
    const inside = node.querySelector(":scope > [data-inside]");
    if (choice) {
      choice.checked = !absent;
      inside.hidden = absent;
    }
    for (const child of inside.children) this.fill(child, absent ? undefined : json.get(found, places.keyOf(child)));
  }

  // From a field to the JSON.
  typed(target) {
    const node = target.closest("[data-node]");
    if (target.matches("[data-switch]")) {
      this.set(node, parsed(target.checked ? node.dataset.full : node.dataset.empty));
      return this.fill(node, places.find(this.state, node));
    }
    let words = "";
    try {
      this.set(node, value(node));
    } catch {
      // It cannot be sent as long as this stands there.
      words = "This is not JSON.";
    }
    target.setCustomValidity(words);
    return mark(node, words || doubt(node));
  }

  rows(button) {
    const node = button.closest("[data-node=array]");
    if (!this.isCurrent()) return;
    const list = places.find(this.state, node) ?? [];
    const number = changed(button, node, list, parsed(node.querySelector(":scope > template").dataset.full));
    this.set(node, list.length ? list : parsed(node.dataset.empty));
    showRows(node, list, (inner, one) => this.fill(inner, one));
    mark(node, "");
    focusAfter(button, node, number);
  }

  // Whether the state is what the JSON says now, however that came there.
  isCurrent() {
    if (this.editor.value !== this.text) this.say(this.parse());
    return !this.editor.validationMessage;
  }

  // Only this place changes.
  set(node, wanted) {
    if (!this.isCurrent()) return;
    places.set(this.state, node, wanted);
    this.editor.value = json.write(this.state);
    this.text = this.editor.value;
    this.say("");
  }

  // What the server found wrong, at the fields.
  misfits() {
    const nodes = [...this.fields?.querySelectorAll("[data-node]") ?? []];
    for (const one of this.editor.form.querySelectorAll("[data-misfit]")) {
      const node = nodes.find((found) => places.path(found) === one.dataset.misfit);
      if (node) mark(node, one.dataset.words);
    }
  }
}

const known = new WeakMap();

function start(place) {
  for (const root of [place, ...place.querySelectorAll("[data-call]")]) {
    if (root.matches?.("[data-call]") && !known.has(root)) known.set(root, new SchemaForm(root));
  }
}

start(document);
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
// A page that comes back from the browser's memory.
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const root of document.querySelectorAll("[data-call]")) known.get(root)?.read();
});
