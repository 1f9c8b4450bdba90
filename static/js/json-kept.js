// [data-call]: what has been typed is kept for each name, and comes back with the name. Another name starts with its own
// defaults; what was typed before there was a name goes with the first one.
import { toast } from "./copy.js";

const typed = new Map();
let stood;

const rootOf = (element) => element.closest?.("[data-call]");
const editorOf = (root) => root.querySelector("[data-json]");

function put(editor, text) {
  if (editor.value === text) return;
  editor.value = text;
  editor.dispatchEvent(new Event("input", { bubbles: true }));
}

// What the name has now; nothing is kept of a name whose JSON nobody has touched.
function keep(root) {
  const editor = editorOf(root);
  const isTyped = editor.value !== editor.defaultValue || "typed" in editor.dataset;
  if (isTyped || typed.has(root.dataset.named)) typed.set(root.dataset.named, editor.value);
}

function arrive(root) {
  const { named } = root.dataset;
  if (named && !typed.has(named) && typed.get("")?.trim()) {
    typed.set(named, typed.get(""));
    typed.delete("");
  }
  if (typed.has(named)) put(editorOf(root), typed.get(named));
}

// Until the next change of the JSON.
export function offerUndo(editor, text, words) {
  if (!text.trim() || text === editor.value) return;
  const offer = rootOf(editor).querySelector("[data-undo]");
  offer.querySelector("[data-undo-words]").textContent = words;
  offer.hidden = false;
  stood = text;
}

for (const kind of ["input", "click"]) {
  document.addEventListener(kind, (event) => {
    const root = rootOf(event.target);
    if (!root || event.target.name === "name") return;
    keep(root);
    if (kind === "input") root.querySelector("[data-undo]").hidden = true;
  });
}

document.addEventListener("click", (event) => {
  const offer = event.target.closest("[data-undo-button]")?.closest("[data-undo]");
  if (!offer) return;
  put(editorOf(rootOf(offer)), stood);
  offer.hidden = true;
  editorOf(rootOf(offer)).focus();
});

// A name that is typed: one that the workflow declares brings its fields, any other takes them away.
document.addEventListener("change", (event) => {
  const root = rootOf(event.target);
  const name = event.target.value?.trim();
  if (event.target.name !== "name" || !root || name === root.dataset.named) return;
  keep(root);
  root.dataset.named = name;
  const chips = [...root.querySelectorAll("[data-name]")];
  const chosen = chips.find((one) => one.dataset.name === name);
  const editor = editorOf(root);
  const before = editor.value;
  if (!typed.has(name) && typed.get("") === before && before.trim()) arrive(root);
  else put(editor, typed.get(name) ?? "");
  // From here on nothing but what is typed differs.
  editor.defaultValue = editor.value;
  delete editor.dataset.typed;
  if (chosen) return chosen.click();
  for (const chip of chips) {
    chip.classList.remove("on");
    chip.removeAttribute("aria-current");
  }
  for (const part of root.querySelectorAll("[data-fields], [data-about], [data-recents], #id_input-errors")) part.hidden = true;
});

// A form that cannot be loaded leaves the one that is there.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "call" || event.detail.xhr.status < 400) return;
  event.detail.shouldSwap = false;
  toast("The fields of this name could not be loaded");
});

function start(root) {
  const call = root.matches?.("[data-call]") ? root : root.querySelector("[data-call]");
  if (call) arrive(call);
}

// At once: what is sent before the new form has settled is what was typed.
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
