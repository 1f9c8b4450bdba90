// Addresses of a waterfall's page: what a teammate must see stands in it.
// This page's address for one of its parts: of the parameters only the run's.
export function partOf(name, more = {}) {
  const run = new URLSearchParams(location.search).get("run");
  return `?${new URLSearchParams({ ...(run ? { run } : {}), part: name, ...more })}`;
}

// This page's address with these parameters; its links say the same, and the other tabs the time that is chosen.
export function say(parameters) {
  const put = (query, names) => {
    for (const name of names) {
      if (parameters[name]) query.set(name, parameters[name]);
      else query.delete(name);
    }
    return String(query) && `?${query}`;
  };
  const names = Object.keys(parameters);
  const here = new URL(location.href);
  here.search = put(here.searchParams, names);
  if (here.href !== location.href) history.replaceState(history.state, "", here);
  for (const link of document.querySelectorAll("#part .chips a[href^='?']")) {
    link.setAttribute("href", put(new URLSearchParams(link.search), names) || "?");
  }
  const range = names.filter((name) => name === "after" || name === "before");
  for (const link of range.length ? document.querySelectorAll(".tabs > a") : []) {
    link.setAttribute("href", link.pathname + put(new URLSearchParams(link.search), range));
  }
}
