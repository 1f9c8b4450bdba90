// <time data-time>: from UTC to the viewer's zone. [data-since]: a duration that goes on.
const pad = (number, width = 2) => String(number).padStart(width, "0");

function shown(moment, style) {
  const clock = `${pad(moment.getHours())}:${pad(moment.getMinutes())}:${pad(moment.getSeconds())}`;
  if (style === "time") return `${clock}.${pad(moment.getMilliseconds(), 3)}`;
  if (style === "ago") return ago((Date.now() - moment) / 1000);
  return `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())} ${clock}`;
}

function ago(seconds) {
  return seconds < 2 ? "just now" : `${duration(Math.max(seconds, 0))} ago`;
}

// The same units as the server's `duration` filter.
export function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days) return `${days}d ${pad(hours % 24)}h`;
  return hours ? `${hours}h ${pad(minutes % 60)}m` : `${minutes}m ${pad(Math.floor(seconds % 60))}s`;
}

export function localise(root) {
  for (const element of root.querySelectorAll("time[data-time]:not([data-local])")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.dataset.local = "";
    element.textContent = shown(moment, element.dataset.time);
  }
}

function tick() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = duration(Math.max((Date.now() - new Date(element.dataset.since)) / 1000, 0));
  }
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
