// Long work in turns, so that the page stays quick: a slice of it, then whatever else waits.
export const SLICE_ROWS = 40;
const SLICE = 6;

// Whether the slice that begins now is over: `const over = slice(); while (!over()) …`
export function slice() {
  const end = performance.now() + SLICE;
  return () => performance.now() > end;
}

// After the next frame is drawn; a hidden tab draws none, and has time.
export function nextTurn() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve, 0);
    });
  });
}
