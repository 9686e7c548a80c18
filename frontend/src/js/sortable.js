// Things put in order by hand: [data-sortable="GROUP"] holds [data-id]; things move between areas of the same group.
// Without data-sort-url the order is that of a form's own fields and goes with it; else data-sort-url gets a POST of item, area (the area's data-area), and order, the ids in their new order. With
// [data-grip] inside, or data-grips on an area that may be empty, only that drags; by keyboard it is a button: Space lifts, arrows
// move, Space drops, Escape puts back. An item with data-only="AREA" lies in no other area.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { csrfToken } from "./htmx.js";
import { make, text } from "./texts.js";
import { toast } from "./toasts.js";

export { Sortable };

const items = (area) => [...area.children].filter((child) => child.dataset.id);
const areas = (area) => [...document.querySelectorAll(`[data-sortable="${CSS.escape(area.dataset.sortable)}"]`)];

export function sortable(area) {
  let from;
  Sortable.create(area, {
    group: area.dataset.sortable ? { name: area.dataset.sortable, put: (to, from, item) => fits(item, to.el) && sameGroup(to.el, from) } : undefined,
    draggable: "[data-id]",
    handle: area.querySelector("[data-grip]") || "grips" in area.dataset ? "[data-grip]" : undefined,
    animation: 120,
    delay: 120,
    delayOnTouchOnly: true,
    ghostClass: "crm-ghost",
    chosenClass: "lifted",
    onStart: ({ item }) => { from = place(item); document.body.classList.add("crm-sorting"); },
    onEnd: ({ item }) => { document.body.classList.remove("crm-sorting"); if (moved(item, from)) store(item, from); },
  });
}

const fits = (item, area) => !("only" in item.dataset) || item.dataset.only === (area.dataset.area ?? "");
const sameGroup = (area, from) => from.options.group.name === area.dataset.sortable;
const place = (item) => ({ area: item.parentElement, before: item.nextElementSibling });
const moved = (item, from) => from.area !== item.parentElement || from.before !== item.nextElementSibling;
const back = (item, { area, before }) => area.insertBefore(item, before);

async function store(item, from) {
  const area = item.parentElement;
  if (!area.dataset.sortUrl) return item.dispatchEvent(new Event("change", { bubbles: true }));
  const body = new URLSearchParams([["item", item.dataset.id], ["area", area.dataset.area ?? ""], ...items(area).map((other) => ["order", other.dataset.id])]);
  const kept = await fetch(area.dataset.sortUrl, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } }).then((answer) => answer.ok, () => false);
  if (!kept) {
    back(item, from);
    return toast(text("notMoved"), { tone: "bad" });
  }
  item.dispatchEvent(new CustomEvent("crm:sorted", { bubbles: true, detail: { area: area.dataset.area } }));
}

let lifted = null;
let voice;

function say(words) {
  if (!voice) document.body.append((voice = make("div", { class: "visually-hidden", "aria-live": "assertive" })));
  voice.textContent = words;
}
const spot = (item) => ({ place: items(item.parentElement).indexOf(item) + 1, count: items(item.parentElement).length });

document.addEventListener("keydown", (event) => {
  const grip = event.target.closest?.("[data-sortable] [data-grip], [data-sortable] > [data-id]");
  if (!grip || (grip !== event.target && !lifted)) return;
  const item = grip.closest("[data-id]");
  if (!lifted) {
    if (event.key !== " " || event.target.matches("input, textarea, select")) return;
    lifted = { item, from: place(item) };
    item.classList.add("lifted");
    say(text("lifted"));
  } else if (event.key === " " || event.key === "Enter") {
    // Who is told of the new order may draw the list anew.
    const at = spot(item);
    drop(() => { if (moved(item, lifted.from)) store(item, lifted.from); say(text("dropped", at)); });
  } else if (event.key === "Escape") {
    drop(() => { back(item, lifted.from); say(text("putBack")); });
  } else if (!step(item, event.key)) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  grip.focus();
});

function drop(then) {
  then();
  lifted.item.classList.remove("lifted");
  lifted = null;
}

function step(item, key) {
  const area = item.parentElement;
  const all = items(area);
  const at = all.indexOf(item);
  if (key === "ArrowUp" && at > 0) all[at - 1].before(item);
  else if (key === "ArrowDown" && at < all.length - 1) all[at + 1].after(item);
  else if (key === "ArrowLeft" || key === "ArrowRight") {
    const near = areas(area);
    const to = near[near.indexOf(area) + (key === "ArrowRight" ? 1 : -1)];
    if (to && fits(item, to)) to.insertBefore(item, items(to)[at] ?? null);
  } else return key.startsWith("Arrow");
  item.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(text("moved", spot(item)));
  return true;
}
