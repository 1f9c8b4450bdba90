// The two ends of a list in the page: where the newest rows come in, and what is fetched when an end comes into sight.
import { nextTurn } from "./turns.js";

const EDGE = 80;
const BY_HAND = ["wheel", "touchmove", "keydown", "pointerdown"];

export class Edge {
  constructor(newestFirst) {
    this.newestFirst = newestFirst;
    this.seen = scrollY;
  }

  // How far the page is from the end at which rows come in; some browsers let it go beyond.
  get distance() {
    const far = this.newestFirst ? scrollY : document.documentElement.scrollHeight - innerHeight - scrollY;
    return Math.max(far, 0);
  }

  // Whether that end is in sight.
  get here() {
    return this.distance < EDGE;
  }

  go() {
    scrollTo({ top: this.newestFirst ? 0 : document.documentElement.scrollHeight, behavior: "instant" });
    this.seen = scrollY;
  }

  // Whether the page was moved away from that end since the last look. What grows moves the end, and not the page; and one
  // that gets shorter moves the page to its end.
  left() {
    const moved = this.newestFirst ? scrollY - this.seen : this.seen - scrollY;
    this.seen = scrollY;
    return moved > 0 && this.distance > 1;
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
