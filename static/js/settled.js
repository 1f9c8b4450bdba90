// htmx says of every element of an answer that it has settled, a hundred times for a hundred rows. Here it is said once.
export function onSettled(react) {
  // Weakly: the last answer of a page may be large, and the page stays open for long.
  const said = new WeakSet();
  document.addEventListener("htmx:afterSettle", (event) => {
    const { xhr } = event.detail;
    if (xhr && said.has(xhr)) return;
    if (xhr) said.add(xhr);
    react(event);
  });
}
