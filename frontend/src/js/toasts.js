// Short notices. The server writes them into <div class="crm-toasts" id="toasts" role="status"> as .crm-toast with
// [data-toast]; an answer to htmx may send HX-Trigger: {"crm:toast": {"text", "tone", "undo": "URL"}}.
import { enhance } from "./enhance.js";
import { icon, make, text } from "./texts.js";

const STAYS = 8000;

function leave(notice) {
  let timer;
  const start = () => { timer = setTimeout(() => notice.remove(), Number(notice.dataset.toast) * 1000 || STAYS); };
  const stop = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) notice.addEventListener(name, stop);
  for (const name of ["mouseleave", "focusout"]) notice.addEventListener(name, start);
  notice.addEventListener("click", (event) => event.target.closest("[data-close]") && notice.remove());
  start();
}

/** Shows a notice; `undo` is the URL that a POST is sent to when the person takes the change back. */
export function toast(words, { tone, undo } = {}) {
  let region = document.getElementById("toasts");
  if (!region) document.body.append((region = make("div", { class: "crm-toasts", id: "toasts", role: "status" })));
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const form = undo && make("form", { method: "post", action: undo },
    make("input", { type: "hidden", name: "csrf_token", value: token }),
    make("button", { class: "btn btn-sm" }, text("undo")));
  region.append(make("div", { class: `crm-toast${tone ? ` ${tone}` : ""}`, "data-toast": "" }, make("span", {}, words), form || null,
    make("button", { type: "button", class: "btn btn-sm btn-square", "data-close": "", "aria-label": text("close") }, icon("x"))));
  enhanceNow(region.lastElementChild);
}

const started = new WeakSet();
function enhanceNow(notice) {
  if (started.has(notice)) return;
  started.add(notice);
  leave(notice);
}
enhance(".crm-toast[data-toast]", enhanceNow);
document.addEventListener("crm:toast", ({ detail }) => toast(detail.text ?? detail.value, detail));
