// [data-poll]: refreshes itself through htmx. It rests while nobody looks, while somebody is in the middle of something,
// and for a while after a failure. [data-was]: what it shows, so that the server answers only with something else.
import { resting, wake } from "./stale.js";

let pressed = false;
// What was to be refreshed because something happened, and had to wait.
const due = new Set();

// What is replaced between press and release is never clicked.
addEventListener("pointerdown", (event) => { pressed = event.button === 0; }, true);
// A menu, and another window, take the release.
for (const name of ["pointerup", "pointercancel", "dragend", "contextmenu", "blur"]) {
  addEventListener(name, (event) => { if (name !== "blur" || event.target === window) pressed = false; }, true);
}

export function inHand() {
  return pressed;
}

function target(poller) {
  const named = poller.getAttribute("hx-target");
  return named && named !== "this" ? document.querySelector(named) : poller;
}

function typing(place) {
  const field = document.activeElement;
  return place.contains(field) && "defaultValue" in field && field.value !== field.defaultValue;
}

function selecting(place) {
  const selection = getSelection();
  return String(selection) !== "" && selection.containsNode(place, true);
}

// The keys have begun a range on a time axis.
function marking(place) {
  return place.querySelector("[data-marking]") !== null;
}

// A list changes only its rows, and looks for itself whether it may.
function inUse(poller) {
  const place = target(poller);
  return !poller.matches("[data-list-poll]") && (selecting(place) || typing(place) || marking(place));
}

function busy(poller) {
  return document.hidden || resting(poller) || inUse(poller);
}

function wait(poller) {
  if (/\bdue\b/.test(poller.getAttribute("hx-trigger"))) due.add(poller);
}

setInterval(() => {
  for (const poller of due) {
    if (!poller.isConnected) due.delete(poller);
    else if (!pressed && !busy(poller)) {
      due.delete(poller);
      htmx.trigger(poller, "due");
    }
  }
}, 500);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) htmx.trigger(document.body, "seen");
});
addEventListener("online", () => {
  wake();
  htmx.trigger(document.body, "seen");
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const poller = event.detail.elt;
  if (!poller.matches("[data-poll]") || !busy(poller)) return;
  event.preventDefault();
  wait(poller);
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers } = event.detail;
  if (elt.matches("[data-poll][data-was]")) headers["X-Was"] = elt.dataset.was;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  // What is not a page of ours, such as a download, is not put into one.
  if (!(xhr.getResponseHeader("Content-Type") ?? "text/html").startsWith("text/html")) event.detail.shouldSwap = false;
  const poller = requestConfig?.elt;
  if (!poller?.matches("[data-poll]")) return;
  if (xhr.status >= 400) event.detail.shouldSwap = false;
  // It may have begun while the request was under way.
  else if (event.detail.shouldSwap && (pressed || inUse(poller))) {
    event.detail.shouldSwap = false;
    wait(poller);
  }
});
