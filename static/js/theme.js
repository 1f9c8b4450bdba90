// Runs before the first paint, so that a chosen theme does not flash, nor lines that are to be wrapped. Not a module for
// that reason.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  if (localStorage.getItem("wrap")) document.documentElement.dataset.wrapped = "";
} catch {
  // Storage may be off; then the system's theme holds.
}
