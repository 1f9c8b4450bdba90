// A list of one run's lines, when the execution has another run: it goes on with the lines of all runs.
import { LATE, timeOf } from "./live-pages.js";

export function goOn(stream, window) {
  const known = [...window.rows.entries.values(), ...window.queue.entries];
  const times = known.map((entry) => timeOf(entry.key)).filter(Number);
  const query = new URLSearchParams(stream.query);
  query.delete("run");
  if (times.length) {
    // Not from before the oldest that is known: lines that were here and are not any more would seem new.
    times.sort((one, other) => one - other);
    // Lines of the new run may seem older than the last of the one before.
    const from = Math.max(times[0] + 1, times.at(-1) - LATE);
    query.set("after", new Date(from).toISOString());
    window.expected.clear();
    window.expect(known.filter((entry) => timeOf(entry.key) >= from));
  }
  window.pages.ofAllRuns();
  stream.startAnew(query);
}
