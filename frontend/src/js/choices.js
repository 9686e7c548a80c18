// select[data-choices]: Tom Select, for many choices, several at once, or choices asked of the server
// (data-choices-url answers ?q=… with [{"value", "text", "note"?}]; data-choices-create lets new ones be typed).
import TomSelect from "tom-select/base";
import removeButton from "tom-select/dist/esm/plugins/remove_button/plugin.js";
import { make, text } from "./texts.js";

TomSelect.define("remove_button", removeButton);
export { TomSelect };

let styles;
/** Loads the styles once; their address is in <html data-choices-css>. */
const dressed = () => (styles ??= new Promise((resolve) => {
  const link = make("link", { rel: "stylesheet", href: document.documentElement.dataset.choicesCss });
  link.onload = link.onerror = resolve;
  document.head.append(link);
}));

export async function choices(select) {
  await dressed();
  const { choicesUrl, choicesCreate } = select.dataset;
  // A label that only stands around the list names the list alone, not what takes its place.
  const around = select.closest("label:not([for])");
  const name = around && (around.querySelector(".form-label, .visually-hidden") ?? around).textContent.trim();
  if (name) select.setAttribute("aria-label", name);
  const field = new TomSelect(select, {
    plugins: select.multiple ? { remove_button: { title: text("close") } } : {},
    create: choicesCreate !== undefined,
    persist: false,
    maxOptions: 200,
    hidePlaceholder: true,
    // Enter that comes before what fits is shown would send the form without it.
    refreshThrottle: 0,
    searchField: ["text", "note"],
    ...(choicesUrl && { load: (query, done) => load(choicesUrl, query).then(done, () => done()), preload: "focus", shouldLoad: () => true }),
    render: {
      option: ({ text: words, note }) => make("div", {}, words, note ? make("small", { class: "meta d-block" }, note) : ""),
      item: ({ text: words }) => make("div", {}, words),
      no_results: () => make("div", { class: "no-results" }, text("nothingFound")),
    },
    onChange: () => select.dispatchEvent(new Event("input", { bubbles: true })),
  });
  if (name) field.dropdown_content.setAttribute("aria-label", name);
  // The label names the new field from here on; the old one would be a second, nameless one.
  select.setAttribute("aria-hidden", "true");
  select.addEventListener("htmx:before:cleanup", () => field.destroy(), { once: true });
}

async function load(address, query) {
  const url = new URL(address, location.href);
  url.searchParams.set("q", query);
  return (await fetch(url, { headers: { Accept: "application/json" } })).json();
}
