// What was typed outlives a lost sign-in, a crash or a closed tab: form[data-draft="KEY"] keeps its fields in this tab's
// session storage and offers them when the form comes back empty-handed. <meta name="draft-done" content="KEY"> on the
// page after a successful save forgets them. Passwords, files and hidden fields are never kept.
import { enhance } from "./enhance.js";
import { make, text } from "./texts.js";

const store = (key) => `crm-draft:${key}`;
const fields = (form) => [...form.elements].filter((field) => field.name && !/^(password|file|hidden|submit|button)$/.test(field.type));
const state = (form) => fields(form).map((field) => [field.name, /^(checkbox|radio)$/.test(field.type) ? `${field.value}:${field.checked}` : field.value]);

function fill(form, kept) {
  const rest = new Map();
  for (const [name, value] of kept) rest.set(name, [...(rest.get(name) ?? []), value]);
  for (const field of fields(form)) {
    const value = rest.get(field.name)?.shift();
    if (value === undefined) continue;
    if (/^(checkbox|radio)$/.test(field.type)) field.checked = value.endsWith(":true");
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  form.dispatchEvent(new Event("crm:filled"));
}

enhance('meta[name="draft-done"]', (meta) => sessionStorage.removeItem(store(meta.content)));
enhance("form[data-draft]", (form) => {
  const key = store(form.dataset.draft);
  const kept = sessionStorage.getItem(key);
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => sessionStorage.setItem(key, JSON.stringify(state(form))), 300);
  });
  if (!kept || kept === JSON.stringify(state(form))) return;
  const restore = make("button", { type: "button", class: "btn btn-sm" }, text("draftRestore"));
  const drop = make("button", { type: "button", class: "btn btn-sm btn-quiet" }, text("draftDrop"));
  const note = make("div", { class: "crm-note", role: "status" }, make("span", { class: "grow" }, text("draftFound")), restore, drop);
  restore.addEventListener("click", () => { fill(form, JSON.parse(kept)); note.remove(); });
  drop.addEventListener("click", () => { sessionStorage.removeItem(key); note.remove(); });
  form.prepend(note);
});
