// Asks before something is done. On a button or link:
//   data-confirm="Delete Amélie Fontaine?"  the question, with the thing's name
//   data-confirm-detail="…"                 what goes with it
//   data-confirm-button="Delete contact"    what the button says; data-confirm-tone="danger" makes it red
//   data-confirm-word="Amélie"              this has to be typed first
import { openDialog } from "./dialogs.js";
import { make, text } from "./texts.js";

const agreed = new WeakSet();

/** Asks in a dialog; gives true when the person agrees. */
export function ask({ question, detail, button, tone, word, cancel }) {
  const typed = word && make("input", { class: "form-control", autocomplete: "off", "aria-label": text("typeToConfirm", { word }) });
  const yes = make("button", { class: `btn btn-${tone === "danger" ? "danger" : "primary"}`, value: "yes" }, button || text("confirm"));
  const dialog = make(
    "dialog",
    { class: "crm-dialog narrow", "aria-labelledby": "crm-ask" },
    make("form", { method: "dialog" },
      make("header", {}, make("h2", { id: "crm-ask" }, question)),
      detail || typed ? make("div", { class: "in" },
        detail ? make("p", { class: "soft" }, detail) : null,
        typed ? make("label", { class: "stack stack-2" }, make("span", { class: "form-label" }, text("typeToConfirm", { word })), typed) : null) : null,
      make("footer", {}, make("button", { class: "btn", value: "no", type: "button", "data-close": "", ...(tone === "danger" && { autofocus: "" }) }, cancel || text("cancel")), yes)),
  );
  if (typed) {
    yes.disabled = true;
    typed.addEventListener("input", () => { yes.disabled = typed.value.trim() !== word; });
  }
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    openDialog(dialog, { remove: true });
  });
}

const asked = ({ dataset }) =>
  ask({ question: dataset.confirm, detail: dataset.confirmDetail, button: dataset.confirmButton, tone: dataset.confirmTone, word: dataset.confirmWord });

document.addEventListener("click", async (event) => {
  const control = event.target.closest("[data-confirm]");
  if (!control || agreed.delete(control)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await asked(control))) return;
  agreed.add(control);
  control.click();
}, true);

// hx-confirm asks in the same dialog.
document.addEventListener("htmx:confirm", async (event) => {
  event.preventDefault();
  const { ctx, issueRequest, dropRequest } = event.detail;
  const { dataset } = ctx.sourceElement;
  const yes = await ask({ question: ctx.confirm, detail: dataset.confirmDetail, button: dataset.confirmButton, tone: dataset.confirmTone });
  if (yes) issueRequest();
  else dropRequest();
});
