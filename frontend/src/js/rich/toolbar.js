// The buttons above a rich text: one stop for Tab, arrow keys between them, Escape back into the text.
import { icon, make } from "../texts.js";
import { askButton, askImage, askLink } from "./dialogs.js";

let number = 0;

export function toolbar(field) {
  const { editor, texts, options } = field;
  const chain = () => editor.chain().focus();
  const buttons = {};
  const element = make("div", { class: "crm-rich-bar", role: "toolbar", "aria-label": texts.toolbar });
  const group = (...items) => element.append(make("div", { class: "group" }, ...items));
  const button = (name, sign, run, { key = "", on = null, able = null } = {}) => {
    const made = make("button", { type: "button", class: "btn btn-quiet btn-square", "aria-label": texts[name], title: key ? `${texts[name]} (${key})` : texts[name], ...(key && { "aria-keyshortcuts": key.replaceAll("Ctrl", "Control") }), ...(on && { "aria-pressed": "false" }) }, sign);
    made.addEventListener("click", run);
    buttons[name] = { made, on, able };
    return made;
  };

  const style = make("select", { class: "form-select", "aria-label": texts.style });
  for (const value of ["paragraph", "heading1", "heading2", "heading3"]) style.append(make("option", { value }, texts[value]));
  style.addEventListener("change", () => {
    if (style.value === "paragraph") chain().setParagraph().run();
    else chain().setHeading({ level: Number(style.value.at(-1)) }).run();
  });
  // What is chosen here is no field of the form.
  for (const name of ["input", "change"]) style.addEventListener(name, (event) => event.stopPropagation());

  group(style);
  group(
    button("bold", icon("bold"), () => chain().toggleBold().run(), { key: "Ctrl+B", on: () => editor.isActive("bold") }),
    button("italic", icon("italic"), () => chain().toggleItalic().run(), { key: "Ctrl+I", on: () => editor.isActive("italic") }),
    button("underline", icon("underline"), () => chain().toggleUnderline().run(), { key: "Ctrl+U", on: () => editor.isActive("underline") }),
  );
  group(
    button("bullets", icon("list"), () => chain().toggleBulletList().run(), { on: () => editor.isActive("bulletList") }),
    button("numbers", icon("list-numbers"), () => chain().toggleOrderedList().run(), { on: () => editor.isActive("orderedList") }),
    button("quote", icon("quote"), () => chain().toggleBlockquote().run(), { on: () => editor.isActive("blockquote") }),
  );
  group(
    button("link", icon("link"), () => askLink(field), { key: "Ctrl+Shift+K", on: () => editor.isActive("link") }),
    button("image", icon("photo"), () => askImage(field)),
    button("button", icon("rectangle"), () => askButton(field), { on: () => editor.isActive("button") }),
    button("divider", icon("separator-horizontal"), () => chain().setHorizontalRule().run()),
  );
  const marks = options.placeholders.length ? markMenu(field) : null;
  if (marks) group(marks.opener, marks.menu);
  group(
    button("undo", icon("arrow-back-up"), () => chain().undo().run(), { key: "Ctrl+Z", able: () => editor.can().undo() }),
    button("redo", icon("arrow-forward-up"), () => chain().redo().run(), { key: "Ctrl+Shift+Z", able: () => editor.can().redo() }),
    button("source", icon("code"), () => field.showSource(!field.source), { key: "Ctrl+Alt+H", on: () => Boolean(field.source) }),
  );

  const stops = () => [...element.querySelectorAll(".group > select, .group > button")].filter((stop) => !stop.disabled);
  const settle = (at) => { for (const stop of element.querySelectorAll(".group > select, .group > button")) stop.tabIndex = stop === at ? 0 : -1; };
  element.addEventListener("focusin", ({ target }) => { if (stops().includes(target)) settle(target); });
  element.addEventListener("keydown", (event) => {
    const all = stops();
    const at = all.indexOf(event.target);
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length].focus();
    } else if (event.key === "Escape" && !field.source) {
      editor.commands.focus();
    }
  });

  const refresh = () => {
    if (!element.isConnected) return;
    for (const [name, { made, on, able }] of Object.entries(buttons)) {
      if (on) made.setAttribute("aria-pressed", String(on()));
      made.disabled = name !== "source" && (Boolean(field.source) || Boolean(able && !able()));
    }
    style.disabled = Boolean(field.source);
    if (marks) marks.opener.disabled = Boolean(field.source);
    style.value = [1, 2, 3].map((level) => editor.isActive("heading", { level }) && `heading${level}`).find(Boolean) || "paragraph";
    if (!stops().some((stop) => stop.tabIndex === 0)) settle(stops()[0]);
  };
  return {
    element,
    refresh,
    focus: () => stops()[0].focus(),
    press: (name) => buttons[name].made.click(),
    openMarks: (typed) => marks?.open(typed),
  };
}

/** The menu of placeholders: type to find one. `typed`: it was opened by “{{”, which comes back when nothing is chosen. */
function markMenu({ editor, texts, options }) {
  const id = `crm-rich-marks-${(number += 1)}`;
  const opener = make("button", { type: "button", class: "btn btn-quiet", popovertarget: id, "aria-haspopup": "dialog", "aria-expanded": "false", title: `${texts.placeholder} ({{)` }, icon("braces"), texts.placeholder);
  const find = make("input", { type: "search", class: "form-control", "aria-label": texts.find, placeholder: texts.find, autocomplete: "off", autofocus: "" });
  const items = options.placeholders.map(({ path, label }) => {
    const item = make("button", { type: "button", class: "item two" }, make("span", { class: "grow" }, label, make("span", { class: "meta d-block" }, `{{ ${path} }}`)));
    item.addEventListener("click", () => {
      typed = false;
      menu.hidePopover();
      editor.chain().focus().insertContent({ type: "placeholder", attrs: { mark: path } }).run();
    });
    return item;
  });
  const nothing = make("p", { class: "meta p-2 mb-0", role: "status" });
  const menu = make("div", { class: "crm-pop wide crm-rich-marks", id, popover: "", role: "dialog", "aria-label": texts.placeholder }, find, ...items, nothing);
  let typed = false;
  const filter = () => {
    const words = find.value.trim().toLowerCase();
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(words);
    nothing.textContent = items.every((item) => item.hidden) ? texts.nothing : "";
  };
  for (const name of ["input", "change"]) find.addEventListener(name, (event) => { event.stopPropagation(); filter(); });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    items.find((item) => !item.hidden)?.click();
  });
  // Before it opens: who types fast has typed something by the time that it is told to be open.
  menu.addEventListener("beforetoggle", ({ newState }) => {
    if (newState !== "open") return;
    find.value = "";
    filter();
  });
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    if (typed) editor.chain().focus().insertContent("{{").run();
    typed = false;
  });
  return { opener, menu, open: (byTyping) => { opener.click(); typed = byTyping; } };
}
