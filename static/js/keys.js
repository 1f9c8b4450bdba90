// [data-shortcut]: a key that focuses the element. In lists of rows, j and k walk, as do the arrows.
function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]");
}

function walk(step) {
  const rows = [...document.querySelectorAll(".rows summary, .list tbody .id a")].filter((row) => row.offsetParent);
  if (!rows.length) return false;
  const here = rows.indexOf(document.activeElement);
  const next = rows[here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1)];
  next.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("[data-menu][open]")) menu.open = false;
    if (typing(event.target)) event.target.blur();
    const row = event.target.closest(".rows details[open]");
    if (row) row.open = false;
    return;
  }
  if (typing(event.target)) return;
  const target = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  const onRow = event.target.closest(".rows summary");
  if (target) {
    event.preventDefault();
    target.focus();
    target.select();
  } else if (event.key === "j" || (onRow && event.key === "ArrowDown")) {
    if (walk(1)) event.preventDefault();
  } else if (event.key === "k" || (onRow && event.key === "ArrowUp")) {
    if (walk(-1)) event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
