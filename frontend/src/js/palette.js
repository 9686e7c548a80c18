// Ctrl+K and [data-palette="/search"]: one field over everything. The address answers ?q=… with a fragment of .group
// titles and a.hit links; it is asked as one types, an older answer is dropped.
import { icon, make, text } from "./texts.js";
import { openDialog } from "./dialogs.js";

const WAIT = 120;
let dialog, field, list, timer, running;
let shown = null; // the text that the list answers
let eager = false; // Enter came before the answer

function build() {
  field = make("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "crm-hits", "aria-label": text("search"), placeholder: text("search"), autocomplete: "off", spellcheck: "false", autofocus: "" });
  list = make("div", { class: "list", id: "crm-hits", role: "listbox", "aria-label": text("search") });
  dialog = make("dialog", { class: "crm-palette", "aria-label": text("search") },
    make("div", { class: "ask" }, icon("search"), field, make("kbd", {}, "Esc")), list);
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, WAIT); });
  dialog.addEventListener("keydown", keys);
}

async function look() {
  clearTimeout(timer);
  running?.abort();
  running = new AbortController();
  const wanted = field.value.trim();
  const address = new URL(document.querySelector("[data-palette]").dataset.palette, location.href);
  address.searchParams.set("q", wanted);
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: running.signal });
    if (answer.status === 401 && answer.headers.get("Crmhost-Login")) return location.reload();
    show(answer.ok ? await answer.text() : "", wanted);
  } catch (error) {
    if (error.name !== "AbortError") list.replaceChildren(make("p", { class: "meta" }, text("offline")));
  }
}

function show(html, wanted) {
  shown = wanted;
  list.innerHTML = html;
  const hits = [...list.querySelectorAll(".hit")];
  hits.forEach((hit, index) => { hit.id = `crm-hit-${index}`; hit.setAttribute("role", "option"); hit.tabIndex = -1; });
  if (!hits.length) list.replaceChildren(make("p", { class: "meta" }, text(wanted ? "nothingFound" : "searchHint")));
  select(hits[0]);
  if (eager) hits[0]?.click();
  eager = false;
}

function select(hit) {
  for (const other of list.querySelectorAll(".hit")) other.setAttribute("aria-selected", String(other === hit));
  field.setAttribute("aria-activedescendant", hit?.id ?? "");
  hit?.scrollIntoView({ block: "nearest" });
}

function keys(event) {
  const hits = [...list.querySelectorAll(".hit")];
  const at = hits.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && hits.length) {
    event.preventDefault();
    select(hits[(at + step + hits.length) % hits.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (field.value.trim() !== shown) {
      eager = true;
      look();
    } else if (!hits[at]) return;
    else if (event.ctrlKey || event.metaKey) window.open(hits[at].href, "_blank", "noopener");
    else hits[at].click();
  }
}

function open() {
  if (!document.querySelector("[data-palette]") || document.querySelector("dialog[open]")) return;
  if (!dialog) build();
  eager = false;
  openDialog(dialog);
  field.select();
  look();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open();
});
document.addEventListener("click", (event) => event.target.closest("[data-palette]") && open());
