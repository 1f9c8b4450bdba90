// What could not be refreshed stays as it is, rests for a while, and the page says since when.
import { restAfter } from "./rest.js";

// Of each element: when it last worked, how often it has failed since and why, and until when it rests.
const known = new WeakMap();
// Those that failed the last time, on a page that does not say itself how old it is.
const failing = new Set();

function about(poller) {
  if (!known.has(poller)) known.set(poller, { good: new Date(), failures: 0, rest: 0 });
  return known.get(poller);
}

export function resting(poller) {
  return Date.now() < about(poller).rest;
}

// The network is back.
export function wake() {
  for (const poller of document.querySelectorAll("[data-poll]")) about(poller).rest = 0;
}

// What htmx calls successful is anything that may be swapped, and in this site problems are.
export function isGood(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

function reason(xhr) {
  if (xhr.status === 0) return "The console cannot be reached";
  const said = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector(".problem h2");
  return said ? said.textContent.trim() : `The console answered with an error (${xhr.status})`;
}

function failed(poller, xhr) {
  const its = about(poller);
  its.failures += 1;
  its.reason = reason(xhr);
  its.rest = Date.now() + restAfter(its.failures, xhr.getResponseHeader("Retry-After"));
  if (xhr.status && document.querySelector(".as-of")) failing.delete(poller);
  else failing.add(poller);
}

function say() {
  for (const poller of failing) if (!poller.isConnected) failing.delete(poller);
  const [oldest] = [...failing].map(about).sort((one, other) => one.good - other.good);
  const note = document.querySelector("[data-stale]");
  note.hidden = !oldest;
  if (!oldest) return;
  const words = `Not refreshed since ${oldest.good.toTimeString().slice(0, 8)}. ${oldest.reason}.`;
  if (note.textContent !== words) note.textContent = words;
}

// What comes with the page, or is put into it later, is good from then on.
document.addEventListener("htmx:load", (event) => {
  const { elt } = event.detail;
  for (const poller of [elt, ...elt.querySelectorAll("[data-poll]")]) if (poller.matches("[data-poll]")) about(poller);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, xhr } = event.detail;
  const poller = requestConfig.elt;
  if (!poller.matches("[data-poll]")) return;
  if (isGood(xhr)) {
    known.set(poller, { good: new Date(), failures: 0, rest: 0 });
    failing.delete(poller);
  } else if (xhr.status !== 401) failed(poller, xhr);
  say();
});
