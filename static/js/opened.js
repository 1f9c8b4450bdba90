// [data-on-open]: what a row has inside, which htmx brings when the row is opened; also when it is opened anew, since
// what it was in was replaced.
let open = "";

function ask(row) {
  const body = row.open && row.querySelector(":scope > [data-on-open]");
  if (!body || "asked" in body.dataset) return;
  body.dataset.asked = "";
  // A row that has just come in may not be known to htmx yet.
  htmx.process(body);
  htmx.trigger(body, "opened");
}

document.addEventListener("toggle", (event) => ask(event.target), true);
// Opened before this was there.
for (const row of document.querySelectorAll("details[open]")) ask(row);

// A row that has changed, and is put in for what it was.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  open = event.detail.target.querySelector?.("details[open][id]")?.id ?? "";
});

document.addEventListener("htmx:oobAfterSwap", () => {
  const row = open && document.getElementById(open);
  if (row) row.open = true;
  open = "";
});
