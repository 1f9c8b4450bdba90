// [data-json]: Ctrl+Enter sends, what is too large stays here, and [data-recent] buttons fill it.
const MOST_BYTES = 2 * 1024 * 1024;

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-json]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-recent]");
  if (!button) return;
  const editor = button.form.querySelector("[data-json]");
  editor.value = button.value;
  editor.dispatchEvent(new Event("input", { bubbles: true }));
  editor.focus();
});

// The server would refuse it, and the form would be lost.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-json]")) return;
  const isLarge = event.target.value.length > MOST_BYTES / 4 && new Blob([event.target.value]).size > MOST_BYTES;
  event.target.setCustomValidity(isLarge ? "The input is larger than 2 MB." : "");
});

// A name that is typed: one that the workflow declares brings its fields, any other takes them away. What has been typed
// into the JSON by then stays.
let typed = false;
let kept;

document.addEventListener("change", (event) => {
  const root = event.target.closest("[data-call]");
  if (event.target.name !== "name" || !root) return;
  const chips = [...root.querySelectorAll("[data-name]")];
  const chosen = chips.find((one) => one.dataset.name === event.target.value.trim());
  typed = Boolean(chosen);
  if (chosen) return chosen.click();
  for (const chip of chips) {
    chip.classList.remove("on");
    chip.removeAttribute("aria-current");
  }
  for (const part of root.querySelectorAll("[data-fields], [data-about]")) part.hidden = true;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "call") return;
  const editor = event.detail.target.querySelector("[data-json]");
  kept = typed && editor.value !== editor.defaultValue ? editor.value : undefined;
  typed = false;
});

document.addEventListener("htmx:load", (event) => {
  const editor = event.target.querySelector("[data-json]");
  if (!editor || kept === undefined) return;
  editor.value = kept;
  editor.dispatchEvent(new Event("input", { bubbles: true }));
  kept = undefined;
});
