// Runs before the first paint, so that a chosen theme does not flash. Not a module for that reason.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be off; then the system's theme holds.
}
