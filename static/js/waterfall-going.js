// What has not ended, as the history tells it: spans are sent when they are over, so that an activity which is tried again
// and again would look finished. And what failed without its span saying so. Asked for with each new trace, and now and
// then between.
import { thousands } from "./thousands.js";
import { partOf } from "./waterfall-address.js";

const AGE = 10_000;

export class Going {
  constructor(waterfall) {
    this.of = waterfall;
    const { root, signal } = waterfall;
    [this.problem, this.left, this.count] = ["problem", "left", "count"].map((name) => root.querySelector(`[data-going-${name}]`));
    this.mayLoad = true;
    document.addEventListener("htmx:afterRequest", ({ detail }) => {
      if (!detail.elt.matches("[data-waterfall-poll]")) return;
      this.mayLoad = true;
      if (performance.now() - this.at > AGE) this.ask();
    }, { signal });
  }

  async ask() {
    if (!this.problem) return;
    this.at = performance.now();
    try {
      const answer = await fetch(partOf("going"), { headers: { "X-Was": "-" }, signal: this.of.signal });
      const data = answer.ok ? await answer.json() : null;
      this.problem.hidden = data !== null;
      if (!data) return;
      if (data.version !== this.of.model.version) {
        // There are other spans by now; the question comes again with them. That would not end where servers keep
        // different ones: once, and again after the next poll.
        if (this.mayLoad) this.of.load();
        this.mayLoad = false;
        return;
      }
      this.left.hidden = !data.left;
      this.count.textContent = thousands(data.left);
      this.of.model.goesOn(data.going, data.lengths);
      this.of.arrange();
      this.of.details.mark();
    } catch (error) {
      if (error.name !== "AbortError") this.problem.hidden = false;
    }
  }
}
