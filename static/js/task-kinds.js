// What a task's state is made of: progress, texts, a conversation, and the rest. It may have any shape.
import { get, isNumber, isObject, isText, write } from "./json.js";
import { isSealed, pointer } from "./json-patch.js";

const DONE = ["completed", "current", "done", "processed", "finished", "current_step"];
const TOTAL = ["total", "total_steps"];
// What tells one task from another of its kind.
const ABOUT = ["name", "title", "label", "tool", "model", "stage", "phase"];
const LONG = 120;
const MOST_TEXTS = 8;
const MOST_MESSAGES = 20;
const MOST_FIELDS = 200;

function number(value) {
  return isNumber(value) ? Number(typeof value === "number" ? value : write(value)) : NaN;
}

const first = (value, names) => names.find((name) => Number.isFinite(number(get(value, name))));

// {completed: 3, total: 12}: 3 of 12.
function counted(value) {
  if (!isObject(value)) return null;
  const [done, total] = [first(value, DONE), first(value, TOTAL)];
  if (!done || !total || number(value[total]) <= 0) return null;
  const share = number(value[done]) / number(value[total]);
  return { share, words: `${number(value[done])} of ${number(value[total])}`, used: [done, total] };
}

// A number named progress is a share of 1 unless it was ever above 1; one named percent is of 100. A plain 1 while nothing
// between 0 and 1 was seen is 1 of 100, until the task is complete. Above 100 it is no progress.
function named(task, name, value) {
  const now = number(value);
  if (!Number.isFinite(now) || now < 0) return null;
  const percent = /percent|pct/i.test(name);
  if (!percent && !/^(?:progress|fraction_done|completion)$/i.test(name)) return null;
  const seen = task.seen.get(name) ?? { most: 0, between: false };
  seen.most = Math.max(seen.most, now);
  seen.between ||= now > 0 && now < 1;
  task.seen.set(name, seen);
  if (seen.most > 100) return null;
  const ofOne = !percent && seen.most <= 1 && (seen.between || now === 0 || task.step === "completed");
  const share = ofOne ? now : now / 100;
  return { share, words: `${Math.floor(share * 100 + 1e-9)} %`, used: [name] };
}

function progress(task, value) {
  const whole = counted(value);
  if (whole) return whole;
  for (const [name, one] of Object.entries(value)) {
    const found = counted(one) ?? named(task, name, one);
    if (found) return { ...found, used: isObject(one) ? [name] : found.used };
  }
  return null;
}

function isConversation(value) {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && isText(get(one, "role")) && Object.hasOwn(one, "content"));
}

function said(content) {
  if (isText(content)) return content;
  const parts = Array.isArray(content) ? content.map((part) => (isObject(part) ? get(part, "text") : part)) : [];
  if (parts.length && parts.every(isText)) return parts.join("");
  return isSealed(content) ? null : shown(content);
}

function conversation(messages, name) {
  const start = Math.max(messages.length - MOST_MESSAGES, 0);
  const all = messages.slice(start).map((one, place) => ({
    key: `${name}/${start + place}/content`, name: one.role.slice(0, 40), text: said(one.content), said: true,
  }));
  if (start) all.unshift({ key: `${name}/earlier`, name: "", note: `${start} earlier messages` });
  return all;
}

// As JSON for reading, without the parts that stand elsewhere; what is sealed says so.
export function shown(value, elsewhere = new Set()) {
  const plain = (one, at) => {
    if (isSealed(one)) return "(encrypted: the console cannot read it)";
    if (Array.isArray(one)) return one.map((inner, place) => plain(inner, `${at}/${place}`));
    if (!isObject(one)) return one;
    const parts = Object.entries(one).map(([key, inner]) => [key, inner, at + pointer([key])]);
    return Object.fromEntries(parts.filter(([, , name]) => !elsewhere.has(name)).map(([key, inner, name]) => [key, plain(inner, name)]));
  };
  return write(plain(value, ""));
}

function at(value, name) {
  return name.split("/").slice(1).reduce((holder, key) => {
    return typeof holder === "object" && holder !== null ? get(holder, key.replaceAll("~1", "/").replaceAll("~0", "~")) : undefined;
  }, value);
}

// {about, progress, texts, elsewhere}: texts are {key, name, text, gone}, with no text where it is encrypted. The rest of the state
// is all that is not elsewhere, by pointers.
export function kinds(task) {
  const { value, texts } = task.document;
  if (isConversation(value)) return { texts: conversation(value, ""), elsewhere: new Set([""]) };
  const found = { texts: [], elsewhere: new Set() };
  if (isObject(value) && Object.keys(value).length <= MOST_FIELDS) fields(task, value, found);
  for (const [key, gone] of texts) {
    if (found.texts.length >= MOST_TEXTS) break;
    const text = at(value, key);
    const is = isText(text) && ![...found.elsewhere].some((name) => key === name || key.startsWith(`${name}/`));
    if (is) take(found, key, text, gone);
  }
  return found;
}

function take(found, key, text, gone = 0) {
  found.elsewhere.add(key);
  found.texts.push({ key, name: key.slice(1), text, gone });
}

function fields(task, value, found) {
  found.progress = progress(task, value);
  found.about = ABOUT.map((name) => get(value, name)).find((one) => isText(one) && one !== "" && one.length <= LONG);
  for (const name of found.progress?.used ?? []) found.elsewhere.add(pointer([name]));
  for (const [name, one] of Object.entries(value)) {
    const key = pointer([name]);
    if (isConversation(one)) found.elsewhere.add(key) && found.texts.push(...conversation(one, key));
    else if (found.texts.length >= MOST_TEXTS) break;
    else if (isSealed(one)) take(found, key, null);
    else if (isText(one) && (task.document.texts.has(key) || one.length > LONG)) take(found, key, one, task.document.texts.get(key));
    // A text that has not begun.
    else if (one === "") found.elsewhere.add(key);
  }
}
