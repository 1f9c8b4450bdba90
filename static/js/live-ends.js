// The two ends of a list in the page: where the newest rows come in, and what is fetched when an end comes into sight.
import { nextTurn } from "./turns.js";

const EDGE = 80;
const BY_HAND = ["wheel", "touchmove", "keydown", "pointerdown"];

export class Edge {
  constructor(newestFirst) {
    this.newestFirst = newestFirst;
  }

  // Whether the end at which rows come in is in sight.
  get here() {
    if (this.newestFirst) return scrollY < EDGE;
    return innerHeight + scrollY > document.documentElement.scrollHeight - EDGE;
  }

  go() {
    scrollTo({ top: this.newestFirst ? 0 : document.documentElement.scrollHeight, behavior: "instant" });
  }
}

// `fetch` brings a page and says how many rows came: again, as long as the end is nearly in sight and that brings some.
// Returns what looks whether it is.
export function whenNear(end, fetch) {
  let near = false;
  let going = false;
  const go = async () => {
    if (going || !near) return;
    going = true;
    while (near && (await fetch())) {
      await nextTurn();
      await nextTurn();
    }
    going = false;
  };
  new IntersectionObserver(([seen]) => {
    near = seen.isIntersecting;
    go();
  }, { rootMargin: "400px 0px" }).observe(end);
  return go;
}

// The reader moves, and not the list under them.
export function onReading(listener) {
  for (const name of BY_HAND) addEventListener(name, listener, { passive: true });
}
