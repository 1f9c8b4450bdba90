// [data-windowed]: the address says what one sees of a history, so that its link shows others the same: the row that was
// opened last; and [data-order], the order, since that of a run that goes on is another one by itself when it is over.

const ROW = ".history-rows > .row";
// What was opened by hand: a row that comes anew is opened again by script.
let touched = null;

function say(name, value) {
  const put = (query) => (value ? query.set(name, value) : query.delete(name));
  const address = new URL(location.href);
  put(address.searchParams);
  // Of a link to another row.
  if (name === "event") address.hash = "";
  if (address.href !== location.href) history.replaceState(history.state, "", address);
  for (const link of document.querySelectorAll("#history-views a")) {
    const query = new URLSearchParams(link.search);
    put(query);
    link.setAttribute("href", `?${query}`);
  }
}

document.addEventListener("click", (event) => {
  touched = event.target.closest?.(`${ROW} > details > summary`)?.parentElement ?? null;
}, true);

document.addEventListener("toggle", ({ target }) => {
  const row = target.parentElement;
  const before = document.querySelector(`${ROW}.selected`);
  if (target.open ? target !== touched : row !== before) return;
  touched = null;
  before?.classList.remove("selected");
  row.classList.toggle("selected", target.open);
  say("event", target.open ? row.id.slice("event-".length) : "");
}, true);

const order = document.querySelector("[data-windowed][data-order]")?.dataset.order;
if (order && !new URLSearchParams(location.search).has("order")) say("order", order);
