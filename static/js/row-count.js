// [data-row-count="line"]: how many rows there are here, and of how many: filters keep some out, and a page holds only so many.
import { liveOf } from "./live.js";
import { thousands } from "./thousands.js";

let waiting = 0;

function say() {
  waiting = 0;
  for (const element of document.querySelectorAll("[data-row-count]")) {
    const extent = liveOf(element.closest("[data-live]"))?.extent();
    if (!extent) continue;
    const [here, all] = [extent.rows, Math.max(extent.fetched, extent.rows)].map(thousands);
    const noun = `${element.dataset.rowCount}${all === "1" ? "" : "s"}`;
    element.textContent = here === all ? `${all} ${noun} fetched` : `${here} of the ${all} ${noun} fetched`;
  }
}

for (const name of ["items", "added", "removed"]) {
  document.addEventListener(`live:${name}`, () => { waiting ||= requestAnimationFrame(say); });
}
