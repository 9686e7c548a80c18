// Keys, only while no field has the focus. [data-key="n"] is pressed, or focused when it is a field. In [data-rows],
// j and k move from [data-row] to [data-row], Enter opens its link or [data-row-open], x selects it, b goes to the bar for the
// selection. u takes back what the newest notice tells of. ? shows what there is.
import { openDialog } from "./dialogs.js";
import { icon, make, text } from "./texts.js";

// A closed dialog may hold the focus a moment longer, until the browser has moved it; keys count by then.
const FIELD = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], .ts-wrapper, dialog[open], :popover-open";
const visible = (element) => element.checkVisibility();
// What one sees comes before what lies in a closed menu, which works all the same.
const keyed = () => {
  const all = [...document.querySelectorAll("[data-key]")];
  return [...all.filter(visible), ...all.filter((element) => !visible(element) && element.closest("[popover]"))];
};
// What Enter opens: a link, or a button where opening changes something.
const opener = (row) => row?.querySelector("a[href], [data-row-open]");
const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter(visible);

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const to = Math.max(0, Math.min(all.length - 1, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by));
  all[at]?.classList.remove("at");
  all[to].classList.add("at");
  all[to].scrollIntoView({ block: "nearest" });
  opener(all[to])?.focus({ preventScroll: true });
}

const current = () => rows().find((row) => row.classList.contains("at"));
const built = {
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector("[data-select]")?.click(),
  b: () => [...document.querySelectorAll("[data-bulk] :is(button, a, input:not([type=hidden])):not(:disabled)")].find(visible)?.focus(),
  u: () => [...document.querySelectorAll(".crm-toast form .btn")].at(-1)?.click(),
  Enter: () => document.activeElement === document.body && opener(current())?.click(),
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(FIELD)) return;
  const fitting = keyed().filter((element) => element.dataset.key === event.key);
  const within = (state) => fitting.find((element) => element.closest("[data-key-scope]")?.matches(state));
  const named = within(":hover") ?? within(":focus-within") ?? fitting[0];
  const act = named ? () => (named.matches("input, textarea, select") ? (named.focus(), named.select?.()) : named.click()) : built[event.key];
  if (!act || (event.key === "Enter" && event.target !== document.body)) return;
  event.preventDefault();
  act();
});

/** What an element is called, in words alone. */
function label(element) {
  const { title, placeholder, labels, dataset } = element;
  const words = [...(labels?.[0] ?? element).childNodes].filter((node) => !node.matches?.("kbd, svg, input, select, textarea"));
  return dataset.keyLabel || element.getAttribute("aria-label") || title || placeholder || words.map((node) => node.textContent).join("").trim();
}

function help() {
  const lines = [[["Ctrl", "K"], text("keySearchAll")], [["Ctrl", "↵"], text("keySave")]];
  const seen = new Set();
  for (const element of keyed()) {
    if (!seen.has(element.dataset.key)) lines.push([[element.dataset.key], label(element)]);
    seen.add(element.dataset.key);
  }
  if (rows().length) lines.push([["j", "k"], text("keyMove")], [["↵"], text("keyOpen")], [["x"], text("keySelect")]);
  if (document.querySelector("[data-bulk]")) lines.push([["b"], text("keyBar")]);
  lines.push([["u"], text("keyUndo")], [["?"], text("keyHelp")]);
  const list = make("dl", { class: "crm-keylist" });
  for (const [keys, what] of lines) list.append(make("dt", {}, ...keys.map((key) => make("kbd", {}, key))), make("dd", {}, what));
  const close = make("button", { type: "button", class: "btn btn-quiet btn-square", "data-close": "", "aria-label": text("close") }, icon("x"));
  openDialog(make("dialog", { class: "crm-dialog narrow", "aria-labelledby": "crm-keys" },
    make("header", {}, make("h2", { id: "crm-keys", class: "grow" }, text("keys")), close), make("div", { class: "in" }, list)), { remove: true });
}
document.addEventListener("click", (event) => event.target.closest("[data-keys]") && help());
