// Light, dark or as the system: [data-theme-choice="light|dark|system"] buttons.
// The cookie lets the server write <html data-bs-theme> itself, so a page never flashes in the other theme.
import { enhance } from "./enhance.js";

const root = document.documentElement;
const chosen = () => root.dataset.bsTheme || "system";

function show() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    const pressed = String(button.dataset.themeChoice === chosen());
    button.setAttribute(button.hasAttribute("aria-checked") ? "aria-checked" : "aria-pressed", pressed);
  }
}

function choose(theme) {
  if (theme === "system") delete root.dataset.bsTheme;
  else root.dataset.bsTheme = theme;
  document.cookie = `crm_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
  localStorage.setItem("crm-theme", theme);
  show();
  document.dispatchEvent(new CustomEvent("crm:theme"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice]");
  if (button) choose(button.dataset.themeChoice);
});
// Another tab of the same person follows.
window.addEventListener("storage", ({ key, newValue }) => key === "crm-theme" && newValue && newValue !== chosen() && choose(newValue));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("crm:theme")));
enhance("[data-theme-choice]", show);
