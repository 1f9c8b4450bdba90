// htmx says of every element of an answer that it has settled, a hundred times for a hundred rows. Here it is said once.
export function onSettled(react) {
  let last = null;
  document.addEventListener("htmx:afterSettle", (event) => {
    const { xhr } = event.detail;
    if (xhr && xhr === last) return;
    last = xhr;
    react(event);
  });
}
