// Dialogs: [data-dialog="ID"] opens <dialog id="ID">, [data-close] inside closes it, a click on the scrim too.
// A <dialog data-open> that arrives with the page or through htmx opens by itself.
import { enhance } from "./enhance.js";

/** Shows a dialog; one made by a script is removed again when it closes. */
export function openDialog(dialog, { remove = false } = {}) {
  if (!dialog.isConnected) document.body.append(dialog);
  if (remove) dialog.addEventListener("close", () => dialog.remove(), { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dialog]");
  if (button) {
    event.preventDefault();
    return openDialog(document.getElementById(button.dataset.dialog));
  }
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
});
enhance("dialog[data-open]", (dialog) => openDialog(dialog));
