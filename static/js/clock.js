// [data-clock]: how rows tell their time: of the day, ago, or since a start. The choice is the viewer's, in this browser.
import { keep, recall } from "./preferences.js";
import { inSight } from "./sight.js";
import { inSlices } from "./slices.js";
import { ofDay, offset, rowsShow, showTime, shown, wholeTime } from "./times.js";

const KEY = "row-times";
const control = document.querySelector("[data-clock]");
const start = new Date(control?.dataset.clock ?? "");
const FORMATS = {
  day: ofDay,
  ago: (moment) => shown(moment, "ago"),
  start: (moment) => (Number.isNaN(start.getTime()) ? ofDay(moment) : offset(moment, start)),
};

const timeOf = (row) => row.querySelector("time[data-time=row]");

function inView() {
  const lists = document.querySelectorAll(".rows");
  return [...lists].flatMap((list) => inSight(list)).map(timeOf).filter(Boolean);
}

function choose(name) {
  rowsShow(FORMATS[name]);
  document.documentElement.dataset.clock = name;
  for (const time of inView()) showTime(time);
  inSlices(document.querySelectorAll("time[data-time=row]"), showTime);
}

function refresh() {
  if (document.hidden || control?.value !== "ago") return;
  for (const time of inView()) showTime(time);
}

if (control) {
  if (Object.hasOwn(FORMATS, recall(KEY))) control.value = recall(KEY);
  if (control.value !== "day") choose(control.value);
  control.addEventListener("change", () => {
    keep(KEY, control.value);
    choose(control.value);
  });
  setInterval(refresh, 1000);
  let waiting = 0;
  addEventListener("scroll", () => { waiting ||= requestAnimationFrame(() => { waiting = 0; refresh(); }); }, { passive: true });
}

// The whole time, in words for a pointer: rows come by the thousand, so not before it is wanted.
document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time[data-time=row]");
  if (time && !time.title) time.title = wholeTime(time);
});
