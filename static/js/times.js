// <time data-time>: from UTC to the viewer's zone. [data-since]: a duration that goes on.
import { duration } from "./durations.js";

export { duration };

const pad = (number, width = 2) => String(number).padStart(width, "0");

// Rows show their times as the viewer chose; clock.js says how.
let inRows = ofDay;

export function rowsShow(format) {
  inRows = format;
}

export function shown(moment, style) {
  const clock = `${pad(moment.getHours())}:${pad(moment.getMinutes())}:${pad(moment.getSeconds())}`;
  if (style === "time") return `${clock}.${pad(moment.getMilliseconds(), 3)}`;
  if (style === "clock") return ofDay(moment).replace(/\.\d+$/, "");
  if (style === "ago") return ago((Date.now() - moment) / 1000);
  if (style === "row") return inRows(moment);
  return `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())} ${clock}`;
}

function ago(seconds) {
  return seconds < 2 ? "just now" : `${duration(seconds, { whole: true })} ago`;
}

// A phone has room for seconds only.
const narrow = matchMedia("(max-width: 720px)");
const fitting = (text) => (narrow.matches ? text.slice(0, -4) : text);

// The time of day; with the date, if that is not today's, and with the year, if that is another one.
export function ofDay(moment) {
  const clock = fitting(shown(moment, "time"));
  const now = new Date();
  const today = moment.toDateString() === now.toDateString();
  const year = moment.getFullYear() === now.getFullYear() ? "" : `${moment.getFullYear()}-`;
  return today || (narrow.matches && !year) ? clock : `${year}${pad(moment.getMonth() + 1)}-${pad(moment.getDate())} ${clock}`;
}

// How long after another moment: `+00:01:23.456`.
export function offset(moment, start) {
  const all = Math.abs(moment - start);
  const [hours, minutes, seconds] = [all / 3600000, (all / 60000) % 60, (all / 1000) % 60].map(Math.floor);
  return fitting(`${moment < start ? "−" : "+"}${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${pad(all % 1000, 3)}`);
}

// All that is known of a moment: the viewer's date and time, and UTC to the microsecond.
export function wholeTime(element) {
  const moment = new Date(element.dateTime);
  const utc = `${element.dateTime.replace("T", " ").replace(/(\+00:00|Z)$/, "")} UTC`;
  return moment.getTimezoneOffset() ? `${shown(moment, "full")} here, ${utc}` : utc;
}

export function showTime(element) {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  element.dataset.local = "";
  const text = shown(moment, element.dataset.time);
  if (element.textContent !== text) element.textContent = text;
}

// A moment on a time axis, as exact as the server wrote it.
function showTick(element) {
  const moment = new Date(element.dataset.tick);
  const [day, clock] = [/^\d\d-\d\d/, /[\d:.]*:[\d:.]*$/].map((part) => element.textContent.match(part)?.[0].length);
  const written = [day && shown(moment, "full").slice(5, 10), clock && shown(moment, "time").slice(0, clock)];
  element.textContent = written.filter(Boolean).join(" ");
}

export function localise(root) {
  for (const element of root.querySelectorAll("time[data-time]:not([data-local])")) showTime(element);
  for (const element of root.querySelectorAll("[data-tick]")) showTick(element);
}

function tick() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = duration((Date.now() - new Date(element.dataset.since)) / 1000, { whole: true });
  }
  for (const element of document.querySelectorAll('time[data-time="ago"]')) showTime(element);
}

// Filters by time: in the address in UTC, on the page in the viewer's zone.
function showMoments() {
  for (const field of document.querySelectorAll("input[data-moment]")) {
    const moment = new Date(field.value);
    if (field.value && !Number.isNaN(moment.getTime())) field.value = shown(moment, "full").replace(" ", "T");
  }
}

document.addEventListener("submit", (event) => {
  for (const field of event.target.querySelectorAll("input[data-moment]")) {
    const moment = new Date(field.value);
    if (field.value && !Number.isNaN(moment.getTime())) field.value = moment.toISOString();
  }
});

localise(document);
showMoments();
setInterval(tick, 1000);
document.addEventListener("htmx:load", (event) => localise(event.target));
