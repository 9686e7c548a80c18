// The side menu on a phone: <button data-drawer="ID"> slides <nav id="ID"> in; Escape, the scrim or a link closes it.
const opened = () => document.querySelector(".crm-drawer-open");

function close() {
  const drawer = opened();
  if (!drawer) return;
  drawer.classList.remove("crm-drawer-open");
  const button = document.querySelector(`[data-drawer="${CSS.escape(drawer.id)}"]`);
  button?.setAttribute("aria-expanded", "false");
  rest(drawer, false);
  button?.focus();
}

/** Takes what lies beside the drawer out of reach while it is open. */
function rest(drawer, inert) {
  for (const other of drawer.parentElement.children) if (other !== drawer) other.inert = inert;
  document.documentElement.classList.toggle("crm-still", inert);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-drawer]");
  if (button) {
    const drawer = document.getElementById(button.dataset.drawer);
    drawer.classList.add("crm-drawer-open");
    button.setAttribute("aria-expanded", "true");
    rest(drawer, true);
    drawer.querySelector("a, button, summary")?.focus();
  } else if (opened() && (!opened().contains(event.target) || event.target.closest("a"))) {
    close();
  }
});
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
matchMedia("(min-width: 992px)").addEventListener("change", close);
