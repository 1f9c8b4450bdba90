// A time axis has the points between which it is even: `data-axis` is `[[place, seconds since 1970], …]`, places from 0 to
// 1,000. Here is where a moment stands on it, and which moment a place is.
const pointsOf = (axis) => JSON.parse(axis.dataset.axis);

function between(points, value, from, to) {
  const next = Math.max(points.findIndex((point) => point[from] >= value), 1);
  const [before, after] = [points[next - 1], points[next]];
  return before[to] + ((value - before[from]) / (after[from] - before[from] || 1)) * (after[to] - before[to]);
}

export function momentAt(axis, place) {
  return new Date(1000 * between(pointsOf(axis), Math.min(Math.max(place, 0), 1000), 0, 1));
}

// At an end, if it is beyond it.
export function placeOf(axis, moment) {
  const points = pointsOf(axis);
  const [first, last] = [points[0][1], points.at(-1)[1]];
  return between(points, Math.min(Math.max(moment / 1000, first), last), 1, 0);
}
