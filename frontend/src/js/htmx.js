// htmx as crmhost uses it: no evaluated code, the CSRF token on whatever writes, plain words when the network fails.
import htmx from "htmx.org/dist/htmx.esm.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

// 401 is session.js's, a failure of the server leaves the page as it is; 4xx carry the form with its errors.
htmx.config.noSwap = [204, 304, 401, "5xx"];
htmx.config.history = "reload";

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.request.method.toUpperCase() !== "GET") ctx.request.headers["X-CSRFToken"] = csrfToken();
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status >= 500) toast(text("failed"), { tone: "bad" });
});
document.addEventListener("htmx:error", ({ detail }) => {
  console.error(detail.error);
  if (detail.ctx) toast(text("offline"), { tone: "bad" });
});

export { htmx };
