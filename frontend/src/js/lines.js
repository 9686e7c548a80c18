// The lines of a document: [data-lines="ADDRESS"] holds [data-line-list] with rows. They are added, removed (and brought back) here; the totals
// come from the address, which gets the whole form, so that they are computed in one place.
import { csrfToken } from "./htmx.js";

const PAUSE = 300;

export function lines(editor) {
  const list = editor.querySelector("[data-line-list]");
  const form = editor.closest("form");
  const place = editor.querySelector("[data-line-totals]");
  let next = 1 + Math.max(-1, ...[...list.children].map((row) => Number(row.dataset.id)));
  let waiting;
  let asked = 0;

  const renew = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const turn = ++asked;
      const answer = await fetch(editor.dataset.lines, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } }).catch(() => null);
      if (!answer?.ok || turn !== asked) return;
      place.innerHTML = await answer.text();
      const amounts = new Map([...place.querySelectorAll("[data-amount-of]")].map((one) => [one.dataset.amountOf, one.value]));
      for (const row of list.children) {
        const shown = row.querySelector("[data-line-amount]");
        if (shown) shown.textContent = amounts.get(row.dataset.id) ?? "";
      }
    }, PAUSE);
  };
  const usable = (row) => { row.querySelector("[data-line-remove]").hidden = false; };

  const add = () => {
    const made = editor.querySelector("[data-line-new]").content.cloneNode(true).firstElementChild;
    for (const one of [made, ...made.querySelectorAll("*")]) {
      for (const { name, value } of [...one.attributes]) if (value.includes("__key__")) one.setAttribute(name, value.replaceAll("__key__", next));
    }
    next += 1;
    list.append(made);
    usable(made);
    made.querySelector("input").focus();
  };

  const remove = (row) => {
    const note = editor.querySelector("[data-line-gone]").content.cloneNode(true).firstElementChild;
    const fields = [...row.querySelectorAll("input, textarea")];
    for (const field of fields) field.disabled = true;
    row.hidden = true;
    row.after(note);
    const undo = note.querySelector("button");
    undo.addEventListener("click", () => {
      for (const field of fields) field.disabled = false;
      row.hidden = false;
      note.remove();
      row.querySelector("input").focus();
      changed();
    });
    undo.focus();
    changed();
  };
  const changed = () => editor.dispatchEvent(new Event("change", { bubbles: true }));

  editor.addEventListener("click", ({ target }) => {
    if (target.closest("[data-line-add]")) add();
    const gone = target.closest("[data-line-remove]");
    if (gone) remove(gone.closest("[data-id]"));
  });
  editor.addEventListener("input", renew);
  editor.addEventListener("change", renew);
  editor.querySelector("[data-line-update]").hidden = true;
  editor.querySelector("[data-line-add]").hidden = false;
  [...list.children].forEach(usable);
}
