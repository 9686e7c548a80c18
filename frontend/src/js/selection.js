// Selecting rows. Inside [data-selection]: [data-select-all] (the page's rows), [data-select] (a row's box), the bar
// [data-bulk] with [data-bulk-count], [data-select-everything] (all that match, also on other pages) and
// [data-select-clear]. A table and its phone cards may both hold a box of the same value: they follow each other.
import { enhance } from "./enhance.js";

enhance("[data-selection]", (area) => {
  const boxes = () => [...area.querySelectorAll("[data-select]")];
  let last = null;

  function show() {
    const chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
    const all = new Set(boxes().map((box) => box.value));
    const everything = area.dataset.everything === "true";
    for (const box of boxes()) {
      // A row of a table may be called selected, an item of a list may not.
      box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
      box.closest("li")?.classList.toggle("selected", box.checked);
    }
    for (const box of area.querySelectorAll("[data-select-all]")) {
      box.checked = chosen.size > 0 && chosen.size === all.size;
      box.indeterminate = chosen.size > 0 && chosen.size < all.size;
    }
    for (const bar of area.querySelectorAll("[data-bulk]")) {
      bar.hidden = chosen.size === 0;
      const said = bar.querySelector("[data-bulk-count]");
      const shown = everything ? said.dataset.total : chosen.size.toLocaleString(document.documentElement.lang || "en");
      said.textContent = (chosen.size === 1 && !everything ? said.dataset.one : said.dataset.many).replace("{count}", shown);
      for (const button of bar.querySelectorAll("[data-select-everything]")) button.hidden = everything || chosen.size < all.size;
      for (const field of bar.querySelectorAll("[data-everything-field]")) field.value = everything ? "1" : "";
    }
  }

  const set = (box, checked) => boxes().filter((other) => other.value === box.value).forEach((other) => { other.checked = checked; });

  area.addEventListener("click", (event) => {
    const box = event.target.closest("[data-select]");
    if (box) {
      const shown = boxes().filter((other) => other.offsetParent !== null);
      const [from, to] = [shown.indexOf(last), shown.indexOf(box)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) shown.slice(from, to + 1).forEach((other) => set(other, box.checked));
      else set(box, box.checked);
      last = box;
    } else if (event.target.closest("[data-select-all]")) {
      const { checked } = event.target.closest("[data-select-all]");
      boxes().forEach((other) => { other.checked = checked; });
    } else if (event.target.closest("[data-select-everything]")) {
      area.dataset.everything = "true";
      return show();
    } else if (event.target.closest("[data-select-clear]")) {
      boxes().forEach((other) => { other.checked = false; });
    } else {
      return;
    }
    delete area.dataset.everything;
    show();
  });
  area.addEventListener("keydown", (event) => {
    const bar = area.querySelector("[data-bulk]:not([hidden])");
    if (event.key === "Escape" && bar && !event.defaultPrevented) bar.querySelector("[data-select-clear]")?.click();
  });
  area.addEventListener("htmx:after:swap", show);
  show();
});
