// Between the HTML of the field and the document of the editor.
import { DOMSerializer } from "@tiptap/pm/model";
import { MARK } from "./nodes.js";

const HELD = new Set("p h1 h2 h3 strong b em i u a ul ol li blockquote hr br img span div".split(" "));
const ATTRIBUTES = new Set("href src alt title width height start rel target type".split(" "));
/** What HTML holds, in a document where nothing runs or loads. Styles are out of the way, for the browser would complain of each. */
function parsed(html) {
  const calm = html.replace(/<style\b[^]*?(?:<\/style\s*>|$)/gi, "").replace(/(<[^>]*?\s)style(?=\s*=)/gi, "$1data-style");
  const { body } = new DOMParser().parseFromString(calm, "text/html");
  // A name of something in a form hides the form's own properties from whoever reads it.
  for (const element of body.querySelectorAll(":not(form)")) for (const name of ["id", "name"]) element.removeAttribute(name);
  return body;
}

/** HTML of the clipboard, made fit for the editor, which reads no more of it than it knows. */
export const pasted = (html) => parsed(html).innerHTML;

const isHtml = (text) => /<[a-z!/]/i.test(text);

/** Names of what the editor would drop from this HTML. */
export function lost(html) {
  if (!isHtml(html)) return [];
  if (/^\s*<mjml\b/i.test(html)) return ["MJML"];
  const names = new Set();
  if (/<(?:!doctype|html|head|body|style)\b/i.test(html)) names.add("<style>");
  if (/\{%/.test(html)) names.add("{% %}");
  for (const element of parsed(html).querySelectorAll("*")) {
    if (!HELD.has(element.localName)) names.add(`<${element.localName}>`);
    for (const { name, value } of element.attributes) {
      if (!ATTRIBUTES.has(name) && !(name === "class" && value === "button")) names.add(name.replace("data-style", "style"));
    }
  }
  return [...names].slice(0, 6);
}

/** HTML, or plain text as people write it, as the editor reads it. */
export function fromHtml(html) {
  if (!isHtml(html)) {
    const body = document.createElement("div");
    for (const part of html.split(/\n\s*\n/)) {
      const paragraph = document.createElement("p");
      part.trim().split("\n").forEach((line, at) => paragraph.append(...(at ? [document.createElement("br")] : []), line));
      body.append(paragraph);
    }
    return marked(body);
  }
  return marked(parsed(html));
}

/** Placeholders in texts become elements; those in addresses stay words. */
function marked(body) {
  const texts = [];
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const node of texts) {
    const parts = [];
    let end = 0;
    for (const match of node.data.matchAll(MARK)) {
      const chip = document.createElement("span");
      chip.dataset.placeholder = match[1];
      parts.push(node.data.slice(end, match.index), chip);
      end = match.index + match[0].length;
    }
    if (parts.length) node.replaceWith(...parts, node.data.slice(end));
  }
  return body.innerHTML;
}

/** The document as HTML: placeholders as they are written, blocks on lines of their own, nothing for an empty one. */
export function toHtml(editor) {
  if (editor.isEmpty) return "";
  const body = document.createElement("div");
  DOMSerializer.fromSchema(editor.schema).serializeFragment(editor.state.doc.content, {}, body);
  for (const chip of body.querySelectorAll("[data-placeholder]")) chip.replaceWith(`{{ ${chip.dataset.placeholder} }}`);
  // Mail programs part paragraphs of a list by empty lines.
  for (const first of body.querySelectorAll("li > p:first-child")) {
    if (!first.nextElementSibling || first.nextElementSibling.matches("ul, ol")) first.replaceWith(...first.childNodes);
  }
  // The editor keeps an empty paragraph at the end to click into.
  while (body.lastElementChild?.matches("p:empty")) body.lastElementChild.remove();
  return [...body.children].map((block) => block.outerHTML).join("\n");
}

/** The document as plain text; `plain` says whether nothing but paragraphs is in it. */
export function asText(editor) {
  let plain = true;
  editor.state.doc.descendants((node) => {
    plain &&= ["paragraph", "text", "hardBreak", "placeholder"].includes(node.type.name) && !node.marks.length;
  });
  return { text: editor.getText({ blockSeparator: "\n\n" }).trim(), plain };
}

/** Rich text as the beginning of an MJML document. */
export const asMjml = (html) =>
  `<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n<mj-text>\n${html}\n</mj-text>\n</mj-column>\n</mj-section>\n</mj-body>\n</mjml>`;
