// [data-poll]: refreshes itself through htmx. It rests while nobody looks, while somebody is in the middle of something,
// and for a while after a failure. [data-was]: what it shows, so that the server answers only with something else.
let pressed = false;
let failures = 0;
let restUntil = 0;
let lastGood = new Date();
// What was to be refreshed because something happened, and had to wait.
const due = new Set();
const FIRST_REST = 1500;
const LONGEST_REST = 30000;

// What is replaced between press and release is never clicked.
for (const [name, down] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false], ["dragend", false]]) {
  addEventListener(name, () => { pressed = down; }, true);
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

// A list changes only its rows, and looks for itself whether it may.
function busy(poller) {
  const place = target(poller);
  return document.hidden || Date.now() < restUntil
    || (!poller.matches("[data-list-poll]") && (selecting(place) || typing(place)));
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
  restUntil = 0;
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

function reason(xhr) {
  if (xhr.status === 0) return "The console cannot be reached";
  const said = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector(".problem h2");
  return said ? said.textContent.trim() : `The console answered with an error (${xhr.status})`;
}

function failed(xhr) {
  failures += 1;
  const asked = 1000 * Number(xhr.getResponseHeader("Retry-After") ?? 0);
  const rest = Math.max(FIRST_REST * 2 ** failures, Number.isFinite(asked) ? asked : 0);
  // At random, so that not all who look come back at once.
  restUntil = Date.now() + Math.min(rest, LONGEST_REST) * (0.75 + Math.random() / 2);
  const note = document.querySelector("[data-stale]");
  note.textContent = `Not refreshed since ${lastGood.toTimeString().slice(0, 8)}. ${reason(xhr)}.`;
  note.hidden = false;
}

// A failed refresh leaves what is there, and says so until one works again. What htmx calls successful is anything that
// may be swapped, and in this site problems are.
export function worked(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (!requestConfig.elt.matches("[data-poll]")) return;
  if (!worked(xhr)) {
    if (xhr.status !== 401) failed(xhr);
    return;
  }
  failures = 0;
  lastGood = new Date();
  document.querySelector("[data-stale]").hidden = true;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  // What is not a page of ours, such as a download, is not put into one.
  if (!(xhr.getResponseHeader("Content-Type") ?? "text/html").startsWith("text/html")) event.detail.shouldSwap = false;
  if (!requestConfig?.elt.matches("[data-poll]")) return;
  if (xhr.status >= 400) event.detail.shouldSwap = false;
  else if (pressed && event.detail.shouldSwap) {
    event.detail.shouldSwap = false;
    wait(requestConfig.elt);
  }
});
