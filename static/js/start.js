// The rows can be read before the behaviours are there, some eighty small files: those come after the first paint, except
// what decides on refreshes, since answers may be sooner. A hidden tab paints nothing, and waits for nothing.
import "./polling.js";

function begin() {
  if (begin.has) return;
  begin.has = true;
  import("./app.js").catch(() => { document.querySelector("[data-unready]").hidden = false; });
}

document.addEventListener("visibilitychange", begin);
if (document.hidden) begin();
else requestAnimationFrame(() => setTimeout(begin));
