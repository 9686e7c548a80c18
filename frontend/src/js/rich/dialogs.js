// The dialogs of a rich text: a link, a picture, a button.
import { openDialog } from "../dialogs.js";
import { make } from "../texts.js";
import { LINK, PICTURE } from "./nodes.js";

let number = 0;

/** A small form in a dialog; gives its values, or nothing when it was closed. `fields`: [{name, label, type, value, hint}]. */
function form({ title, save, fields, remove, check = () => "" }, { texts, editor, options }) {
  const id = `crm-rich-dialog-${(number += 1)}`;
  const inputs = fields.map((one) => make("input", {
    class: "form-control", name: one.name, id: `${id}-${one.name}`, type: one.type ?? "text", autocomplete: "off",
    ...(one.type === "file" ? { accept: "image/png,image/jpeg,image/gif,image/webp" } : { value: one.value ?? "" }),
    ...(one.hint && { "aria-describedby": `${id}-${one.name}-hint` }), ...(one.marks && { list: `${id}-marks` }),
  }));
  const rows = fields.map((one, at) => make("div", {}, make("label", { class: "form-label", for: inputs[at].id }, one.label), inputs[at], one.hint ? make("small", { class: "form-hint", id: `${id}-${one.name}-hint` }, one.hint) : null));
  const marks = make("datalist", { id: `${id}-marks` }, ...options.placeholders.filter(({ path }) => /url$/.test(path)).map(({ path, label }) => make("option", { value: `{{ ${path} }}` }, label)));
  const dialog = make("dialog", { class: "crm-dialog narrow", "aria-labelledby": `${id}-title` });
  const inside = make("form", { method: "dialog", novalidate: "" },
    make("header", {}, make("h2", { id: `${id}-title` }, title)),
    make("div", { class: "in stack stack-2" }, ...rows, marks),
    make("footer", {},
      remove ? make("button", { type: "submit", class: "btn btn-quiet me-auto", value: "remove" }, remove) : null,
      make("button", { type: "button", class: "btn", "data-close": "" }, texts.cancel),
      make("button", { class: "btn btn-primary", value: "save" }, save)));
  // The first button is what Enter presses.
  inside.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.localName !== "input") return;
    event.preventDefault();
    inside.requestSubmit(inside.querySelector('[value="save"]'));
  });
  inside.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "save") return;
    const [at, words] = check(inputs) || [];
    for (const input of inputs) input.setCustomValidity("");
    if (!words) return;
    event.preventDefault();
    inputs[at].setCustomValidity(words);
    inputs[at].reportValidity();
    inputs[at].addEventListener("input", () => inputs[at].setCustomValidity(""), { once: true });
  });
  dialog.append(inside);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      editor.commands.focus();
      resolve(dialog.returnValue ? { action: dialog.returnValue, values: inputs.map((input) => (input.type === "file" ? input.files[0] : input.value.trim())) } : null);
    });
    openDialog(dialog, { remove: true });
  });
}

/** An address as people type it, made whole. */
export function whole(address) {
  if (!address || LINK.test(address) || /^[a-z][a-z0-9+.-]*:/i.test(address)) return address;
  return /^[^\s/@]+@[^\s/@]+$/.test(address) ? `mailto:${address}` : `https://${address}`;
}

const badLink = (texts, at) => (inputs) => (LINK.test(whole(inputs[at].value.trim())) ? "" : [at, texts.badAddress]);

export async function askLink(field) {
  const { editor, texts } = field;
  if (editor.isActive("button")) return askButton(field);
  const known = editor.isActive("link");
  if (known) editor.commands.extendMarkRange("link");
  const { from, to, empty } = editor.state.selection;
  const words = editor.state.doc.textBetween(from, to, " ");
  const said = await form({
    title: texts.link,
    save: texts.save,
    remove: known ? texts.unlink : "",
    fields: [
      { name: "href", label: texts.address, value: editor.getAttributes("link").href, hint: texts.addressHint, marks: true },
      ...(empty ? [{ name: "text", label: texts.linkText }] : []),
    ],
    check: badLink(texts, 0),
  }, field);
  if (!said) return;
  if (said.action === "remove") return void editor.chain().focus().unsetLink().run();
  const href = whole(said.values[0]);
  if (!empty || words) editor.chain().focus().setLink({ href }).run();
  else editor.chain().focus().insertContent([{ type: "text", text: said.values[1] || href, marks: [{ type: "link", attrs: { href } }] }, { type: "text", text: " " }]).run();
}

export async function askImage(field) {
  const { editor, texts, options } = field;
  const known = editor.isActive("image") ? editor.getAttributes("image") : null;
  const files = options.images ? [{ name: "file", label: texts.file, type: "file", hint: texts.fileHint }] : [];
  const at = files.length;
  const said = await form({
    title: texts.image,
    save: texts.save,
    remove: known ? texts.removeImage : "",
    fields: [...files, { name: "src", label: texts.imageAddress, value: known?.src }, { name: "alt", label: texts.alt, value: known?.alt, hint: texts.altHint }],
    check: (inputs) => ((at && inputs[0].files.length) || PICTURE.test(inputs[at].value.trim()) ? "" : [at, texts.badImage]),
  }, field);
  if (!said) return;
  if (said.action === "remove") return void editor.chain().focus().deleteSelection().run();
  const [src, alt] = said.values.slice(at);
  if (at && said.values[0]) return void field.upload(said.values[0], alt);
  editor.chain().focus().setImage({ src, alt }).run();
}

export async function askButton(field) {
  const { editor, texts } = field;
  const known = editor.isActive("button");
  const said = await form({
    title: texts.button,
    save: texts.save,
    remove: known ? texts.removeButton : "",
    fields: [
      { name: "href", label: texts.address, value: editor.getAttributes("button").href, hint: texts.addressHint, marks: true },
      ...(known ? [] : [{ name: "text", label: texts.buttonText }]),
    ],
    check: (inputs) => badLink(texts, 0)(inputs) || (inputs[1] && !inputs[1].value.trim() ? [1, texts.noText] : ""),
  }, field);
  if (!said) return;
  if (said.action === "remove") return void editor.chain().focus().deleteNode("button").run();
  const href = whole(said.values[0]);
  if (known) editor.chain().focus().updateAttributes("button", { href }).run();
  else editor.chain().focus().insertContent({ type: "button", attrs: { href }, content: [{ type: "text", text: said.values[1] }] }).run();
}
