// What a text may hold, and how it is read: everything else that is pasted falls away.
import { Extension, InputRule, Node, nodePasteRule } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { StarterKit } from "@tiptap/starter-kit";

/** Addresses that a link may have; a placeholder may stand for one. */
export const LINK = /^(?:https?:\/\/|mailto:|tel:|sms:|\/(?!\/)|#|\{\{)/i;
/** Addresses that a picture may have: of this site, or by https. */
export const PICTURE = /^(?:https?:\/\/|\/(?!\/))/i;
/** A placeholder in a text, with its filters. */
export const MARK = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** The label of a placeholder: that of the list, else its path. */
export const labelOf = (mark, placeholders) => {
  const [path, ...filters] = mark.split("|");
  const known = placeholders.find((item) => item.path === path.trim());
  return known ? known.label + (filters.length ? " …" : "") : mark;
};

const Placeholder = (field) => Node.create({
  name: "placeholder",
  group: "inline",
  inline: true,
  atom: true,
  selectable: true,
  addAttributes: () => ({ mark: { default: "", parseHTML: (element) => element.dataset.placeholder, rendered: false } }),
  parseHTML: () => [{ tag: "span[data-placeholder]", getAttrs: (element) => (/^[^{}]+$/.test(element.dataset.placeholder) ? null : false) }],
  renderHTML: ({ node: { attrs: { mark } } }) => ["span", { class: "crm-rich-mark", "data-placeholder": mark, title: `{{ ${mark} }}` }, labelOf(mark, field.options.placeholders)],
  renderText: ({ node }) => `{{ ${node.attrs.mark} }}`,
  addInputRules() {
    return [new InputRule({
      find: /\{\{$/,
      handler: ({ range, chain }) => { chain().deleteRange(range).run(); field.bar.openMarks(true); },
    })];
  },
  addPasteRules() {
    return [nodePasteRule({ find: MARK, type: this.type, getAttributes: ([, mark]) => ({ mark }) })];
  },
});

const Button = Node.create({
  name: "button",
  group: "block",
  content: "inline*",
  marks: "",
  defining: true,
  addAttributes: () => ({ href: { default: "", parseHTML: (element) => safe(element.querySelector("a")?.getAttribute("href"), LINK), rendered: false } }),
  parseHTML: () => [{ tag: "p.button", priority: 100, contentElement: (element) => element.querySelector("a") ?? element }],
  renderHTML: ({ node }) => ["p", { class: "button" }, ["a", { href: node.attrs.href }, 0]],
});

const safe = (address, form) => (form.test(address ?? "") ? address : null);

export const extensions = (field) => [
  StarterKit.configure({
    strike: false,
    code: false,
    codeBlock: false,
    heading: { levels: [1, 2, 3] },
    dropcursor: { color: false, class: "crm-rich-drop" },
    link: {
      openOnClick: false,
      defaultProtocol: "https",
      HTMLAttributes: { rel: null, target: null, class: null },
      isAllowedUri: (address) => LINK.test(address ?? ""),
    },
  }),
  Image.extend({
    addAttributes() {
      return { ...this.parent(), src: { default: null, parseHTML: (element) => safe(element.getAttribute("src"), PICTURE) } };
    },
    parseHTML: () => [{ tag: "img[src]", getAttrs: (element) => (safe(element.getAttribute("src"), PICTURE) ? null : false) }],
  }).configure({ allowBase64: false }),
  Placeholder(field),
  Button,
  Extension.create({
    name: "keys",
    addKeyboardShortcuts: () => ({
      "Alt-F10": () => { field.bar.focus(); return true; },
      "Mod-Shift-k": () => { field.bar.press("link"); return true; },
      "Mod-Alt-h": () => { field.showSource(true); return true; },
    }),
  }),
];
