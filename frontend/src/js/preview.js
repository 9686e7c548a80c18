// A preview beside a form: button[data-preview="ID"] with formaction and formtarget fills the frame ID. Here it does so by itself,
// at first and a moment after something was typed. [data-preview-width="ID"] around buttons with value "phone" or "" sets the frame's width.
import { enhance } from "./enhance.js";

const PAUSE = 900;

enhance("button[data-preview]", (button) => {
  const form = button.form;
  let timer;
  const later = (pause = PAUSE) => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (button.offsetParent) form.requestSubmit(button); }, pause);
  };
  later(0);
  form.addEventListener("input", () => later());
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (event.submitter === button) renew(button.dataset.preview);
  });
});

/** A fresh frame in place of the old one: the browser's Back then leads out of the page, not through its previews. */
function renew(id) {
  const old = document.getElementById(id);
  const fresh = old.cloneNode();
  const { scrollX, scrollY } = window;
  old.replaceWith(fresh);
  scrollTo(scrollX, scrollY);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preview-width] > button");
  if (!button) return;
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
  document.getElementById(button.parentElement.dataset.previewWidth).parentElement.classList.toggle("phone", button.value === "phone");
});
