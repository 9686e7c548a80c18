// Small behaviours that need no room of their own.
import { enhance } from "./enhance.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";
import { csrfToken } from "./htmx.js";

// [data-autosubmit] sends its form when its value changes: a switch, a choice of page size.
document.addEventListener("change", ({ target }) => target.matches?.("[data-autosubmit]") && target.form?.requestSubmit());

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    toast(text("copied"));
  } else if (event.target.closest("[data-print]")) {
    print();
  }
});

// [data-reveal="ID"] shows what was typed into a password field, and hides it again.
enhance("[data-reveal]", (button) => {
  const field = document.getElementById(button.dataset.reveal);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  // Nothing that was shown is offered as an ordinary word when the form comes back.
  field.form?.addEventListener("submit", () => show(false));
});

// Of a row of tabs that is wider than the page, the current one is in sight.
enhance(".crm-views > [aria-current]", (tab) => {
  const row = tab.parentElement, there = tab.getBoundingClientRect(), here = row.getBoundingClientRect();
  row.scrollLeft += there.left + there.width / 2 - here.left - here.width / 2;
});

// select[data-insert="ID"] puts what is chosen into a field, where its caret is.
enhance("select[data-insert]", (select) => {
  const field = document.getElementById(select.dataset.insert);
  select.closest("[data-inserts]").hidden = false;
  select.addEventListener("change", () => {
    field.setRangeText(select.value, field.selectionStart, field.selectionEnd, "end");
    select.value = "";
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
});

// [data-beacon="URL"] tells the server once that a person, not a scanner of links, has the page before them.
enhance("[data-beacon]", (place) => {
  const told = new FormData();
  told.set("csrf_token", csrfToken());
  const seen = () => document.visibilityState === "visible" && (navigator.sendBeacon(place.dataset.beacon, told), document.removeEventListener("visibilitychange", seen));
  document.addEventListener("visibilitychange", seen);
  seen();
});

// [data-file-name] shows the name of the file chosen in the field that its value names.
document.addEventListener("change", ({ target }) => {
  if (target.type !== "file") return;
  for (const place of document.querySelectorAll(`[data-file-name="${CSS.escape(target.id)}"]`))
    place.textContent = [...target.files].map((file) => file.name).join(", ");
});
