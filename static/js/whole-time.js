// [data-whole-time]: a link to this page without the range of time that is chosen.
import { chooseAll } from "./range.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-whole-time]");
  if (!link) return;
  event.preventDefault();
  chooseAll();
});
