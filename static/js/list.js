// [data-list-poll]: the list of runs follows what happens. Only rows that changed are touched; the others keep what the
// reader made of them. While rows are ticked or text is selected, a button says what is new and takes it in.
import { inHand } from "./polling.js";
import { localise } from "./times.js";

const AIMING = 700;
let pending = null;
let aimed = 0;

document.addEventListener("pointermove", (event) => {
  if (event.target.closest?.(".run-list tbody")) aimed = Date.now();
}, { passive: true });

function body() {
  return document.querySelector("#part .run-list tbody");
}

function held() {
  const rows = body();
  const selection = getSelection();
  const marked = String(selection) !== "" && selection.containsNode(rows, true);
  return marked || rows.querySelector(":checked") !== null;
}

function replace(row, fresh) {
  const box = row.querySelector("input:checked");
  const again = box && fresh.querySelector("input[type=checkbox]");
  // What has ended meanwhile cannot be acted on any more: it is not what was chosen.
  if (again && again.name === box.name) again.checked = true;
  const focus = row.contains(document.activeElement);
  const at = focus ? document.activeElement.tagName : "";
  row.replaceWith(fresh);
  if (focus) (fresh.querySelector(`.id ${at}`) ?? fresh.querySelector(".id a")).focus({ preventScroll: true });
}

function take() {
  const { page, poll } = pending;
  pending = null;
  const rows = body();
  const all = [...page.querySelectorAll(".run-list tbody tr")];
  const ids = new Set(all.map((fresh) => fresh.id));
  // First, so that those that stay do not move, and keep the focus. The row that has it stays until it is left.
  for (const row of [...rows.children]) if (!ids.has(row.id) && !row.contains(document.activeElement)) row.remove();
  let before = null;
  for (const fresh of all) {
    const row = document.getElementById(fresh.id);
    let now = row;
    if (!row || row.dataset.was !== fresh.dataset.was) {
      localise(fresh);
      now = fresh;
      if (row) replace(row, fresh);
      else fresh.classList.add("arrived");
    }
    const place = before ? before.nextElementSibling : rows.firstElementChild;
    if (place !== now) rows.insertBefore(now, place);
    before = now;
  }
  for (const part of page.querySelectorAll("[data-list-part]")) {
    const shown = document.querySelector(`#part [data-list-part="${part.dataset.listPart}"]`);
    if (shown.innerHTML !== part.innerHTML) shown.replaceWith(part);
  }
  poll.dataset.was = page.querySelector("[data-list-poll]").dataset.was;
  if (rows.querySelector("input[type=checkbox]")) rows.dispatchEvent(new Event("change", { bubbles: true }));
  offer();
}

function offer() {
  const button = document.querySelector("[data-list-new]");
  button.hidden = pending === null;
  if (!pending) return;
  const count = [...pending.page.querySelectorAll(".run-list tbody tr")].filter((row) => !document.getElementById(row.id)).length;
  button.textContent = count ? `${count} new` : "Statuses have changed";
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, shouldSwap, serverResponse } = event.detail;
  const poll = requestConfig?.elt;
  if (!shouldSwap || !poll?.matches("[data-list-poll]")) return;
  const template = document.createElement("template");
  template.innerHTML = serverResponse;
  const page = template.content;
  // Another kind of page: none, or one that says more.
  if (!body() || !page.querySelector(".run-list tbody") || document.querySelector("#part .as-of") || page.querySelector(".as-of")) return;
  event.detail.shouldSwap = false;
  pending = { page, poll };
  poll.dataset.was = page.querySelector("[data-list-poll]").dataset.was;
  if (held()) offer();
  else if (Date.now() - aimed > AIMING) take();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-list-new]") && pending) take();
});

// What waited only for the hand to rest, or for the last tick to be taken away.
setInterval(() => {
  if (pending && body() && !held() && !inHand() && Date.now() - aimed > AIMING) take();
}, 250);
