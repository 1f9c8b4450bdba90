// The controls of a form that was made from a schema: what each shows of a value, and which value it stands for.
import * as json from "./json.js";

const control = (node) => node.querySelector("[data-control]");
const pad = (number) => String(number).padStart(2, "0");

function local(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return null;
  const day = `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}:${pad(moment.getSeconds())}`;
}

// A control of one line would lose the others.
function roomy(field, text) {
  if (field.type !== "text" || !text.includes("\n")) return field;
  const area = document.createElement("textarea");
  for (const { name, value } of field.attributes) if (name !== "type") area.setAttribute(name, value);
  area.rows = 3;
  field.replaceWith(area);
  return area;
}

function showText(node, value) {
  if (!json.isText(value)) return false;
  const field = roomy(control(node), value);
  const shown = field.type === "datetime-local" ? local(value) : value;
  if (shown === null) return false;
  field.value = shown;
  // A browser refuses what is no date.
  return field.value !== "" || value === "";
}

function showNumber(node, value) {
  if (!json.isNumber(value) && !json.isText(value)) return false;
  control(node).value = json.isText(value) ? value : json.write(value);
  return json.isNumber(value);
}

function showChoice(node, value) {
  const wanted = json.write(value);
  const option = [...control(node).options].find((one) => one.value && json.write(json.parse(one.value)) === wanted);
  if (option) option.selected = true;
  return Boolean(option);
}

function showJson(node, value) {
  control(node).value = json.write(value);
  control(node).setCustomValidity("");
  return true;
}

const SHOW = { string: showText, number: showNumber, integer: showNumber, choice: showChoice, json: showJson };

// Whether the value can be shown; one that cannot leaves the control as it is.
export function show(node, value) {
  const isChosen = node.dataset.node === "choice" || node.dataset.node === "json";
  if (value !== undefined && (value !== null || isChosen)) return SHOW[node.dataset.node](node, value);
  control(node).value = "";
  control(node).setCustomValidity("");
  return true;
}

// The value that a control stands for; undefined leaves the property out. Throws where a part is not JSON.
export function value(node) {
  const text = control(node).value;
  if (text === "") return node.dataset.empty ? json.parse(node.dataset.empty) : undefined;
  if (node.dataset.node === "string") return control(node).type === "datetime-local" ? new Date(text).toISOString().replace(".000Z", "Z") : text;
  if (node.dataset.node === "choice" || node.dataset.node === "json") return json.parse(text);
  // What is no number stays as it was typed, for the check to find.
  return json.isNumeral(text.trim()) ? json.parse(text.trim()) : text;
}

// What is wrong with what has just been typed, as far as that can be told here.
export function doubt(node) {
  if (node.dataset.node !== "number" && node.dataset.node !== "integer") return "";
  const text = control(node).value.trim();
  if (text === "") return "";
  if (!json.isNumeral(text)) return "This is not a number: write it like 12 or 12.5.";
  return node.dataset.node === "integer" && !Number.isInteger(Number(text)) ? "This has to be a whole number." : "";
}

export function mark(node, words) {
  const error = node.querySelector(":scope > [data-node-error]");
  error.textContent = words;
  if (node.matches("fieldset")) return;
  if (words) control(node).setAttribute("aria-invalid", "true");
  else control(node).removeAttribute("aria-invalid");
}
