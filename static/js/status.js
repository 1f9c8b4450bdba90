// #facts: what stands at the top of an execution's pages. The tab's title follows it, and so does what listens on the
// document for `execution:status`.
import { isGood } from "./stale.js";

function tell() {
  const facts = document.getElementById("facts");
  if (!facts) return;
  const { status, run, over, title } = facts.dataset;
  if (!document.title.startsWith("●")) document.title = `${title} · Executions Console`;
  document.dispatchEvent(new CustomEvent("execution:status", { detail: { status, run, over: over === "yes" } }));
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (isGood(event.detail.xhr) && event.detail.requestConfig.elt.id === "facts") tell();
});

// A stream knows of the end before the next look at the facts.
document.addEventListener("live:state", ({ detail }) => {
  if (detail.name === "ended" && document.querySelector('#facts[data-over="no"]')) htmx.trigger(document.body, "seen");
});
