// A list that is put in anew while somebody reads in its middle: the row they look at stays where it is. After `polling`,
// which decides whether it is put in at all.
const HEAD = 120;
// Where rows begin to be seen, below what stays in sight above them.
const edge = () => parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || HEAD;

let held = null;

// An open row if there is one in view, or else the first below the page's head.
function rowInView(place) {
  const first = edge();
  const inView = [...place.querySelectorAll(".rows > .row[id]")].filter((row) => {
    const { top } = row.getBoundingClientRect();
    return top >= first && top < innerHeight;
  });
  return inView.find((row) => row.querySelector("details[open]")) ?? inView[0];
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, shouldSwap, requestConfig } = event.detail;
  const asked = requestConfig?.elt;
  held = null;
  // At the top they read the newest rows, which come in there; unless they came from below, and go on to older ones.
  const reading = asked?.matches("[data-edge]") || (scrollY >= HEAD && asked?.matches("[data-poll]"));
  if (!shouldSwap || !reading) return;
  const row = rowInView(target.closest(".rows")?.parentElement ?? target);
  if (row) held = { id: row.id, top: row.getBoundingClientRect().top };
});

document.addEventListener("htmx:afterSwap", () => {
  const row = held && document.getElementById(held.id);
  if (row) scrollBy({ top: row.getBoundingClientRect().top - held.top, behavior: "instant" });
  held = null;
});
