// [data-axis]: a time axis. A drag over it chooses a range, which goes into the address as `after` and `before`. Its
// `data-axis` has the points between which it is even: `[[place, seconds since 1970], …]`, places from 0 to 1,000.
const LEAST = 6;

function momentAt(axis, x) {
  const points = JSON.parse(axis.dataset.axis);
  const { left, width } = axis.getBoundingClientRect();
  const place = Math.min(Math.max(((x - left) / width) * 1000, 0), 1000);
  const next = Math.max(points.findIndex(([at]) => at >= place), 1);
  const [[before, began], [after, ended]] = [points[next - 1], points[next]];
  return new Date(1000 * (began + ((place - before) / (after - before || 1)) * (ended - began)));
}

function chosen(axis, from, to) {
  const address = new URL(location);
  for (const name of ["event", "part"]) address.searchParams.delete(name);
  address.searchParams.set("after", momentAt(axis, Math.min(from, to)).toISOString());
  address.searchParams.set("before", momentAt(axis, Math.max(from, to)).toISOString());
  location.assign(address);
}

document.addEventListener("pointerdown", (event) => {
  const axis = event.target.closest?.("[data-axis]");
  if (!axis || event.button !== 0) return;
  event.preventDefault();
  const band = axis.querySelector("[data-band]");
  const { left, width } = axis.getBoundingClientRect();
  const from = event.clientX;
  axis.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const [a, b] = [from, moved.clientX].sort((x, y) => x - y).map((x) => Math.min(Math.max((x - left) / width, 0), 1) * 100);
    band.setAttribute("x", `${a}%`);
    band.setAttribute("width", `${b - a}%`);
  };
  const end = (ended) => {
    axis.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) axis.removeEventListener(name, end);
    band.setAttribute("width", "0");
    if (ended.type === "pointerup" && Math.abs(ended.clientX - from) >= LEAST) chosen(axis, from, ended.clientX);
  };
  axis.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel"]) axis.addEventListener(name, end);
});
