// What stands above the blocks: the palette, which is pressed or dragged from, undo and redo, the source; and the menu that adds.
import { Sortable } from "../sortable.js";
import { icon, make } from "../texts.js";

export function tools(editor) {
  const { texts, group, options } = editor;
  const kinds = [...editor.document.types.values()].filter(({ may }) => may);
  const all = [...kinds, { name: "columns", label: texts.columns, icon: "columns-2" }];

  const palette = make("div", { class: "crm-blocks-palette", role: "group", "aria-label": texts.palette }, ...all.map(({ name, label, icon: sign }) => make("button", { type: "button", class: "btn", "data-add": name, ...(name === "columns" && { "data-only": "" }) }, icon(sign), label)));
  Sortable.create(palette, {
    group: { name: group, pull: "clone", put: false },
    sort: false,
    draggable: "[data-add]",
    delay: 120,
    delayOnTouchOnly: true,
    ghostClass: "crm-ghost",
    onStart: () => document.body.classList.add("crm-sorting"),
    onEnd: ({ item, to, newIndex }) => {
      document.body.classList.remove("crm-sorting");
      if (to === palette) return;
      // What was dropped is the button itself; its copy stayed behind.
      item.remove();
      editor.insert(editor.document.fresh(item.dataset.add), to.dataset.area, newIndex);
    },
  });

  const menu = make("div", { class: "crm-pop", id: `${group}-menu`, popover: "", role: "menu", "aria-label": texts.palette }, ...all.map(({ name, label, icon: sign }) => make("button", { type: "button", class: "item", role: "menuitem", "data-add": name }, icon(sign), label)));
  for (const place of [palette, menu]) {
    place.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-add]");
      if (!button) return;
      if (place === menu) menu.hidePopover();
      editor.add(button.dataset.add);
    });
  }

  const button = (name, sign, run) => {
    const made = make("button", { type: "button", class: "btn btn-quiet btn-square", "aria-label": texts[name], title: texts[name] }, icon(sign));
    made.addEventListener("click", run);
    return made;
  };
  const back = button("undo", "arrow-back-up", () => editor.undone("undo"));
  const forth = button("redo", "arrow-forward-up", () => editor.undone("redo"));
  const source = make("button", { type: "button", class: "btn btn-quiet" }, icon("code"), texts.source);
  source.addEventListener("click", () => editor.showSource());
  source.hidden = !options.source;
  return { palette, menu, back, forth, bar: make("div", { class: "crm-blocks-bar" }, palette, make("div", { class: "row-flex push" }, back, forth, source), menu) };
}
