// [data-selection]: rows with checkboxes, one that ticks all that run, and a bar that says how many. Where all of the page
// that runs is ticked and there is more, the bar offers all that match the filter. Two ticked rows can be compared.
function update(form) {
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
  const ticked = boxes.filter((box) => box.checked);
  const running = boxes.filter((box) => box.name === "id");
  const whole = ticked.length > 0 && ticked.length === running.length && ticked.every((box) => box.name === "id");
  const all = form.querySelector("[data-select-all]");
  if (all) {
    all.checked = whole;
    all.indeterminate = ticked.length > 0 && !whole;
  }
  const offer = form.querySelector("[data-selection-offer]");
  const matching = form.querySelector("input[name=matching]");
  if (offer) offer.hidden = !whole;
  if (matching && !whole) matching.checked = false;
  form.querySelector("[data-selection-words]").hidden = Boolean(matching?.checked);
  form.querySelector("[data-selection-count]").textContent = ticked.length;
  form.querySelector("[data-selection-bar]").hidden = ticked.length === 0;
  acts(form, ticked);
  compared(form, matching?.checked ? [] : ticked);
}

// What is over can be compared, and nothing else.
function acts(form, ticked) {
  const over = ticked.some((box) => box.name !== "id");
  for (const button of form.querySelectorAll("[data-selection-act]")) button.disabled = over;
  const words = form.querySelector("[data-selection-over]");
  if (words) words.hidden = !over;
}

function compared(form, ticked) {
  const link = form.querySelector("[data-compare-link]");
  link.hidden = ticked.length !== 2;
  const hint = form.querySelector("[data-compare-hint]");
  if (hint) hint.hidden = ticked.length === 2;
  if (link.hidden) return;
  const [one, other] = ticked.map((box) => box.dataset);
  const query = new URLSearchParams(one.run ? { run: one.run } : {});
  query.set("with", other.run || other.execution);
  link.href = `${one.compare}?${query}`;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) {
    for (const box of form.querySelectorAll("tbody input[name=id]")) box.checked = event.target.checked;
    if (!event.target.checked) for (const box of form.querySelectorAll("tbody :checked")) box.checked = false;
  }
  update(form);
});

// A page that comes back, from the browser's cache or by a reload, has its boxes ticked as they were.
function again() {
  for (const form of document.querySelectorAll("[data-selection]")) {
    if (form.querySelector("[data-selection-bar]")) update(form);
  }
}

again();
addEventListener("pageshow", again);
