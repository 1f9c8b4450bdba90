// Copy buttons. [data-copy]: a text. [data-copy-from]: an element's text. [data-copy-next]: the next <pre>.
// [data-copy-line]: the row's summary as a line. [data-copy-part]: the text of a part of the row.
// [data-copy-link]: this page's address with these parameters, so that a teammate sees the same.
const BUTTONS = ["", "-link", "-from", "-next", "-line", "-part"].map((kind) => `[data-copy${kind}]`).join();
let hiding;

export function toast(text) {
  const element = document.querySelector("[data-toast]");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { element.hidden = true; }, 1800);
}

function link(parameters) {
  const address = new URL(location.href);
  // A row's link finds its page by itself.
  if (/(^|&)(event|line|span)=/.test(parameters)) {
    address.searchParams.delete("page");
    address.searchParams.delete("cursor");
  }
  for (const [name, value] of new URLSearchParams(parameters)) address.searchParams.set(name, value);
  const run = document.querySelector(".tabs [data-copy-link]");
  if (run) for (const [name, value] of new URLSearchParams(run.dataset.copyLink)) address.searchParams.set(name, value);
  address.hash = "";
  return address.href;
}

// What a link leads to, which it has without the reader's choosing.
const TIME = "this time range";
const ROWS = { line: "this line", event: "this event", span: "this span", action: "this action" };
const NAMED = { ...ROWS, run: "this run", after: TIME, before: TIME };

function receipt(address) {
  const query = new URL(address).searchParams;
  const to = [...new Set(Object.keys(NAMED).filter((name) => query.get(name)).map((name) => NAMED[name]))];
  const last = to.pop();
  return last ? `Link to ${to.length ? `${to.join(", ")} and ` : ""}${last} copied` : "Link copied";
}

function line(row) {
  const parts = [...row.querySelectorAll("summary > :not(.more-lines)")];
  const words = (part) => (part.matches("time") ? part : part.querySelector("time"))?.dateTime ?? part.textContent;
  return parts.map(words).join(" ");
}

function wanted(button) {
  if ("copy" in button.dataset) return button.dataset.copy;
  if ("copyLink" in button.dataset) return link(button.dataset.copyLink);
  if ("copyFrom" in button.dataset) return document.querySelector(button.dataset.copyFrom).textContent;
  if ("copyLine" in button.dataset) return line(button.closest(".row"));
  if ("copyPart" in button.dataset) return button.closest(".row").querySelector(button.dataset.copyPart).textContent;
  const texts = [...button.closest(".row-body").querySelectorAll("pre")];
  return texts.find((pre) => button.compareDocumentPosition(pre) & Node.DOCUMENT_POSITION_FOLLOWING).textContent;
}

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https there is no clipboard; a selection can still be copied.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("not copied");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(BUTTONS);
  if (!button) return;
  event.preventDefault();
  try {
    const text = wanted(button);
    await write(text);
    toast("copyLink" in button.dataset ? receipt(text) : "Copied");
  } catch {
    toast("The browser did not let us copy");
  }
});
