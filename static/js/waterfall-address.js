// Addresses of a waterfall's page: what a teammate must see stands in it.
// This page's address for one of its parts: of the parameters only those that say whose spans it has.
export function partOf(name, more = {}) {
  const whose = [...new URLSearchParams(location.search)].filter(([name]) => name === "run" || name === "runs");
  return `?${new URLSearchParams([...whose, ["part", name], ...Object.entries(more)])}`;
}

// This page's address with these parameters; its links say the same, and the other tabs the time that is chosen.
// With `push`, a state for the browser's history, Back leads to what was said before.
export function say(parameters, push) {
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
  if (here.href !== location.href && push) history.pushState(push, "", here);
  else if (here.href !== location.href) history.replaceState(history.state, "", here);
  for (const link of document.querySelectorAll("#part .chips a[href^='?']")) {
    link.setAttribute("href", put(new URLSearchParams(link.search), names) || "?");
  }
  const range = names.filter((name) => name === "after" || name === "before");
  if (!range.length) return;
  for (const link of document.querySelectorAll(".tabs > a")) {
    link.setAttribute("href", link.pathname + put(new URLSearchParams(link.search), range));
  }
  for (const form of document.querySelectorAll("#part form")) keep(form, parameters);
  const copy = document.querySelector(".tabs [data-copy-link]");
  if (copy) copy.dataset.copyLink = put(new URLSearchParams(copy.dataset.copyLink), range).slice(1);
  // The strip marks the time that is shown here.
  document.dispatchEvent(new CustomEvent("range:chosen", { detail: parameters }));
}

// A form that keeps what the address says of the time.
function keep(form, { after, before }) {
  for (const [name, value] of Object.entries({ after, before })) {
    form.querySelector(`input[type=hidden][name=${name}]`)?.remove();
    if (!value) continue;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    form.prepend(field);
  }
}
