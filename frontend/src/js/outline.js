// [data-outline]: while this part of the page is fetched anew and that takes longer than a blink, the outline of rows stands in
// its place. Not where it looks again by itself: then what is there stays until the new one comes.
const WAIT = 150;
const timers = new WeakMap();

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const part = ctx.target;
  if (!part?.matches?.("[data-outline]") || part === ctx.sourceElement) return;
  timers.set(ctx, setTimeout(() => {
    part.classList.add("crm-outline");
    part.setAttribute("aria-busy", "true");
  }, WAIT));
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  clearTimeout(timers.get(ctx));
  if (!timers.delete(ctx)) return;
  ctx.target.classList.remove("crm-outline");
  ctx.target.removeAttribute("aria-busy");
});
