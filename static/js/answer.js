// [data-answer]: a query's form asks without leaving the page, and again every few seconds while somebody looks.
import { markChanges } from "./diff.js";
import { localise } from "./times.js";

const find = (selector) => document.querySelector(selector);
const seconds = () => Number(find("#repeat")?.value ?? 0);
const say = (words) => { find("[data-repeat-state]").textContent = words; };
// The question as it was asked last, whatever has been typed since; and its answer.
let asked;
let answer;
// The answer before the last change, and when that came.
let base;
let changedAt;
let timer;
let busy = false;
let waiting;

function show(content, isRepeated) {
  const template = document.createElement("template");
  template.innerHTML = content;
  const section = template.content.querySelector("#answer");
  const shown = section?.querySelector("#answer-text");
  if (shown || !isRepeated) {
    if (section) find("#answer").replaceWith(section);
    else find("#answer").replaceChildren(template.content);
    localise(find("#answer"));
  } else {
    // The last answer stays, under what is wrong now.
    find("#answer").prepend(...(section ?? template.content).children);
  }
  if (!shown) return;
  const text = shown.textContent;
  if (isRepeated) compare(shown, text);
  else base = changedAt = undefined;
  answer = text;
}

// The marks of the last change stay until the next one.
function compare(shown, text) {
  if (text !== answer) {
    base = answer;
    changedAt = find("#answer .answered time").cloneNode(true);
  }
  const words = base === undefined ? "no change" : markChanges(shown, base);
  find("[data-changes]").textContent = ` · ${text === answer ? "no change" : words} since the last answer`;
  if (changedAt && text === answer) find("[data-last-change]").append(", last changed at ", changedAt.cloneNode(true), `: ${words}`);
}

function stop(words) {
  if (seconds()) say(words);
  if (find("#repeat")) find("#repeat").value = "";
}

function next() {
  clearTimeout(timer);
  if (!seconds() || !asked) return;
  if (document.hidden) return say("paused while nobody looks");
  say("");
  timer = setTimeout(() => ask(asked, true), 1000 * seconds());
}

async function ask(question, isRepeated) {
  if (busy) {
    if (!isRepeated) waiting = question;
    return;
  }
  busy = true;
  const body = new URLSearchParams(question.body);
  if (isRepeated) body.set("again", "yes");
  try {
    const headers = { "HX-Request": "true", "HX-Target": "answer" };
    const response = await fetch(question.form.action, { method: "POST", body, headers });
    if (response.status === 401) location.reload();
    show(await response.text(), isRepeated);
    if (!isRepeated) question.form.dispatchEvent(new CustomEvent("misfits"));
    if (response.ok) asked = question;
    else stop("stopped: the last one failed");
  } catch {
    stop("stopped: the console does not answer");
  }
  busy = false;
  const now = waiting;
  waiting = undefined;
  if (now) ask(now, false);
  else next();
}

// Before the form is sent in the usual way, which is there for browsers without script.
document.addEventListener("submit", (event) => {
  if (!event.target.querySelector("[data-answer]")) return;
  event.preventDefault();
  event.stopPropagation();
  clearTimeout(timer);
  ask({ form: event.target, body: new URLSearchParams(new FormData(event.target)) }, false);
}, { capture: true });

document.addEventListener("change", (event) => {
  if (event.target.id !== "repeat") return;
  clearTimeout(timer);
  say("");
  if (seconds() && asked) next();
  else if (seconds()) event.target.form.requestSubmit();
});

document.addEventListener("visibilitychange", () => {
  if (!seconds() || !asked) return;
  if (document.hidden) next();
  else ask(asked, true);
});
