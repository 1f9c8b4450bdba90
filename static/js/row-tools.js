// Rows that come by the thousand have no tools. One that is opened gets them, from the page's <template data-row-tools>.
// In the template: [data-link-as="line"] copies this page's address with the row's own; what has [data-of="activity"] goes
// where the row has no data-activity, its [data-value] shows it, and if it is a link, its address says it too.
// [data-of-time]: the link says the row's time, too.
// [data-of-by]: the element of the row whose text [data-value] shows instead.
import { laidOut } from "./readable.js";
import { wholeTime } from "./times.js";

const PLACES = ["line", "event", "cursor", "page"];

// A link's own address with one parameter more; `?` is this page, without the place in it.
function address(link, name, value) {
  const here = link.getAttribute("href") === "?";
  const found = new URL(here ? location.href : link.href);
  if (here) for (const place of PLACES) found.searchParams.delete(place);
  found.searchParams.set(name, value);
  return found.href;
}

function fill(part, row) {
  const name = part.dataset.of;
  const value = row.dataset[name];
  if (!value) return part.remove();
  const said = part.querySelector("[data-value]");
  const other = part.dataset.ofBy ? row.querySelector(part.dataset.ofBy) : null;
  if (said) said.textContent = other?.textContent || value;
  if (part.href) part.href = address(part, name, value);
  // Another run may have one of the same number.
  const time = "ofTime" in part.dataset && row.querySelector("time");
  if (time) part.href = address(part, "at", time.dateTime);
}

function equip(row) {
  const template = row.closest("section")?.querySelector("template[data-row-tools]");
  if (!template || row.querySelector("[data-tools]")) return;
  const tools = template.content.cloneNode(true).firstElementChild;
  tools.dataset.tools = "";
  const body = row.querySelector(".row-body") ?? bodyOf(row.querySelector("details"));
  body.prepend(tools, ...laid(row));
  for (const button of tools.querySelectorAll("[data-link-as]")) {
    button.dataset.copyLink = new URLSearchParams([[button.dataset.linkAs, row.dataset.row]]).toString();
  }
  for (const button of tools.querySelectorAll("[data-copy-part]")) if (!row.querySelector(button.dataset.copyPart)) button.remove();
  for (const part of tools.querySelectorAll("[data-of]")) fill(part, row);
  const [time, whole] = [row.querySelector("time"), tools.querySelector("[data-whole-time]")];
  if (time && whole) whole.textContent = wholeTime(time);
}

// What a row holds below its summary, in one box.
function bodyOf(details) {
  const body = document.createElement("div");
  body.className = "row-body";
  body.append(...[...details.children].slice(1));
  details.append(body);
  return body;
}

// A body that has JSON stands there laid out; its summary stays the line that it was.
function laid(row) {
  const text = laidOut(row.querySelector(".body")?.textContent ?? "");
  if (!text) return [];
  row.classList.add("is-laid");
  const element = document.createElement("pre");
  element.dataset.laid = "";
  element.tabIndex = 0;
  element.textContent = text;
  return [element];
}

document.addEventListener("toggle", (event) => {
  const row = event.target.parentElement;
  if (event.target.open && row?.matches(".row[data-row]")) equip(row);
}, true);
for (const row of document.querySelectorAll(".row[data-row]:has(> details[open])")) equip(row);

// Text that is being selected in an open row does not close it.
document.addEventListener("click", (event) => {
  const row = event.target.closest(".row details[open] > summary");
  if (row && !getSelection().isCollapsed && row.contains(getSelection().anchorNode)) event.preventDefault();
});

// c copies the line.
document.addEventListener("keydown", (event) => {
  if (event.key !== "c" || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest("summary")?.closest(".row[data-row]");
  if (!row) return;
  equip(row);
  row.querySelector("[data-copy-line]")?.click();
});
