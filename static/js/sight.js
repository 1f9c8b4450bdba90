// The rows of a list that can be seen now, and some around them. They stand from top to bottom, so halving finds them.
const MARGIN = 200;

export function inSight(list) {
  const rows = [...list.children];
  // Of the first row from there on that has a place: others may be hidden.
  const box = (place) => {
    for (let row = rows[place]; row; row = row.nextElementSibling) {
      const found = row.getBoundingClientRect();
      if (found.height) return found;
    }
    return null;
  };
  const first = (edge, side) => {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((box(middle)?.[side] ?? edge) < edge) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return rows.slice(first(-MARGIN, "bottom"), first(innerHeight + MARGIN, "top"));
}
