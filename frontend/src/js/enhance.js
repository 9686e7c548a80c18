// Behaviour by attribute: whatever arrives, with the page or through htmx, gets what its attributes ask for, once.
const rules = [];

/** Calls `start(element)` for each element that matches, now and whenever one arrives. */
export function enhance(selector, start) {
  const rule = { selector, start, done: new WeakSet() };
  rules.push(rule);
  apply(rule, document);
}

function apply({ selector, start, done }, root) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  for (const element of found) {
    if (done.has(element)) continue;
    done.add(element);
    start(element);
  }
}

document.addEventListener("htmx:after:process", ({ target }) => {
  const root = target instanceof Element ? target : document;
  for (const rule of rules) apply(rule, root);
});
