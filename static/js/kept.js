// What htmx replaces keeps what the reader made of it: open rows, the focus, and how far its own boxes are scrolled.
let open = [];
let scrolled = [];
let focused = null;
let place = null;

// Where the focus is, in words that hold after everything around it is made anew.
function spot(element) {
  const row = element.closest("details[id], tr[id]");
  if (element.id && element !== row) return `#${CSS.escape(element.id)}`;
  if (row) return `#${CSS.escape(row.id)} ${element.matches("summary") ? "summary" : ".id a"}`;
  const name = ["href", "aria-label", "name"].find((one) => element.hasAttribute(one));
  return name ? `${element.localName}[${name}="${CSS.escape(element.getAttribute(name))}"]` : null;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (!event.detail.shouldSwap || !target) return;
  place = target.id;
  open = [...target.querySelectorAll("details[open][id]")].map((element) => element.id);
  scrolled = [...target.querySelectorAll("[id]")].filter((one) => one.scrollTop || one.scrollLeft)
    .map((one) => [one.id, one.scrollTop, one.scrollLeft]);
  focused = target.contains(document.activeElement) ? spot(document.activeElement) : null;
});

document.addEventListener("htmx:afterSwap", () => {
  const target = place && document.getElementById(place);
  place = null;
  if (!target) return;
  for (const id of open) {
    const element = document.getElementById(id);
    if (element) element.open = true;
  }
  for (const [id, top, left] of scrolled) {
    const element = document.getElementById(id);
    if (element) [element.scrollTop, element.scrollLeft] = [top, left];
  }
  if (focused) target.querySelector(focused)?.focus({ preventScroll: true });
});
