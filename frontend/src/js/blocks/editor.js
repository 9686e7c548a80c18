// textarea[data-blocks]: an editor of mails of blocks in its place. The textarea stays the form's field and holds the document as
// JSON; without JavaScript that is what one sees. data-blocks is JSON, see crmhost/web/forms/blocks.py.
import { ask } from "../confirm.js";
import { openDialog } from "../dialogs.js";
import { csrfToken } from "../htmx.js";
import { dressed } from "../rich/editor.js";
import { icon, make } from "../texts.js";
import { toast } from "../toasts.js";
import { Canvas } from "./canvas.js";
import { Document } from "./document.js";
import { colour, controls } from "./properties.js";
import { tools } from "./tools.js";

let number = 0;
const NARROW = matchMedia("(max-width: 991.98px)");

export async function blocks(area) {
  await dressed();
  new Editor(area).start();
}

class Editor {
  constructor(area) {
    this.area = area;
    this.options = JSON.parse(area.dataset.blocks);
    this.texts = this.options.texts;
    this.group = `crm-blocks-${(number += 1)}`;
    this.document = new Document(this.options.types);
    this.marks = new Map(this.options.placeholders.map(({ path, label }) => [path, label]));
    this.chosen = "";
    this.waiting = [];
    this.open = [];
  }

  start() {
    const { area, texts } = this;
    this.canvas = new Canvas(this);
    this.note = make("p", { class: "crm-note warn", role: "status" });
    this.voice = make("div", { class: "visually-hidden", "aria-live": "polite" });
    this.panel = make("div", { class: "crm-blocks-panel stack stack-2", role: "group", "aria-label": texts.properties });
    this.side = make("div", { class: "crm-blocks-side" }, this.panel);
    this.beginning = make("div", { class: "crm-blocks-begin" });
    this.page = make("div", { class: "crm-blocks-page" }, this.beginning, this.canvas.root);
    Object.assign(this, tools(this));
    this.box = make("div", { class: "crm-blocks", role: "group", "aria-label": texts.canvas }, this.bar, make("div", { class: "crm-blocks-body" }, this.page, this.side), this.voice);
    area.before(this.note, this.box);
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    // Beside the blocks nothing is chosen: there are the colours of the whole mail.
    this.page.addEventListener("click", ({ target }) => { if (!target.closest("button, input, textarea, select, label, .crm-blocks-panel")) this.choose(""); });
    area.addEventListener("input", () => { if (!this.writing) this.read(); });
    area.form?.addEventListener("reset", () => setTimeout(() => this.read()));
    area.form?.addEventListener("crm:filled", () => this.read());
    const kind = area.form?.elements[this.options.when[0]];
    kind?.addEventListener("change", () => { if (kind.value === this.options.when[1]) this.adopt(); });
    NARROW.addEventListener("change", () => this.place());
    this.read();
  }

  // --- what is there ---

  /** Takes what stands in the textarea; what is no document stays there to be corrected. */
  read() {
    const fine = this.document.load(this.area.value);
    this.note.hidden = fine;
    this.note.textContent = fine ? "" : this.texts.broken;
    this.box.hidden = !fine;
    this.area.hidden = fine;
    this.chosen = "";
    if (fine) this.draw();
  }

  /** Blocks were chosen as the kind for the first time: rich text that was written is the first of them. */
  adopt() {
    const written = this.area.form.elements.content;
    if (this.document.blocks.length || !written?.value.trim() || /^\s*<mjml|<(?:html|body|!doctype)\b|\{%/i.test(written.value)) return;
    this.document.note();
    this.document.blocks = [this.document.keyed({ type: "text", text: written.value })];
    this.wrote();
  }

  labelOf(block) {
    return block.columns ? this.texts.columns : this.document.type(block)?.label ?? block.values.type;
  }

  iconOf(block) {
    return block.columns ? "columns-2" : this.document.type(block)?.icon ?? "puzzle-off";
  }

  /** A block as it is spoken of: “Heading: News of the month”. */
  nameOf(block) {
    const said = (this.document.type(block)?.fields ?? []).map(({ name }) => block.values[name]).find((value) => typeof value === "string" && value.length > 2) ?? "";
    const words = said.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 40);
    return words ? `${this.labelOf(block)}: ${words}` : this.labelOf(block);
  }

  markOf(mark) {
    return this.marks.get(mark.split("|")[0].trim()) ?? mark;
  }

  say(words, values = {}) {
    this.voice.textContent = "";
    setTimeout(() => { this.voice.textContent = words.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole); }, 50);
  }

  later(run) {
    this.waiting.push(run);
  }

  // --- what is shown ---

  /** Draws the blocks and the form of the chosen one; the focus stays on what had it. */
  draw({ panel = true } = {}) {
    if (panel && this.side !== this.panel.parentElement) this.side.append(this.panel);
    const had = this.canvas.root.contains(document.activeElement) ? document.activeElement.dataset.pick : "";
    this.keepPanel(() => this.canvas.draw());
    this.begin();
    this.back.disabled = !this.document.past.length;
    this.forth.disabled = !this.document.future.length;
    if (panel) this.fillPanel();
    this.place();
    if (had) this.canvas.find(had)?.focus();
  }

  /** Draws while the form of the chosen block, which may lie among the blocks, is kept with what is typed into it. */
  keepPanel(run) {
    const within = this.canvas.root.contains(this.panel);
    const had = this.panel.contains(document.activeElement) ? document.activeElement : null;
    if (within) this.side.append(this.panel);
    run();
    if (within) this.place();
    if (had && document.activeElement !== had) had.focus();
  }

  /** The form lies beside the blocks; where there is no room, below the chosen one. */
  place() {
    const item = NARROW.matches && this.canvas.find(this.chosen)?.closest("[data-id], .crm-blocks-columns > div");
    if (item) item.append(this.panel);
    else if (this.panel.parentElement !== this.side) this.side.append(this.panel);
  }

  begin() {
    const { layouts } = this.options;
    const empty = !this.document.blocks.length;
    this.beginning.hidden = !empty;
    if (!empty || this.beginning.childElementCount || !layouts.length) return;
    const cards = layouts.map(({ label, detail, document: given }) => {
      const made = make("button", { type: "button", class: "btn" }, make("span", { class: "strong" }, label), make("span", { class: "meta" }, detail));
      made.addEventListener("click", () => {
        this.document.note();
        this.document.load(JSON.stringify(given));
        this.wrote();
        this.choose(this.document.blocks[0].key);
        this.canvas.find(this.chosen).focus();
      });
      return made;
    });
    this.beginning.append(make("p", { class: "form-label" }, this.texts.begin), make("div", { class: "layouts" }, ...cards), make("p", { class: "form-hint" }, this.texts.beginHint));
  }

  // --- the chosen block ---

  choose(key, { open = false, enter = false } = {}) {
    this.chosen = key;
    for (const picked of this.canvas.root.querySelectorAll("[data-pick]")) picked.setAttribute("aria-pressed", String(picked.dataset.pick === key));
    this.fillPanel();
    this.place();
    if (open && NARROW.matches) this.canvas.find(key)?.scrollIntoView({ block: "nearest" });
    if (enter) (this.panel.querySelector("input, select, textarea") ?? this.panel.querySelector(".btn:not(:disabled)"))?.focus();
  }

  fillPanel() {
    const { texts } = this;
    const place = this.document.find(this.chosen);
    this.waiting = [];
    for (const { editor } of this.open.splice(0)) editor.destroy();
    const fields = place ? this.fields(place) : [];
    const head = place ? [make("div", { class: "crm-blocks-head" }, make("h2", {}, this.labelOf(place.block)), this.acts(place))] : [];
    const column = !place && this.chosen.includes(".") ? [this.afterButton(texts.into)] : [];
    const none = place || column.length ? [] : [make("p", { class: "soft" }, texts.nothingChosen), ...this.looks()];
    this.panel.replaceChildren(...head, ...fields, ...column, ...none);
    for (const run of this.waiting) run();
  }

  fields({ block }) {
    if (block.columns) {
      const field = { name: "share", label: this.texts.share, kind: "choice", default: "1-1", choices: [["1-1", this.texts.share11], ["1-2", this.texts.share12], ["2-1", this.texts.share21]] };
      return controls(this, block, { fields: [field] }, (one, value) => this.set(block.key, one, value));
    }
    const type = this.document.type(block);
    if (!type) return [make("p", { class: "soft" }, this.texts.unknown)];
    if (!type.may) return [make("p", { class: "soft" }, this.texts.forbidden)];
    return controls(this, block, type, (field, value) => this.set(block.key, field, value));
  }

  acts({ list, at }) {
    const { texts, chosen } = this;
    const button = (label, sign, run, off = false) => {
      const made = make("button", { type: "button", class: "btn btn-quiet btn-square", "aria-label": label, title: label }, icon(sign));
      made.disabled = off;
      made.addEventListener("click", run);
      return made;
    };
    return make("div", { class: "acts", role: "group" },
      button(texts.up, "arrow-up", () => this.move(chosen, -1, texts.up), at === 0),
      button(texts.down, "arrow-down", () => this.move(chosen, 1, texts.down), at === list.length - 1),
      this.afterButton(texts.after),
      button(texts.duplicate, "copy", () => this.duplicate(chosen)),
      button(texts.remove, "trash", () => this.remove(chosen)));
  }

  afterButton(label) {
    return make("button", { type: "button", class: `btn ${label === this.texts.after ? "btn-quiet btn-square" : ""}`, popovertarget: this.menu.id, "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": label, title: label }, icon("plus"), label === this.texts.after ? null : label);
  }

  looks() {
    return ["accent", "background"].map((name) => {
      const id = `${this.group}-${name}`;
      const made = colour({ id, value: this.document.look[name], set: (value) => { this.document.note(name); this.document.look[name] = value; this.write(); } });
      return make("div", { class: "row-flex" }, made, make("label", { class: "form-label mb-0", for: id }, this.texts[name]));
    });
  }

  // --- what is done ---

  set(key, field, value) {
    const place = this.document.find(key);
    if (!place || place.block.values[field.name] === value) return;
    this.document.note(`${key}.${field.name}`);
    place.block.values[field.name] = value;
    this.write();
    this.draw({ panel: false });
  }

  /** Adds a block after the chosen one, into the chosen column, or at the end. */
  add(name) {
    const place = this.document.find(this.chosen);
    let [area, at] = place ? [place.area, place.at + 1] : ["", this.document.blocks.length];
    if (!place && this.chosen.includes(".")) [area, at] = [this.chosen, this.document.list(this.chosen).length];
    if (name === "columns" && area) [area, at] = ["", this.document.find(area.split(".")[0]).at + 1];
    this.insert(this.document.fresh(name), area, at);
  }

  insert(block, area, at) {
    this.document.note();
    const list = this.document.list(area);
    list.splice(at, 0, block);
    this.wrote();
    this.focusOn(block.key);
    this.say(this.texts.added, { name: this.labelOf(block), place: at + 1, count: list.length });
  }

  duplicate(key) {
    const { block, list, at } = this.document.find(key);
    this.document.note();
    const copy = this.document.copy(block);
    list.splice(at + 1, 0, copy);
    this.wrote();
    this.focusOn(copy.key);
    this.say(this.texts.copied, { name: this.labelOf(block) });
  }

  remove(key) {
    const { block, list, at } = this.document.find(key);
    this.document.note();
    list.splice(at, 1);
    const near = list[Math.min(at, list.length - 1)];
    this.wrote();
    this.focusOn(near?.key ?? "");
    this.say(this.texts.removed, { name: this.labelOf(block) });
  }

  move(key, by, label = "") {
    const { block, list, at } = this.document.find(key);
    if (!list[at + by]) return;
    this.document.note();
    list.splice(at, 1);
    list.splice(at + by, 0, block);
    this.wrote();
    // The button that was pressed is pressed again for the next place.
    const again = label && [...this.panel.querySelectorAll(".acts .btn")].find((one) => one.getAttribute("aria-label") === label && !one.disabled);
    (again || this.canvas.find(key)).focus();
    this.say(this.texts.placed, { name: this.labelOf(block), place: at + by + 1, count: list.length });
  }

  /** Blocks were put in order on the page. */
  reordered(key) {
    const known = new Map();
    const walk = (list) => list.forEach((block) => { known.set(block.key, block); block.columns?.forEach(walk); });
    walk(this.document.blocks);
    this.document.note();
    const order = this.canvas.order();
    for (const [area, keys] of [...order].reverse()) {
      const found = keys.map((one) => known.get(one));
      if (!area) this.document.blocks = found;
      else known.get(area.split(".")[0]).columns[Number(area.split(".")[1])] = found;
    }
    const focus = document.activeElement?.matches("[data-grip]") ? key : "";
    this.chosen = key;
    this.wrote();
    if (focus) this.canvas.find(key)?.closest("[data-id]").querySelector("[data-grip]").focus();
  }

  undone(which) {
    if (!this.document[which]()) return;
    if (!this.document.find(this.chosen)) this.chosen = "";
    this.wrote();
    this.say(this.texts[which === "undo" ? "undone" : "redone"]);
  }

  focusOn(key) {
    this.choose(key);
    (this.canvas.find(key) ?? this.palette.querySelector("button")).focus();
  }

  pressed(event) {
    const typing = event.target.closest("input, textarea, select, [contenteditable=true]");
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "z" && !typing) this.undone(event.shiftKey ? "redo" : "undo");
    else if (event.target.matches("[data-pick]") && event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key) && this.document.find(event.target.dataset.pick)) {
      this.chosen = event.target.dataset.pick;
      this.move(this.chosen, event.key === "ArrowUp" ? -1 : 1);
    } else if (event.target.matches("[data-pick]") && event.key === "Delete" && this.document.find(event.target.dataset.pick)) this.remove(event.target.dataset.pick);
    else if (event.key === "Escape" && this.chosen && this.panel.contains(event.target)) this.canvas.find(this.chosen)?.focus();
    else if (event.key === "Escape" && this.chosen && event.target.matches("[data-pick]")) this.choose("");
    else return;
    event.preventDefault();
  }

  // --- what is written ---

  write() {
    this.writing = true;
    this.area.value = this.document.text();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
    this.back.disabled = !this.document.past.length;
    this.forth.disabled = !this.document.future.length;
  }

  wrote() {
    this.write();
    this.draw();
  }

  // --- the source ---

  async showSource() {
    const { texts } = this;
    const body = new URLSearchParams({ blocks: this.document.text() });
    const answer = await fetch(this.options.source, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).then((one) => one.json()).catch(() => ({}));
    if (!answer.mjml) return toast({ text: texts.sourceFailed + (answer.error ?? ""), tone: "bad" });
    const shown = make("textarea", { class: "form-control crm-blocks-source", rows: "20", readonly: "", spellcheck: "false", "aria-label": texts.sourceTitle });
    shown.value = answer.mjml;
    const edit = make("button", { type: "button", class: "btn" }, texts.sourceEdit);
    const dialog = make("dialog", { class: "crm-dialog wide", "aria-label": texts.sourceTitle }, make("form", { method: "dialog" }, make("header", {}, make("h2", {}, texts.sourceTitle)), make("div", { class: "in stack stack-2" }, make("p", { class: "soft" }, texts.sourceHint), shown), make("footer", {}, edit, make("button", { type: "button", class: "btn btn-primary", "data-close": "" }, texts.close))));
    edit.addEventListener("click", async () => {
      dialog.close();
      if (await ask({ question: texts.sourceAsk, detail: texts.sourceDetail, button: texts.sourceEdit, tone: "danger" })) this.becomeSource(answer.mjml);
    });
    openDialog(dialog, { remove: true });
  }

  /** The mail goes on as MJML: the form's other field holds it. */
  becomeSource(mjml) {
    const { elements } = this.area.form;
    elements.content.value = mjml;
    elements[this.options.when[0]].value = "mjml";
    this.area.form.dispatchEvent(new Event("crm:filled"));
    elements.content.dispatchEvent(new Event("input", { bubbles: true }));
    elements.content.focus();
  }
}
