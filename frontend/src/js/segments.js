// One of a few: .crm-seg[data-seg] with <button value="…">. The pressed one writes its value into the hidden field
// inside, and shows the element named by its data-shows while hiding those of the others.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seg] > button");
  if (!button) return;
  const group = button.parentElement;
  for (const other of group.querySelectorAll(":scope > button")) {
    other.setAttribute("aria-pressed", String(other === button));
    const part = other.dataset.shows && document.getElementById(other.dataset.shows);
    if (part) part.hidden = other !== button;
  }
  const field = group.querySelector("input[type=hidden]");
  if (!field || field.value === button.value) return;
  field.value = button.value;
  for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
});
