// Search as you type: form[data-live-search="#list"] (method get) replaces that part of the page with the same part of
// the answer and keeps the address, so that back, reload and sharing work. Empty fields stay out of the address.
import { enhance } from "./enhance.js";
import { htmx } from "./htmx.js";

const WAIT = 220;

enhance("form[data-live-search]", (form) => {
  let timer;
  let shown = query();

  function query() {
    const filled = [...new FormData(form)].filter(([, value]) => value !== "");
    return new URLSearchParams(filled).toString();
  }

  function look() {
    clearTimeout(timer);
    const wanted = query();
    if (wanted === shown) return;
    shown = wanted;
    const address = `${form.getAttribute("action") || location.pathname}${wanted ? `?${wanted}` : ""}`;
    const target = form.dataset.liveSearch;
    htmx.ajax("GET", address, { source: form, target, select: target, swap: "outerHTML", replace: address, sync: "replace", values: {} });
  }

  form.addEventListener("input", (event) => {
    if (event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(look, event.target.matches("input[type=search], input[type=text], input:not([type])") ? WAIT : 0);
  });
  form.addEventListener("compositionend", look);
  form.addEventListener("submit", (event) => { event.preventDefault(); look(); });
});
