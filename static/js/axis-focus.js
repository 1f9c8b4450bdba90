// A chosen range leads to a page of its own: whoever was on the strip is on its axis again there, once it has come.
const KEPT = "strip-focus";

export function keepFocus(address) {
  if (!document.activeElement?.closest("#strip")) return;
  try {
    sessionStorage.setItem(KEPT, address);
  } catch {
    // Without storage the page begins at its top.
  }
}

function kept() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function restore() {
  const axis = document.querySelector("#strip [data-axis]");
  const address = axis && kept();
  if (!address) return;
  sessionStorage.removeItem(KEPT);
  // Not out of what the reader has gone to meanwhile, nor on another page.
  if (address === location.href && document.activeElement === document.body) axis.focus({ preventScroll: true });
}

document.addEventListener("htmx:load", restore);
restore();
