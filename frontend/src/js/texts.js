// Words and icons that scripts put on the page. The server gives the words in the reader's language in
// <html data-texts='{"cancel": "Annuler", …}'>; those here are what it translates, and stand in for a missing one.
const words = {
  cancel: "Cancel",
  close: "Close",
  confirm: "Continue",
  undo: "Undo",
  failed: "That did not work: the server reported an error. Nothing was changed.",
  offline: "The server can't be reached. What you typed is still here; try again in a moment.",
  leave: "Leave without saving?",
  leaveDetail: "What you changed on this page is not saved yet.",
  leaveButton: "Leave",
  stayButton: "Keep editing",
  typeToConfirm: "Type {word} to continue",
  signedOut: "You were signed out",
  signedOutDetail: "What you typed is still here. Sign in again in a new tab, come back, and it will be sent.",
  signIn: "Sign in",
  keys: "Keyboard shortcuts",
  keySearchAll: "Search everything",
  keySave: "Save the form",
  keyMove: "Down and up in the list",
  keyOpen: "Open the row",
  keySelect: "Select the row",
  keyBar: "To the actions for what is selected",
  keyUndo: "Undo what a notice just told",
  keyHelp: "Show these keys",
  search: "Search contacts, records, pages and actions",
  searchHint: "Type a name, a number or what you want to do",
  nothingFound: "Nothing found",
  addNew: "Add “{name}”",
  remove: "Remove",
  moved: "Moved to place {place} of {count}",
  lifted: "Lifted. Arrow keys move it, Space puts it down, Escape puts it back.",
  dropped: "Put down at place {place} of {count}",
  putBack: "Put back",
  notMoved: "The new order could not be saved, so it was put back.",
  draftFound: "You had typed something here that was not saved.",
  draftRestore: "Bring it back",
  draftDrop: "Discard it",
  copied: "Copied",
  signFirst: "Draw your signature first, or choose “Type it”.",
};
Object.assign(words, JSON.parse(document.documentElement.dataset.texts || "{}"));

/** A text by its key, with {name} replaced by the value of that name. */
export const text = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** An icon of the sprite as an element. <html data-icons="URL of the sprite">. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

/** An element: make("button", {class: "btn", type: "button"}, "Cancel"). Texts are never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  element.append(...children.filter((child) => child != null));
  return element;
}
