// [data-once]: a form that can be sent once.
// [data-first-field]: a form whose first field that wants something has the focus, where no keyboard comes up for it.
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
function freshen() {
  for (const form of document.querySelectorAll("[data-once]")) {
    delete form.dataset.sent;
    form.querySelectorAll("button:not([type=button])").forEach((one) => { one.disabled = false; });
  }
  for (const form of document.querySelectorAll("[data-filters]")) {
    for (const field of form.elements) field.disabled = false;
  }
}

// Some browsers restore on a reload, too.
freshen();
addEventListener("pageshow", (event) => { if (event.persisted) freshen(); });

document.addEventListener("change", (event) => {
  const filter = event.target.closest("[data-filters] input[type=checkbox]");
  if (filter) filter.form.requestSubmit();
});

const WANTED = "[data-fields] [data-control], [data-json], [name=reason]";

function focusFirst(form) {
  const name = form.querySelector("[name=name]");
  const field = form.querySelector("[aria-invalid=true]") ?? (name?.value === "" ? name : form.querySelector(WANTED));
  field?.focus({ preventScroll: true });
}

// Nobody is interrupted who has begun elsewhere.
if (matchMedia("(pointer: fine)").matches && !location.hash && document.activeElement === document.body) {
  for (const form of document.querySelectorAll("[data-first-field]")) focusFirst(form);
}
