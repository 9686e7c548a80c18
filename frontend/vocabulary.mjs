// The classes of Tabler that pages of crmhost and of its plugins may use; the rest of Tabler is left out of the bundle.
// Components of our own (crm-*) are in src/css/app.css and always there. README.md says how to choose between the two.
const side = "(?:t|r|b|l|s|e|x|y)?";
const size = "(?:0|1|2|3|4|5|auto)";
const wide = "(?:(?:sm|md|lg)-)?";
const tone = "(?:primary|secondary|success|warning|danger|info)";

export const CLASSES = [
  `btn(?:-(?:${tone}|link|sm|lg|icon|list|close|check|loading|group))?`,
  "card(?:-(?:header|body|footer|title|subtitle|text|link|table))?",
  "form-(?:control|select|check|check-input|check-label|check-inline|label|text|hint|range|switch|floating|fieldset|control-sm|select-sm|control-plaintext|control-color)",
  "input-group(?:-text|-sm|-flat)?", "(?:is-)?(?:in)?valid(?:-feedback)?", "required", "col-form-label",
  "table(?:-(?:sm|striped|hover|bordered|borderless|responsive|vcenter|active))?",
  "container(?:-fluid)?", "row", `col(?:-${wide}(?:auto|[0-9]+))?`, `g(?:x|y)?-${size}`,
  `d-(?:${wide}|print-)(?:none|block|flex|grid|inline|inline-block|inline-flex)`,
  `m${side}-${size}`, `p${side}-${size}`, `gap-${size}`,
  `flex-(?:row|column|wrap|nowrap|fill|grow-[01]|shrink-[01])`, "(?:align-items|align-self|justify-content)-(?:start|center|end|between|baseline|stretch)",
  `text-(?:start|center|end|nowrap|wrap|truncate|break|reset|uppercase|${tone}|muted|body|decoration-none)`,
  "f[sw]-(?:[1-6]|normal|medium|bold)", "font-monospace", "lead", "small", "h[1-6]", "lh-(?:1|sm|base|lg)",
  "[wh]-(?:25|50|75|100|auto)", "position-(?:static|relative|absolute|fixed|sticky)", "overflow-(?:auto|hidden|visible)",
  "border(?:-(?:0|top|bottom|start|end)(?:-0)?)?", "rounded(?:-(?:0|circle|pill))?", "float-(?:start|end)", "align-(?:top|middle|bottom|baseline)",
  "list-(?:unstyled|inline|inline-item|group|group-item|group-flush|group-item-action)",
  `alert(?:-(?:${tone}|title|link|heading|dismissible))?`, `badge`, "breadcrumb(?:-item)?", "page-(?:item|link)", "pagination",
  "progress(?:-(?:bar|sm|bar-indeterminate))?", "spinner-border(?:-sm)?", "placeholder(?:-(?:xs|sm|lg|wave|glow))?",
  "nav(?:-(?:item|link|tabs|pills))?", "tab-(?:content|pane)", "visually-hidden(?:-focusable)?", "icon", "active", "disabled", "show", "vr", "hr",
  "img-fluid", "stretched-link", "hstack", "vstack", "user-select-(?:all|none)", "pe-none", "datagrid(?:-(?:item|title|content))?",
].map((pattern) => new RegExp(`^${pattern}$`));

/** Elements and attributes whose rules stay, whatever the pages hold. */
export const MARKUP = (
  "html body main nav header footer section article aside h1 h2 h3 h4 h5 h6 p a b strong i em small mark code kbd pre samp q blockquote abbr address hr " +
  "ul ol li dl dt dd table caption thead tbody tfoot tr th td colgroup col form fieldset legend label input textarea select optgroup option button output " +
  "progress details summary dialog figure figcaption img svg template iframe sub sup del ins time " +
  "type checkbox radio text search number email tel url date time datetime-local month week file range color button submit reset password hidden " +
  "multiple size disabled readonly checked open dir rtl ltr href title role scope list controls tabindex data-bs-theme light dark"
);
