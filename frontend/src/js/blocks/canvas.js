// The blocks of a mail in their order, as they will look by and large; columns hold lists of their own. Everything is made of
// elements and texts: no HTML of the mail is ever read into the page.
import { icon, make } from "../texts.js";
import { Sortable, sortable } from "../sortable.js";

const SHOWN = new Set("P H1 H2 H3 STRONG B EM I U UL OL LI BLOCKQUOTE BR HR".split(" "));
const MARK = /\{\{\s*([^{}]+?)\s*\}\}/g;

export class Canvas {
  constructor(editor) {
    this.editor = editor;
    this.root = make("ol", { class: "crm-blocks-list", "data-sortable": editor.group, "data-area": "", "data-grips": "", "aria-label": editor.texts.canvas });
    this.root.addEventListener("click", ({ target, detail }) => {
      const picked = target.closest("[data-pick]");
      // A press of the Enter key leads on to the form.
      if (picked) editor.choose(picked.dataset.pick, { open: true, enter: !detail });
    });
    // What was dragged, or moved by keys, lies in its new place already: the document follows.
    this.root.addEventListener("change", ({ target }) => { if (target.matches?.("[data-id]")) editor.reordered(target.dataset.id); });
    sortable(this.root);
  }

  draw() {
    for (const area of this.root.querySelectorAll("[data-sortable]")) Sortable.get(area)?.destroy();
    this.root.replaceChildren(...this.items(this.editor.document.blocks, ""));
    for (const area of this.root.querySelectorAll("[data-sortable]")) sortable(area);
  }

  items(blocks, area) {
    return blocks.map((block) => this.item(block, area));
  }

  item(block, area) {
    const { document: held, texts, chosen } = this.editor;
    const name = this.editor.nameOf(block);
    const missing = held.missing(block);
    const pick = make("button", { type: "button", class: "pick", "data-pick": block.key, "aria-pressed": String(chosen === block.key) }, make("span", { class: "kind" }, icon(this.editor.iconOf(block)), this.editor.labelOf(block)), ...this.shown(block));
    if (missing.length) pick.append(make("span", { class: "lack" }, icon("alert-triangle"), texts.missing.replace("{names}", missing.join(", "))));
    const item = make("li", { class: "crm-block", "data-id": block.key, ...(block.columns && { "data-only": "" }) },
      make("button", { type: "button", class: "grip", "data-grip": "", "aria-label": texts.move.replace("{name}", name) }, icon("grip-vertical")), pick);
    if (block.columns) item.append(this.columns(block));
    return item;
  }

  columns(block) {
    const { texts, chosen } = this.editor;
    return make("div", { class: `crm-blocks-columns share-${block.values.share ?? "1-1"}` }, ...block.columns.map((column, at) => {
      const area = `${block.key}.${at}`;
      const label = at ? texts.right : texts.left;
      const into = make("button", { type: "button", class: "into", "data-pick": area, "aria-pressed": String(chosen === area) }, icon("plus"), texts.into, make("span", { class: "visually-hidden" }, ` (${label})`));
      return make("div", {}, make("ol", { class: "crm-blocks-list", "data-sortable": this.editor.group, "data-area": area, "data-grips": "", "aria-label": label }, ...this.items(column, area)), into);
    }));
  }

  /** What a block says, in its looks by and large. */
  shown(block) {
    const type = this.editor.document.type(block);
    if (block.columns) return [];
    if (!type) return [make("span", { class: "said" }, this.editor.texts.unknown)];
    const { values } = block;
    const said = (text, look) => (text ? [this.marked(make("span", { class: `said ${look}` }), text)] : []);
    switch (type.name) {
      case "heading": return said(values.text, `h${values.level ?? 1} ${values.align ?? ""}`);
      case "button": return said(values.text, `press ${values.align ?? ""}`);
      case "divider": return [make("span", { class: "rule" })];
      case "spacer": return [make("span", { class: "said quiet" }, `${values.height ?? 24} px`)];
      case "picture": return values.src ? [this.picture(values)] : [];
      default: return type.fields.flatMap((field) => {
        const value = values[field.name];
        if (typeof value !== "string" || !value || field.kind === "choice" || field.kind === "colour") return [];
        return field.kind === "rich" ? [this.rich(value)] : said(value, "");
      });
    }
  }

  picture({ src, alt }) {
    // The page shows no pictures of others.
    return /^\/storage\/\d+\?show=1$/.test(src) ? make("img", { src, alt: alt ?? "", loading: "lazy" }) : make("span", { class: "said" }, alt || src);
  }

  /** Rich text: of its elements those that are known, without attributes. */
  rich(html) {
    const place = make("span", { class: "said rich" });
    const calm = html.replace(/(<[^>]*?\s)style(?=\s*=)/gi, "$1data-style");
    const copy = (from, to) => {
      for (const node of from.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) this.marked(to, node.data);
        else if (node.nodeType === Node.ELEMENT_NODE) copy(node, to.appendChild(make("span", SHOWN.has(node.tagName) || node.tagName === "A" ? { class: `is-${node.localName}` } : {})));
      }
    };
    copy(new DOMParser().parseFromString(calm, "text/html").body, place);
    return place;
  }

  /** Appends a text in which placeholders show their labels. */
  marked(place, text) {
    let end = 0;
    for (const match of text.matchAll(MARK)) {
      place.append(text.slice(end, match.index), make("span", { class: "crm-rich-mark" }, this.editor.markOf(match[1])));
      end = match.index + match[0].length;
    }
    place.append(text.slice(end));
    return place;
  }

  /** The order in which the blocks lie on the page: area -> keys. */
  order() {
    return new Map([this.root, ...this.root.querySelectorAll("[data-sortable]")].map((area) => [area.dataset.area, [...area.children].map((item) => item.dataset.id).filter(Boolean)]));
  }

  find(key) {
    return this.root.querySelector(`[data-pick="${CSS.escape(key)}"]`);
  }
}
