// Unsaved changes: form[data-guard] asks before the page is left, and Ctrl+Enter saves the form one is in.
import { ask } from "./confirm.js";
import { text } from "./texts.js";

const changed = new Set();
const alive = () => [...changed].some((form) => form.isConnected);

document.addEventListener("input", ({ target }) => { const form = target.closest?.("form[data-guard]"); if (form) changed.add(form); });
document.addEventListener("change", ({ target }) => { const form = target.closest?.("form[data-guard]"); if (form) changed.add(form); });
document.addEventListener("reset", ({ target }) => changed.delete(target));
// What goes to a frame, such as a preview, is not saved by that.
document.addEventListener("submit", (event) => { if (!event.defaultPrevented && !event.submitter?.formTarget) changed.delete(event.target); });
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement.closest("form[data-guard]");
  if (form && ctx.response.status < 400) changed.delete(form);
});
addEventListener("beforeunload", (event) => { if (alive()) event.preventDefault(); });

// A link inside the site asks in our own dialog, which says more than the browser's.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !alive() || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.isContentEditable || link.target || link.origin !== location.origin || link.hasAttribute("download") || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  event.stopPropagation();
  if (!(await ask({ question: text("leave"), detail: text("leaveDetail"), button: text("leaveButton"), cancel: text("stayButton"), tone: "danger" }))) return;
  changed.clear();
  link.click();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("form:not([method='dialog'])");
  if (!form || form.closest(".crm-palette")) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
});
