// Menus and pickers: <button popovertarget="ID"> and <div class="crm-pop" id="ID" popover>. The browser opens them,
// closes them by Escape or a click elsewhere and gives the focus back; here they get their place and arrow keys.
import { enhance } from "./enhance.js";

const ITEMS = ".item:not(:disabled), [role^='menuitem'], [role='option']";
let opener = null;

const first = (menu) => menu.querySelector("[autofocus]") ?? menu.querySelector("[aria-selected='true'], [aria-checked='true']") ?? menu.querySelector(ITEMS);

document.addEventListener("click", (event) => { opener = event.target.closest("[popovertarget]") ?? opener; }, true);

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.matches(".crm-pop[popover]")) return;
  const button = opener?.getAttribute("popovertarget") === menu.id ? opener : document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  // What comes from the server is fetched anew each time: nobody shall press what belongs to another row.
  if (!open && "fetched" in menu.dataset) menu.replaceChildren();
  if (!open || !button) return;
  place(menu, button);
  first(menu)?.focus();
}, true);

// [data-close-menu], brought by an answer, closes the menu that it came into.
enhance("[data-close-menu]", (mark) => {
  const menu = mark.closest(".crm-pop:popover-open");
  menu?.hidePopover();
  // What had the focus is gone with the old content, so that the browser can't give it back.
  if (menu && opener?.getAttribute("popovertarget") === menu.id) opener.focus();
});

// A menu whose content comes from the server gets its place and the focus when that is there.
document.addEventListener("htmx:after:swap", () => {
  // Where the answer went is not told: it may be the button that is told of it, outside of the menu.
  const menu = opener?.isConnected && document.getElementById(opener.getAttribute("popovertarget"));
  if (!menu || !menu.matches(".crm-pop:popover-open")) return;
  place(menu, opener);
  if (!menu.contains(document.activeElement) || document.activeElement === menu) first(menu)?.focus();
});

/** Puts the menu under its button, above it where there is no room; data-align="end" lines up the right edges. */
function place(menu, button) {
  const edge = 8;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = menu.dataset.align === "end" ? at.right - width : at.left;
  const below = at.bottom + 4;
  const fits = below + height <= innerHeight - edge || at.top < innerHeight - at.bottom;
  menu.style.left = `${Math.max(edge, Math.min(left, innerWidth - width - edge))}px`;
  menu.style.top = `${fits ? below : Math.max(edge, at.top - 4 - height)}px`;
  menu.style.maxHeight = `${(fits ? innerHeight - below : at.top - 4) - edge}px`;
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".crm-pop:popover-open");
  // A list within has keys of its own.
  if (!menu || event.target.closest(".ts-wrapper, select")) return;
  const items = [...menu.querySelectorAll(ITEMS)].filter((item) => item.offsetParent !== null);
  const at = items.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[event.key];
  const typing = event.target.matches("input, textarea");
  if (to !== undefined && items.length && !(typing && (event.key === "Home" || event.key === "End"))) {
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  } else if (!typing && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    after.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  } else if (event.key === "Tab" && !typing && !menu.matches("[role='dialog']")) {
    menu.hidePopover();
  }
});
addEventListener("resize", () => document.querySelectorAll(".crm-pop:popover-open").forEach((menu) => menu.hidePopover()));
