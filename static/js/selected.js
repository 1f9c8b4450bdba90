// The row that the address names: in sight, marked and open.
export function reveal(row) {
  row.classList.add("selected");
  const details = row.querySelector("details");
  if (details) details.open = true;
  row.scrollIntoView({ block: "center" });
}

const selected = document.querySelector(".row.selected, tr.selected");
if (selected) reveal(selected);
