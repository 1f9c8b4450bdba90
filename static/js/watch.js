// [data-watch]: a switch that watches an execution. Whatever page of the console is open then tells when it ends or starts
// failing: as a notification of the browser, or in the pages' titles where the browser shows none.
import { toast } from "./copy.js";
import { add, drop, find, isFull, MOST, onChange } from "./watched.js";
import { ask, watching } from "./watcher.js";

function canNotify() {
  return "Notification" in window && Notification.permission === "granted";
}

function show() {
  for (const button of document.querySelectorAll("[data-watch]")) {
    const on = Boolean(find(button.dataset.watch));
    const over = document.getElementById("facts")?.dataset.over === "yes";
    button.hidden = over && !on;
    button.setAttribute("aria-pressed", on);
    const quiet = on && !canNotify();
    button.querySelector("[data-watch-word]").textContent = on ? `Watching${quiet ? " in titles" : ""}` : "Watch";
    if (quiet) button.title = "This browser shows no notifications of ours: the titles of the console's tabs will say when it ends or starts failing.";
    else button.title = on ? "You are told when it ends or starts failing, as long as a page of the console is open." : "Tell me when it ends or starts failing";
  }
}

async function start(button) {
  const { watch: id, watchPage: page, watchStream: stream } = button.dataset;
  // Asked for at the click, or browsers refuse by themselves.
  if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  const now = await ask(page);
  if (!now.answer) toast("It cannot be watched now: the console does not say how it is");
  else if (now.answer.over) toast("It is over already");
  else if (isFull()) toast(`${MOST} are watched already: stop watching one of them first`);
  else if (!add({ id, page, stream, since: now.answer.now, last: "", failing: false })) toast("It cannot be watched: this browser keeps nothing for the console");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-watch]");
  if (!button || button.disabled) return;
  if (find(button.dataset.watch)) return drop(button.dataset.watch);
  button.disabled = true;
  try {
    await start(button);
  } finally {
    button.disabled = false;
    show();
  }
});

// Where there are no notifications.
let title = "";
const channel = "BroadcastChannel" in window ? new BroadcastChannel("watched") : null;

function entitle(words) {
  title ||= document.title;
  document.title = `● ${words}`;
  if (!document.hidden) toast(words);
}

function restore() {
  if (!title) return;
  document.title = document.getElementById("facts") ? `${document.getElementById("facts").dataset.title} · Executions Console` : title;
  title = "";
}

addEventListener("focus", restore);
addEventListener("pointerdown", restore);
channel?.addEventListener("message", (event) => entitle(event.data));

function tell(one, words) {
  if (canNotify()) {
    try {
      const notification = new Notification(words, { body: one.id, tag: one.id });
      notification.addEventListener("click", () => {
        window.focus();
        if (!location.pathname.startsWith(one.page)) open(one.page, `execution ${one.id}`);
        notification.close();
      });
      return;
    } catch {
      // Phones have notifications only for installed pages.
    }
  }
  entitle(`${words}: ${one.id}`);
  channel?.postMessage(`${words}: ${one.id}`);
}

onChange(show);
document.addEventListener("execution:status", show);
show();
watching(tell);
