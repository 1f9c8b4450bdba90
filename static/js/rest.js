// How many milliseconds something rests that failed so many times in a row, and was asked to wait by `Retry-After`.
const FIRST = 1500;
const LONGEST = 10000;
const LONGEST_ASKED = 30000;

export function restAfter(failures, retryAfter) {
  const own = Math.min(FIRST * 2 ** failures, LONGEST);
  const asked = Math.min(1000 * Number(retryAfter ?? 0) || 0, LONGEST_ASKED);
  // At random, so that not all who look come back at once; and never before it was asked for.
  return Math.max(own * (0.75 + Math.random() / 2), asked * (1 + Math.random() / 4));
}
