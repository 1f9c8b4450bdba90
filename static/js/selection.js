// [data-selection]: rows with checkboxes, one that ticks them all, and a bar that says how many.
function update(form) {
  const count = form.querySelectorAll("tbody input[name=id]:checked").length;
  form.querySelector("[data-selection-count]").textContent = count;
  form.querySelector("[data-selection-bar]").hidden = count === 0;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) {
    for (const box of form.querySelectorAll("tbody input[name=id]")) box.checked = event.target.checked;
  }
  update(form);
});
