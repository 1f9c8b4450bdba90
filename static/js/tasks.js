// [data-tasks]: the custom tasks of the events, those that run first. They are put together from every event in order, also
// from those that filters hide or that the page no longer holds.
import { rowOf } from "./rows.js";
import { Task } from "./task.js";
import { TaskView } from "./task-view.js";

const MOST_TASKS = 200;
const MOST_WEIGHT = 10000000;
// Milliseconds of work at a time.
const SLICE = 8;
// Only our own template writes these: in a text the quotes are escaped.
const [TASK, BEGINS] = ['data-task="', 'data-begins="'];

class Tasks {
  constructor(root, live) {
    this.root = root;
    this.list = root.querySelector("[data-tasks-list]");
    this.templates = {
      task: root.querySelector("template[data-task-template]"),
      text: root.querySelector("template[data-text-template]"),
      status: (word) => (this.statuses.find((one) => one.dataset.word === word) ?? this.statuses[0]).content.cloneNode(true),
    };
    this.statuses = [...root.querySelectorAll("template[data-word]")];
    this.views = new Map();
    this.seen = new Set();
    this.changed = new Set();
    this.waiting = [];
    // A page that shows only some of its events has those of tasks here as well.
    const all = root.querySelector("[data-tasks-rows]")?.content ?? live.querySelector("[data-live-rows]");
    for (const row of all.querySelectorAll("[data-task], [data-begins]")) this.take(row);
    if (live.dataset.liveRest) this.abandon();
    live.addEventListener("live:items", (event) => this.queue(event.detail));
    live.addEventListener("live:gap", () => this.lose());
    live.addEventListener("live:state", (event) => { if (event.detail.name === "ended") this.queue([{ html: `<p ${BEGINS}">` }]); });
  }

  queue(items) {
    for (const { html } of items) if (html.includes(TASK) || html.includes(BEGINS)) this.waiting.push(html);
    this.working ??= setTimeout(() => this.work());
  }

  work() {
    const until = performance.now() + SLICE;
    let place = 0;
    while (place < this.waiting.length && (document.hidden || performance.now() < until)) this.take(rowOf(this.waiting[place++]));
    this.waiting.splice(0, place);
    this.working = this.waiting.length ? setTimeout(() => this.work()) : undefined;
  }

  take(row) {
    const { row: id, task: name, taskType, step } = row.dataset;
    if (id && this.seen.has(id)) return;
    this.seen.add(id);
    if (this.seen.size > 50000) this.seen.delete(this.seen.values().next().value);
    if (name === undefined) return this.abandon();
    const view = this.views.get(name) ?? this.begin(name, taskType);
    const wasOver = view.task.over;
    view.task.take(step, row.querySelector("time")?.dateTime ?? "", row.querySelector("pre").textContent);
    if (wasOver !== view.task.over) this.ordered = false;
    this.taken = (this.taken ?? 0) + 1;
    if (this.taken % 500 === 0) this.forget();
    this.change(view);
  }

  begin(name, type) {
    const view = new TaskView(new Task(name, type), this.templates);
    this.views.set(name, view);
    this.ordered = false;
    this.forget();
    return view;
  }

  // The oldest that are over; if there are none, the oldest.
  forget() {
    const weight = () => [...this.views.values()].reduce((all, view) => all + (view.task.document?.weight ?? 0), 0);
    while (this.views.size > 1 && (this.views.size > MOST_TASKS || weight() > MOST_WEIGHT)) {
      const all = [...this.views];
      const [name, view] = all.find(([, one]) => one.task.over) ?? all[0];
      view.element.remove();
      this.changed.delete(view);
      this.views.delete(name);
      this.forgotten = (this.forgotten ?? 0) + 1;
    }
  }

  // A run ended with the stream, or another run has begun.
  abandon() {
    for (const view of this.views.values()) if (view.task.abandon()) this.change(view);
    this.ordered = false;
  }

  lose() {
    for (const view of this.views.values()) {
      if (view.task.over) continue;
      view.task.lose("Some events could not be replayed");
      this.change(view);
    }
  }

  change(view) {
    this.changed.add(view);
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  show() {
    this.frame = 0;
    if (!this.ordered) this.order();
    const until = performance.now() + SLICE;
    for (const view of [...this.changed]) {
      if (view.show()) this.changed.delete(view);
      if (performance.now() > until) break;
    }
    if (this.changed.size) this.frame = requestAnimationFrame(() => this.show());
  }

  // Those that run as they began, then those that are over, the latest first. The latest stays open while none runs.
  order() {
    this.ordered = true;
    const all = [...this.views.values()];
    const running = all.filter((view) => !view.task.over);
    const over = all.filter((view) => view.task.over).reverse();
    over.sort((one, other) => Number(one.task.last < other.task.last) - Number(one.task.last > other.task.last));
    [...running, ...over].forEach((view, place) => {
      view.fold(place < running.length || (place === 0));
      const there = this.list.children[place];
      if (there === view.element) return;
      if (view.element.isConnected && this.list.moveBefore) this.list.moveBefore(view.element, there ?? null);
      else this.list.insertBefore(view.element, there ?? null);
    });
    const words = [running.length && `${running.length} running`, over.length && `${over.length} over`, this.forgotten && `${this.forgotten} earlier not kept`];
    this.root.querySelector("[data-tasks-count]").textContent = words.filter(Boolean).join(" · ");
    this.root.dataset.tasks = running.length ? "running" : "";
    this.root.hidden = all.length === 0;
  }
}

const root = document.querySelector("[data-tasks]");
if (root) new Tasks(root, root.closest("section"));
