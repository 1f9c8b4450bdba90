// [data-selection]: rows with checkboxes, one that ticks them all, and a bar that says how many. Where all of the page is
// ticked and there is more, the bar offers all that match the filter.
function update(form) {
  const boxes = [...form.querySelectorAll("tbody input[name=id]")];
  const ticked = boxes.filter((box) => box.checked).length;
  const whole = ticked > 0 && ticked === boxes.length;
  const all = form.querySelector("[data-select-all]");
  all.checked = whole;
  all.indeterminate = ticked > 0 && !whole;
  const offer = form.querySelector("[data-selection-offer]");
  const matching = form.querySelector("input[name=matching]");
  if (offer) offer.hidden = !whole;
  if (matching && !whole) matching.checked = false;
  form.querySelector("[data-selection-words]").hidden = Boolean(matching?.checked);
  form.querySelector("[data-selection-count]").textContent = ticked;
  form.querySelector("[data-selection-bar]").hidden = ticked === 0;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) {
    for (const box of form.querySelectorAll("tbody input[name=id]")) box.checked = event.target.checked;
  }
  update(form);
});

// A page that comes back from the browser's cache has its boxes ticked as they were.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-selection]")) {
    if (form.querySelector("[data-select-all]")) update(form);
  }
});
