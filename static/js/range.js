// The range of time that is chosen: in the address as `after` and `before`, and in words.
import { keepFocus } from "./axis-focus.js";
import { duration, ofDay, shown } from "./times.js";

// Below so many seconds the milliseconds are told.
const FINE = 10;
// What names a place in a list that another range does not have; the server's `whole_time` knows it too.
const PLACES = ["event", "part", "line", "cursor", "page", "action"];

function go(range) {
  const address = new URL(location);
  for (const name of PLACES) address.searchParams.delete(name);
  for (const [name, moment] of Object.entries(range)) {
    if (moment) address.searchParams.set(name, moment.toISOString());
    else address.searchParams.delete(name);
  }
  keepFocus(address.href);
  location.assign(address);
}

export function choose(after, before) {
  go({ after, before });
}

export function chooseAll() {
  go({ after: null, before: null });
}

export function isChosen() {
  const query = new URLSearchParams(location.search);
  return query.has("after") || query.has("before");
}

// Both ends, each a moment or null.
export function endsOf({ after, before }) {
  return [after, before].map((end) => (end ? new Date(end) : null));
}

// In words; one end may be open.
export function said(after, before) {
  if (after && before) return words(after, before);
  return `${after ? shown(after, "clock") : "start"} – ${before ? shown(before, "clock") : "end"}`;
}

// As `14:05:01 – 14:07:09 · 2m 08s`; the date, where it is told, once if it is the same.
export function words(after, before) {
  const seconds = (before - after) / 1000;
  const [from, to] = [after, before].map((moment) => (seconds < FINE ? ofDay(moment) : shown(moment, "clock")));
  const [date] = from.split(" ");
  const end = from !== date && to.startsWith(`${date} `) ? to.slice(date.length + 1) : to;
  return `${from} – ${end} · ${duration(Math.max(seconds, 0))}`;
}
