// How long something took, in the words of the server's `duration`: `0.35 ms`, `350 ms`, `4.25 s`, `3m 07s`, `2h 05m`.
// Counted in whole microseconds, so that both round alike.
const pad = (number) => String(number).padStart(2, "0");
const rounded = (number, unit) => Math.floor((number + unit / 2) / unit);
const hundredths = (number) => `${Math.floor(number / 100)}.${pad(number % 100)}`;

// `whole`: in whole seconds, for what is counted up before a reader's eyes.
export function duration(seconds, { whole = false } = {}) {
  const micros = Math.max(Math.floor((whole && seconds >= 1 ? Math.floor(seconds) : seconds) * 1e6 + 0.5), 0);
  if (micros === 0) return "0 ms";
  if (micros < 9_995) return `${hundredths(rounded(micros, 10))} ms`;
  if (micros < 999_500) return `${rounded(micros, 1_000)} ms`;
  if (micros < 59_995_000) return whole ? `${rounded(micros, 1_000_000)} s` : `${hundredths(rounded(micros, 10_000))} s`;
  const all = rounded(micros, 1_000_000);
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(all / unit));
  if (days) return `${days}d ${pad(hours % 24)}h`;
  return hours ? `${hours}h ${pad(minutes % 60)}m` : `${minutes}m ${pad(all % 60)}s`;
}
