// A sign-in that ran out loses nothing: an answer 401 with Crmhost-Login (the address of the sign-in page) opens a dialog,
// one signs in in another tab, and the request is sent again from the page as it stands, with the new token.
import { openDialog } from "./dialogs.js";
import { make, text } from "./texts.js";

const tabs = new BroadcastChannel("crm-session");
if (document.querySelector("meta[name=signed-in]")) tabs.postMessage("signed-in");

let waiting = null;

document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  const login = ctx.response.headers.get("Crmhost-Login");
  if (ctx.response.status !== 401 || !login) return;
  event.preventDefault();
  waiting ??= wait(login, ctx);
});

function wait(login, ctx) {
  const link = make("a", { class: "btn btn-primary", href: login, target: "_blank", rel: "opener" }, text("signIn"));
  const dialog = make("dialog", { class: "crm-dialog narrow", "aria-labelledby": "crm-signed-out" },
    make("header", {}, make("h2", { id: "crm-signed-out" }, text("signedOut"))),
    make("div", { class: "in" }, make("p", { class: "soft" }, text("signedOutDetail"))),
    make("footer", {}, make("button", { type: "button", class: "btn", "data-close": "" }, text("cancel")), link));
  const back = async ({ data }) => {
    if (data !== "signed-in") return;
    await renewToken();
    dialog.close();
    repeat(ctx);
  };
  tabs.addEventListener("message", back);
  dialog.addEventListener("close", () => { tabs.removeEventListener("message", back); waiting = null; });
  openDialog(dialog, { remove: true });
  return dialog;
}

/** Takes the token of the new sign-in from this page as it would load now. */
async function renewToken() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const token = page.querySelector('meta[name="csrf-token"]')?.content;
  if (!token) return;
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
}

function repeat({ sourceElement, sourceEvent }) {
  const form = sourceElement.matches("form") ? sourceElement : null;
  if (form) form.requestSubmit(sourceEvent?.submitter ?? undefined);
  else if (sourceEvent?.type) sourceElement.dispatchEvent(new Event(sourceEvent.type, { bubbles: true, cancelable: true }));
}
