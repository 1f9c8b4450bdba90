// [data-once]: a form that can be sent once. [data-fills]: a choice that fills a field. [data-sets]: a button that does.
// [data-filters]: a form whose empty fields stay out of the address.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-once]")) {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // Not disabled until it is on its way, or the pressed button would not be sent.
    setTimeout(() => form.querySelectorAll("button:not([type=button])").forEach((one) => { one.disabled = true; }));
  }
  if (form.matches("[data-filters]")) {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  }
});

// A page that comes back from the browser's cache can be used again; the server knows what was sent.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((one) => { one.disabled = false; });
  }
  for (const form of document.querySelectorAll("[data-filters]")) {
    for (const field of form.elements) field.disabled = false;
  }
});

document.addEventListener("change", (event) => {
  const chosen = event.target.closest("[data-fills]");
  if (chosen) document.querySelector(chosen.dataset.fills).value = chosen.value;
  const filter = event.target.closest("[data-filters] input[type=checkbox]");
  if (filter) filter.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sets]");
  if (!button) return;
  const field = document.querySelector(button.dataset.sets);
  field.value = button.value;
  field.focus();
});
