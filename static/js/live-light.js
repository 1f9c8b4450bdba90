// What a live list says about itself, and its buttons.
import { thousands } from "./thousands.js";
const WORDS = { connecting: "connecting", live: "live", reconnecting: "reconnecting", ended: "ended", failed: "stopped" };

export class Light {
  // `actions`: what each button does.
  constructor(root, actions) {
    this.root = root;
    this.name = this.part("state")?.dataset.state ?? "";
    for (const name of ["pause", "new", "again"]) this.part(name)?.addEventListener("click", actions[name]);
    for (const end of ["older", "newer"]) this.edge(end)?.firstElementChild.addEventListener("click", actions[end]);
  }

  part(name) {
    return this.root.querySelector(`[data-live-${name}]`);
  }

  edge(end) {
    return this.root.querySelector(`[data-live-edge="${end}"]`);
  }

  say(name, detail) {
    this.name = name;
    this.detail = detail;
    this.paint();
  }

  pause(paused) {
    this.paused = paused;
    this.part("pause").textContent = paused ? "Resume" : "Pause";
    this.paint();
  }

  paint() {
    const [light, detail] = [this.part("state"), this.part("detail")];
    if (!light) return;
    const name = this.paused && this.name === "live" ? "paused" : this.name;
    light.dataset.state = name;
    light.title = this.detail ?? "";
    light.textContent = WORDS[name] ?? name;
    detail.textContent = this.name === "live" ? "" : this.detail ?? "";
    this.part("pause").hidden = this.name === "ended" || this.name === "failed";
    this.part("again").hidden = this.name !== "failed";
  }

  // `count` rows wait; `more` than what is in the page there is.
  waiting(count, more) {
    const button = this.part("new");
    button.hidden = !more;
    const words = count ? `${thousands(count)} ${this.name === "ended" ? "more" : "new"} ${button.dataset.liveNew}${count === 1 ? "" : "s"}` : "Newest";
    if (more && button.textContent !== words) button.textContent = words;
  }

  // Whether there is more beyond that end.
  more(end, there) {
    const edge = this.edge(end);
    if (edge) edge.hidden = !there;
  }

  busy(end, busy, problem = "") {
    const edge = this.edge(end);
    if (!edge) return;
    edge.setAttribute("aria-busy", busy);
    edge.lastElementChild.textContent = problem;
  }

  empty(empty) {
    const words = this.part("empty");
    if (words) words.hidden = !empty;
  }

  // The execution has another run than the one whose rows these were.
  run() {
    const notice = this.part("other-run");
    if (notice) notice.hidden = false;
  }

  gap(name) {
    for (const notice of this.root.querySelectorAll("[data-live-gap]")) notice.hidden = notice.dataset.liveGap !== name;
  }
}
