// [data-json]: Ctrl+Enter sends from any field of its form, Enter alone sends no write, and [data-recent] buttons fill it.
import { offerUndo } from "./json-kept.js";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.form) return;
  if (event.ctrlKey || event.metaKey) {
    if (!event.target.form.querySelector("[data-json]")) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  } else if (event.target.matches("input, select") && event.target.form.querySelector("[data-call=write]")) {
    event.preventDefault();
    // A name is chosen by Enter, too; browsers say so only where Enter sends.
    if (event.target.name === "name") event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-recent]");
  if (!button) return;
  const editor = button.form.querySelector("[data-json]");
  const stood = editor.value;
  editor.value = button.value;
  editor.dispatchEvent(new Event("input", { bubbles: true }));
  offerUndo(editor, stood, "Filled with what was sent before.");
  editor.focus();
});
