// When extensions were switched since this page was loaded, its scripts and import map may be of yesterday: the answer's
// Crmhost-Generation differs from <html data-generation>, and the next way to another page is a full load.
const mine = document.documentElement.dataset.generation;
let old = false;

document.addEventListener("htmx:before:response", ({ detail: { ctx } }) => {
  const theirs = ctx.response.headers.get("Crmhost-Generation");
  if (mine && theirs && theirs !== mine) old = true;
});
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const elsewhere = ctx.target === document.body || (ctx.push && ctx.push !== "false");
  if (!old || !elsewhere || ctx.request.method.toUpperCase() !== "GET") return;
  event.preventDefault();
  location.assign(ctx.request.action);
});
