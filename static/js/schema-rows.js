// The rows of a list in a form that was made from a schema.
const MOST_ROWS = 100;
let made = 0;

const rowsOf = (node) => node.querySelector(":scope > [data-rows]");

export const rowNode = (row) => row.querySelector(":scope > [data-node]");

export function place(row) {
  return [...row.parentElement.children].indexOf(row);
}

function newRow(node) {
  const row = node.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  // Each row's ids are its own.
  made += 1;
  for (const name of ["id", "for", "aria-describedby"]) {
    for (const element of [row, ...row.querySelectorAll(`[${name}]`)]) {
      const ids = element.getAttribute(name)?.trim();
      if (ids) element.setAttribute(name, ids.split(/\s+/).map((id) => `${id}-row-${made}`).join(" "));
    }
  }
  return row;
}

// As many rows as the list has items, each filled in by `fill`.
export function showRows(node, list, fill) {
  const rows = rowsOf(node);
  const wanted = Math.min(list.length, MOST_ROWS);
  while (rows.children.length > wanted) rows.lastElementChild.remove();
  while (rows.children.length < wanted) rows.append(newRow(node));
  [...rows.children].forEach((row, number) => {
    rowNode(row).querySelector("[data-label]").textContent = `Item ${number + 1}`;
    const add = rowNode(row).querySelector(":scope > [data-add] > .hidden");
    if (add) add.textContent = `to item ${number + 1}`;
    for (const button of row.querySelectorAll(":scope > .row-moves > button")) {
      button.disabled = Number(button.dataset.move) + number < 0 || Number(button.dataset.move) + number >= list.length;
      button.setAttribute("aria-label", `${button.getAttribute("aria-label").replace(/ item \d+$/, "")} item ${number + 1}`);
    }
    fill(rowNode(row), list[number]);
  });
  const beyond = list.length - wanted;
  node.querySelector(":scope > [data-beyond]").textContent = beyond ? `and ${beyond} more, in the JSON` : "";
}

// Change the list as the button says; the row to go on with.
export function changed(button, node, list, item) {
  const row = button.closest("li");
  if (button.matches("[data-add]")) return list.push(item) - 1;
  const number = place(row);
  if (button.matches("[data-remove]")) {
    list.splice(number, 1);
    return Math.min(number, list.length - 1);
  }
  const other = number + Number(button.dataset.move);
  [list[number], list[other]] = [list[other], list[number]];
  return other;
}

// The keyboard stays where it was: on the same button of the row that was moved, or on what was added.
export function focusAfter(button, node, number) {
  const row = rowsOf(node).children[number];
  const add = node.querySelector(":scope > [data-add]");
  if (!row) return add.focus();
  if (button.matches("[data-add]")) return (row.querySelector("[data-control], button") ?? add).focus();
  const same = button.matches("[data-remove]") ? "[data-remove]" : `[data-move="${button.dataset.move}"]`;
  const moves = row.querySelector(":scope > .row-moves");
  const wanted = moves.querySelector(same);
  return (wanted.disabled ? moves.querySelector("button:not(:disabled)") : wanted).focus();
}
