// [data-choices] on a select: Tom Select, for many choices, several at once, or choices asked of the server
// (data-choices-url answers ?q=… with [{"value", "text", "note"?}]; data-choices-create lets new ones be typed: its value stands
// before those). On a text field: one choice, data-chosen says which; what is typed and not chosen stays, for the server to read.
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
  const typed = select.localName === "input";
  // A label that only stands around the list names the list alone, not what takes its place.
  const around = select.closest("label:not([for])");
  const name = around && (around.querySelector(".form-label, .visually-hidden") ?? around).textContent.trim();
  if (name) select.setAttribute("aria-label", name);
  let latest;
  /** What the server finds may fit by more than is shown of it: it counts as fitting what was asked, and for nothing else. */
  const ask = async (query) => {
    latest = query;
    const found = await load(choicesUrl, query);
    if (query !== latest) return [];
    field.clearOptions();
    return found.map((choice) => ({ ...choice, asked: query }));
  };
  const field = new TomSelect(select, {
    plugins: select.multiple || typed ? { remove_button: { title: text("remove") } } : {},
    ...(typed && { maxItems: 1, delimiter: "\n", dataAttr: "data-chosen" }),
    create: choicesCreate !== undefined && ((words) => ({ value: choicesCreate + words, text: words })),
    persist: false,
    maxOptions: 200,
    hidePlaceholder: true,
    // Enter that comes before what fits is shown would send the form without it.
    refreshThrottle: 0,
    searchField: ["text", "note", "asked"],
    ...(choicesUrl && { load: (query, done) => ask(query).then(done, () => done()), preload: "focus", shouldLoad: () => true }),
    render: {
      option: ({ text: words, note }) => make("div", {}, words, note ? make("small", { class: "meta d-block" }, note) : ""),
      item: ({ text: words }) => make("div", {}, words),
      option_create: ({ input }) => make("div", { class: "create" }, text("addNew", { name: input })),
      no_results: () => make("div", { class: "no-results" }, text("nothingFound")),
    },
    onChange: () => select.dispatchEvent(new Event("input", { bubbles: true })),
  });
  if (typed) keepTyped(select, field);
  for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) field.focus_node.setAttribute(name, select.getAttribute(name));
  if (name) field.dropdown_content.setAttribute("aria-label", name);
  // The label names the new field from here on; the old one would be a second, nameless one.
  select.setAttribute("aria-hidden", "true");
  select.addEventListener("htmx:before:cleanup", () => field.destroy(), { once: true });
}

/** What was typed and not chosen becomes the value when the field is left or the form is sent, and so does a restored draft. */
function keepTyped(input, field) {
  const put = (value) => {
    field.addOption({ value, text: value });
    field.addItem(value);
  };
  const keep = () => { if (field.inputValue() && !field.items.length) put(field.inputValue()); };
  field.hook("before", "onBlur", keep);
  // Ctrl+Enter saves the form; it chooses nothing on the way.
  const pressed = field.onKeyDown;
  field.hook("instead", "onKeyDown", (event) => { if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) pressed.call(field, event); });
  input.form?.addEventListener("submit", keep, { capture: true });
  input.form?.addEventListener("crm:filled", () => { if (input.value !== field.getValue()) { const { value } = input; field.clear(true); if (value) put(value); } });
}

async function load(address, query) {
  const url = new URL(address, location.href);
  url.searchParams.set("q", query);
  return (await fetch(url, { headers: { Accept: "application/json" } })).json();
}
