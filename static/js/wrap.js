// [data-wrap]: whether long lines are wrapped. theme.js has said so before the page shows.
import { keep } from "./preferences.js";

const page = document.documentElement;
const button = document.querySelector("[data-wrap]");

function show() {
  button.setAttribute("aria-pressed", String("wrapped" in page.dataset));
}

if (button) {
  show();
  button.addEventListener("click", () => {
    page.toggleAttribute("data-wrapped");
    keep("wrap", "wrapped" in page.dataset ? "yes" : "");
    show();
  });
}
