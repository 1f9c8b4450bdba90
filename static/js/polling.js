// [data-poll]: refreshes itself through htmx. It rests while nobody looks, and while somebody is in the middle of something.
let open = [];
let focused = "";
let pressed = false;

// What is replaced between press and release is never clicked.
for (const [name, down] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["dragend", false]]) {
  addEventListener(name, () => { pressed = down; }, true);
}

function typing() {
  const field = document.activeElement;
  return field?.closest("#part") && "defaultValue" in field && field.value !== field.defaultValue;
}

function busy(poller) {
  const selecting = document.querySelector("[data-selection] tbody :checked") || String(getSelection()) !== "";
  return document.hidden || selecting || (poller.closest("#part") && typing());
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-poll]") && busy(event.target)) event.preventDefault();
});

// A failed refresh leaves what is there, and says so until one works again.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches("[data-poll]")) return;
  document.querySelector("[data-stale]").hidden = Boolean(event.detail.successful);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const polled = event.detail.requestConfig?.elt.matches("[data-poll]");
  if (polled && (pressed || event.detail.xhr.status >= 400)) event.detail.shouldSwap = false;
  if (!event.detail.shouldSwap || event.detail.target?.id !== "part") return;
  open = [...event.detail.target.querySelectorAll("details[open][id]")].map((element) => element.id);
  focused = (document.activeElement?.closest("details[id], tr[id]") ?? document.activeElement)?.id ?? "";
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "part") return;
  for (const id of open) {
    const element = document.getElementById(id);
    if (element) element.open = true;
  }
  const again = focused && document.getElementById(focused);
  if (again) (again.querySelector("summary, .id a") ?? again).focus({ preventScroll: true });
  open = [];
  focused = "";
});
