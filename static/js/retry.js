// [data-retry]: a page that could not be made, because the API was away. It is tried again until it can be.
const FIRST = 3000;
const LONGEST = 10000;
let rest = FIRST;

async function again() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Also when it says by now that there is no such page.
      if (answer.status < 500) return location.reload();
      rest = Math.max(1000 * Number(answer.headers.get("Retry-After") ?? 0) || 0, rest);
    } catch {
      // The console cannot be reached either.
    }
    rest = Math.min(rest * 1.5, LONGEST);
  }
  setTimeout(again, rest);
}

const note = document.querySelector("[data-retry]");
if (note) {
  note.hidden = false;
  setTimeout(again, rest);
}
