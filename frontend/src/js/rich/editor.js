// textarea[data-rich]: an editor of rich text in its place. The textarea stays the form's field and holds HTML; without
// JavaScript one writes there. data-rich is JSON, see crmhost/web/forms/rich.py:
//   {"texts": {key: words}, "placeholders": [{"path", "label"}], "images": "/url"?, "when": ["kind", "rich"]?}
// With "when", the editor is there while that field of the form has that value; other values write into the textarea itself.
import { Editor } from "@tiptap/core";
import { ask } from "../confirm.js";
import { make } from "../texts.js";
import { toast } from "../toasts.js";
import { asMjml, asText, fromHtml, lost, pasted, toHtml } from "./html.js";
import { extensions } from "./nodes.js";
import { toolbar } from "./toolbar.js";

let styles;
/** Loads the styles once; their address is in <html data-rich-css>. The library measures what they say when it starts. */
export const dressed = () => (styles ??= new Promise((resolve) => {
  const link = make("link", { rel: "stylesheet", href: document.documentElement.dataset.richCss });
  link.onload = link.onerror = resolve;
  document.head.append(link);
}));

export async function rich(area) {
  await dressed();
  const field = new Field(area);
  field.start();
  return field;
}

/** A field: the textarea, the editor, and which of the two is shown. */
class Field {
  constructor(area) {
    this.area = area;
    this.options = JSON.parse(area.dataset.rich);
    this.texts = this.options.texts;
    this.id = area.id;
    this.writing = false;
    this.label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
    this.switch = this.options.when && area.form?.elements[this.options.when[0]];
  }

  start() {
    const { area, label } = this;
    this.place = make("div", { class: "crm-rich-page" });
    this.note = make("p", { class: "crm-note warn", role: "status" });
    this.note.hidden = true;
    this.box = make("div", { class: "crm-rich" });
    area.before(this.box);
    this.editor = new Editor({
      element: this.place,
      injectCSS: false,
      extensions: extensions(this),
      editorProps: {
        attributes: () => this.attributes(),
        // Ctrl+Enter saves the form, as everywhere.
        handleKeyDown: (_view, event) => event.key === "Enter" && (event.ctrlKey || event.metaKey),
        transformPastedHTML: pasted,
        handlePaste: (_view, event) => this.takeFiles(event.clipboardData),
        handleDrop: (_view, event, _slice, moved) => !moved && this.takeFiles(event.dataTransfer),
      },
      onUpdate: () => this.write(),
      onTransaction: () => this.bar?.refresh(),
    });
    this.bar = toolbar(this);
    this.box.append(this.bar.element, this.note, this.place, area);
    if (label) {
      label.id ||= `${this.id}-label`;
      label.addEventListener("click", () => { if (!this.source) this.editor.commands.focus(); });
    }
    area.addEventListener("input", () => { if (!this.writing) this.read(); });
    area.form?.addEventListener("reset", () => setTimeout(() => this.editor.isDestroyed || this.read()));
    area.addEventListener("keydown", (event) => { if (this.on && isSourceKey(event)) { event.preventDefault(); this.showSource(false); } });
    area.addEventListener("htmx:before:cleanup", () => this.editor.destroy(), { once: true });
    this.switch?.addEventListener("change", () => this.switched());
    area.form?.addEventListener("crm:filled", () => this.editor.isDestroyed || this.refilled());
    this.refilled();
  }

  /** Takes what the form holds, its kind too: at first, and when a draft was brought back. */
  refilled() {
    this.kind = this.switch?.value;
    this.on = !this.switch || this.kind === this.options.when[1];
    this.source = false;
    this.read();
    this.show();
  }

  attributes() {
    const { area, label } = this;
    return {
      class: "crm-rich-text",
      role: "textbox",
      "aria-multiline": "true",
      ...(label ? { "aria-labelledby": label.id || `${this.id}-label` } : { "aria-label": area.getAttribute("aria-label") ?? "" }),
      ...(area.getAttribute("aria-describedby") && { "aria-describedby": area.getAttribute("aria-describedby") }),
      ...(area.getAttribute("aria-invalid") && { "aria-invalid": "true" }),
      ...(area.required && { "aria-required": "true" }),
    };
  }

  // --- what is shown ---

  show() {
    const editing = this.on && !this.source;
    this.box.classList.toggle("off", !this.on);
    this.bar.element.hidden = !this.on;
    this.place.hidden = !editing;
    this.area.hidden = editing;
    // Label, list of problems and address bar lead to what is there.
    this.area.id = editing ? `${this.id}-source` : this.id;
    if (editing) this.editor.view.dom.id = this.id;
    else this.editor.view.dom.removeAttribute("id");
    this.bar.refresh();
  }

  /** Shows the HTML itself, or the editor again; asks when the editor can't hold what stands there. */
  async showSource(source) {
    if (!source && !(await this.agreed())) return;
    this.source = source;
    this.note.hidden = true;
    if (!source) this.load();
    this.show();
    if (source) this.area.focus();
    else this.editor.commands.focus();
  }

  /** Takes what stands in the textarea; what the editor can't hold is left there, as source, until somebody decides. */
  read() {
    if (!this.on) return;
    const names = lost(this.area.value);
    this.source = names.length > 0;
    this.note.hidden = !this.source;
    this.note.textContent = this.source ? this.texts.kept.replace("{names}", names.join(", ")) : "";
    if (!this.source) this.load();
    this.show();
  }

  load() {
    this.editor.commands.setContent(fromHtml(this.area.value), { emitUpdate: false });
  }

  async agreed() {
    const names = lost(this.area.value);
    return !names.length || ask({ question: this.texts.lost, detail: this.texts.lostDetail.replace("{names}", names.join(", ")), button: this.texts.lostButton, tone: "danger" });
  }

  /** Another kind was chosen. */
  async switched() {
    const before = this.kind;
    const [, own] = this.options.when;
    const kind = this.switch.value;
    if (kind === own && before !== own && !(await this.agreed())) {
      this.switch.value = before;
      return;
    }
    if (before === own && !this.source) {
      const text = asText(this.editor);
      if (kind === "text" && !text.plain && !(await ask({ question: this.texts.plain, detail: this.texts.plainDetail, button: this.texts.plainButton, tone: "danger" }))) {
        this.switch.value = before;
        return;
      }
      if (kind === "text") this.put(text.text);
      if (kind === "mjml" && this.area.value) this.put(asMjml(this.area.value));
    }
    this.kind = kind;
    this.on = kind === own;
    this.source = false;
    this.note.hidden = true;
    if (this.on) this.load();
    this.show();
  }

  // --- what is written ---

  write() {
    this.put(toHtml(this.editor));
  }

  put(value) {
    this.writing = true;
    this.area.value = value;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
  }

  // --- pictures ---

  takeFiles(data) {
    const files = [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    // An office program puts a picture of the text beside the text.
    if (!this.options.images || !files.length || data.types.includes("text/html")) return false;
    for (const file of files) this.upload(file);
    return true;
  }

  /** Sends a picture to the site and puts it where the cursor is. */
  async upload(file, alt = "") {
    const src = await sendPicture(this.options.images, file, this.texts.notUploaded);
    if (src) this.editor.chain().focus().setImage({ src, alt }).run();
  }
}

/** Sends a picture to the site; gives its address there, or says why it was not taken. */
export async function sendPicture(address, file, failed) {
  const body = new FormData();
  body.append("file", file);
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  let answer;
  try {
    const response = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } });
    answer = await response.json();
  } catch {
    answer = {};
  }
  if (!answer.src) toast({ text: answer.error || failed, tone: "bad" });
  return answer.src;
}

const isSourceKey = (event) => event.altKey && (event.ctrlKey || event.metaKey) && event.code === "KeyH";
