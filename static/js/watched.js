// The executions that this browser watches, kept for all of its tabs.
const KEY = "watched";
export const MOST = 20;

export function all() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return kept.filter((one) => typeof one.id === "string" && one.page?.startsWith("/executions/") && one.stream?.startsWith("/ws/"));
  } catch {
    // Written by something else, or by nobody, where the browser keeps nothing.
    return [];
  }
}

export function find(id) {
  return all().find((one) => one.id === id);
}

function keep(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    return false;
  }
  dispatchEvent(new Event("watched"));
  return true;
}

export function isFull() {
  return all().length >= MOST;
}

// False where the browser keeps nothing.
export function add(one) {
  return keep([...all().filter((other) => other.id !== one.id), one]);
}

export function drop(id) {
  keep(all().filter((one) => one.id !== id));
}

// Of one that is no longer watched nothing is kept.
export function change(id, what) {
  const list = all();
  const one = list.find((other) => other.id === id);
  if (one) keep(list.map((other) => (other === one ? { ...one, ...what } : other)));
}

// Until the returned function is called.
export function onChange(listener) {
  const elsewhere = (event) => { if (event.key === KEY || event.key === null) listener(); };
  addEventListener("watched", listener);
  addEventListener("storage", elsewhere);
  return () => {
    removeEventListener("watched", listener);
    removeEventListener("storage", elsewhere);
  };
}
