// The form of the chosen block: a control for each of its fields. They have no names, so none of them is sent with the page's form.
import { whole } from "../rich/dialogs.js";
import { LINK } from "../rich/nodes.js";
import { rich, sendPicture } from "../rich/editor.js";
import { icon, make } from "../texts.js";

let number = 0;

/** The controls of a block's fields. `changed(field, value)` is told of each change. */
export function controls(editor, block, type, changed) {
  return type.fields.map((field) => control(editor, field, editor.document.value(block, field), (value) => changed(field, value)));
}

function control(editor, field, value, set) {
  const id = `crm-block-field-${(number += 1)}`;
  const described = field.help ? { "aria-describedby": `${id}-help` } : {};
  const hint = field.help ? make("small", { class: "form-hint", id: `${id}-help` }, field.help) : null;
  const label = make("label", { class: "form-label", for: id, id: `${id}-label` }, field.label);
  const made = (CONTROLS[field.kind] ?? line)({ editor, field, id, value, set, described, label });
  if (field.kind === "switch") return make("div", {}, made, hint);
  return make("div", {}, label, ...[made].flat(), hint);
}

const input = (id, value, set, more = {}) => {
  const made = make("input", { class: "form-control", id, autocomplete: "off", ...more });
  made.value = value;
  made.addEventListener("input", () => set(made.value));
  return made;
};

function line({ editor, field, id, value, set, described }) {
  const made = input(id, value, set, { maxlength: "2000", ...described });
  return [made, inserts(editor, made, field.label)];
}

/** The choice of placeholders below a line: what is chosen goes to where the caret is. */
export function inserts(editor, field, label) {
  const { texts, options } = editor;
  const made = make("select", { class: "form-select crm-blocks-insert", "aria-label": `${texts.insert}: ${label}` }, make("option", { value: "" }, texts.insert), ...options.placeholders.map(({ path, label }) => make("option", { value: `{{ ${path} }}` }, label)));
  made.addEventListener("input", (event) => event.stopPropagation());
  made.addEventListener("change", (event) => {
    event.stopPropagation();
    field.setRangeText(made.value, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, "end");
    made.value = "";
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return made;
}

function address({ editor, id, value, set, described }) {
  const made = input(id, value, set, { inputmode: "url", list: `${id}-marks`, ...described });
  made.addEventListener("change", () => {
    const full = whole(made.value.trim());
    made.setCustomValidity(!full || LINK.test(full) ? "" : editor.texts.badAddress);
    made.reportValidity();
    if (full !== made.value) { made.value = full; set(full); }
  });
  made.addEventListener("input", () => made.setCustomValidity(""));
  const marks = make("datalist", { id: `${id}-marks` }, ...editor.options.placeholders.filter(({ path }) => /url$/.test(path)).map(({ path, label }) => make("option", { value: `{{ ${path} }}` }, label)));
  return [made, marks];
}

function picture({ editor, id, value, set, described }) {
  const { texts, options } = editor;
  const place = input(id, value, set, { inputmode: "url", placeholder: texts.address, ...described });
  if (!options.images) return place;
  const file = make("input", { type: "file", class: "visually-hidden", accept: "image/png,image/jpeg,image/gif,image/webp", tabindex: "-1", "aria-hidden": "true" });
  const button = make("button", { type: "button", class: "btn" }, icon("upload"), value ? texts.another : texts.choose);
  button.addEventListener("click", () => file.click());
  file.addEventListener("input", (event) => event.stopPropagation());
  file.addEventListener("change", async (event) => {
    event.stopPropagation();
    const src = file.files[0] && (await sendPicture(options.images, file.files[0], texts.notUploaded));
    file.value = "";
    if (!src) return;
    place.value = src;
    place.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return make("div", { class: "stack stack-1" }, make("div", {}, button, file), place);
}

function choice({ field, id, value, set, described }) {
  const made = make("select", { class: "form-select", id, ...described }, ...field.choices.map(([key, label]) => make("option", { value: key }, label)));
  made.value = value;
  made.addEventListener("change", () => set(made.value));
  return made;
}

function amount({ field, id, value, set, described }) {
  const made = input(id, value, () => {}, { type: "number", min: field.least, max: field.most, step: 1, ...described });
  made.addEventListener("input", () => { if (made.validity.valid && made.value) set(Number(made.value)); });
  made.addEventListener("change", () => made.reportValidity());
  return made;
}

function flag({ field, id, value, set, described }) {
  const box = make("input", { type: "checkbox", class: "form-check-input", role: "switch", id, ...described });
  box.checked = Boolean(value);
  box.addEventListener("change", () => set(box.checked));
  return make("label", { class: "form-switch" }, box, make("span", {}, field.label));
}

export const colour = ({ id, value, set, described = {} }) => {
  const made = input(id, value, set, { type: "color", ...described });
  made.classList.add("form-control-color");
  return made;
};

function html({ id, value, set, described }) {
  const made = make("textarea", { class: "form-control crm-blocks-source", id, rows: "10", spellcheck: "false", ...described });
  made.value = value;
  made.addEventListener("input", () => set(made.value));
  return made;
}

function richText({ editor, id, value, set }) {
  const area = make("textarea", { class: "form-control", id, rows: "8", "data-rich": JSON.stringify(editor.options.rich) });
  area.value = value;
  area.addEventListener("input", () => set(area.value));
  const place = make("div", {}, area);
  // The editor of rich text looks for its label on the page.
  editor.later(async () => { if (area.isConnected) editor.open.push(await rich(area)); });
  return place;
}

const CONTROLS = { line, address, picture, choice, number: amount, switch: flag, colour, html, rich: richText };
