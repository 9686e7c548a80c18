// What every page runs. Plugins import from here too: import { htmx, enhance, toast } from "crmhost/core".
import "./menus.js";
import "./drawer.js";
import "./selection.js";
import "./guard.js";
import "./drafts.js";
import "./shortcuts.js";
import "./palette.js";
import "./live.js";
import "./outline.js";
import "./segments.js";
import "./generation.js";
import "./session.js";
import "./preview.js";
import "./theme.js";
import "./small.js";
import { wake } from "./chart-tools.js";

import { enhance } from "./enhance.js";

export { htmx } from "./htmx.js";
export { enhance };
export { ask } from "./confirm.js";
export { openDialog } from "./dialogs.js";
export { toast } from "./toasts.js";
export { text, icon } from "./texts.js";

/** SortableJS, fetched when first asked for. */
export const loadSortable = async () => (await import("./sortable.js")).Sortable;
/** Tom Select, fetched when first asked for. */
export const loadTomSelect = async () => (await import("./choices.js")).TomSelect;

/** Runs `start` now, or when the closed menu that the element lies in is opened: most menus of a page never are. */
const whenShown = (element, start) => {
  const menu = element.closest("[popover]:not(:popover-open)");
  if (menu) menu.addEventListener("toggle", start, { once: true });
  else start();
};

enhance("[data-sortable]", (area) => whenShown(area, async () => (await import("./sortable.js")).sortable(area)));
enhance("select[data-choices], input[data-choices]", (field) => whenShown(field, async () => (await import("./choices.js")).choices(field)));
enhance("[data-chart]:not([hidden])", wake);
enhance("[data-lines]", async (editor) => (await import("./lines.js")).lines(editor));
enhance("textarea[data-rich]", async (area) => (await import("./rich/editor.js")).rich(area));
enhance("textarea[data-blocks]", async (area) => (await import("./blocks/editor.js")).blocks(area));
enhance("form[data-sign]", async (form) => (await import("./sign.js")).sign(form));
