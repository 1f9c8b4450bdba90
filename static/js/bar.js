// [data-bar]: what stays in sight above rows that go by. Style sheets know how high it is, and the page's head above it, as
// --bar and --head: so what scrolls into sight stops below them.
import { onSettled } from "./settled.js";

const root = document.documentElement;
let watched = [];

function height(element) {
  const isSticky = element && getComputedStyle(element).position === "sticky";
  return `${isSticky ? Math.floor(element.getBoundingClientRect().height) : 0}px`;
}

// What the style sheets say already is not said again: it would have all styles looked at anew.
function measure() {
  const said = getComputedStyle(root);
  const found = [["--head", height(watched[0])], ["--bar", height(watched[1])]];
  for (const [name, value] of found) if (said.getPropertyValue(name).trim() !== value) root.style.setProperty(name, value);
}

const sizes = new ResizeObserver(measure);

// The bar may have come anew.
function watch() {
  const bar = document.querySelector("[data-bar]");
  if (!bar || bar === watched[1]) return;
  sizes.disconnect();
  watched = [document.querySelector(".execution-head"), bar];
  for (const element of watched) if (element) sizes.observe(element);
}

watch();
onSettled(watch);
