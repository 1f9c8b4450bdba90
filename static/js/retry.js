// [data-retry]: a page that could not be made, because the API was away. It is tried again until it can be.
import { restAfter } from "./rest.js";

let failures = 1;

async function again() {
  let asked = null;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Also when it says by now that there is no such page.
      if (answer.status < 500) return location.reload();
      asked = answer.headers.get("Retry-After");
    } catch {
      // The console cannot be reached either.
    }
    failures += 1;
  }
  setTimeout(again, restAfter(failures, asked));
}

const note = document.querySelector("[data-retry]");
if (note) {
  note.hidden = false;
  setTimeout(again, restAfter(failures));
}
