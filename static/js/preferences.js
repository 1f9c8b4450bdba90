// What a viewer prefers, in this browser. Storage may be off; then it holds for this page.
export function recall(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As said above.
  }
}
