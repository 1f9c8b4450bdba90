// [data-keys]: a dialog that says the keys of the page; `?` and [data-keys-open] open it. [data-keys-of] is shown only
// where the page has what it finds.
const dialog = document.querySelector("[data-keys]");

function open() {
  for (const part of dialog.querySelectorAll("[data-keys-of]")) part.hidden = !document.querySelector(part.dataset.keysOf);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-open]")) open();
  if (event.target.closest("[data-keys-close]")) dialog.close();
});

// Before all others: while it is open, the page's own keys do nothing.
addEventListener("keydown", (event) => {
  if (!dialog) return;
  if (dialog.open) event.stopPropagation();
  if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
}, true);
