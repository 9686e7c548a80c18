// Beside a chart, inside [data-chart-card]: [data-chart-table] shows its values, which stand in the page, as a table in its
// place; [data-chart-download="png|svg|csv"] saves it. What draws is heavy: it is fetched only when somebody turns to a chart.
import { make } from "./texts.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-table], [data-chart-download]");
  const card = button?.closest("[data-chart-card]");
  if (!card) return;
  if (button.dataset.chartDownload) return download(button.dataset.chartDownload, card.querySelector("[data-chart]").dataset);
  const open = card.querySelector("[data-chart-values]").toggleAttribute("data-open");
  button.setAttribute("aria-pressed", String(open));
  card.querySelector("[data-chart-shown]").hidden = open;
  // Pressed by its key: the next press is meant for the same chart, also when the page moved under the pointer.
  if (event.detail === 0) button.focus({ preventScroll: true });
});

/** Draws a chart once somebody points at it, focuses it or presses a key there; at once where the server drew no picture. */
export function wake(place) {
  const draw = async () => (await import("./charts.js")).chart(place);
  if (!place.querySelector(".crm-picture")) return draw();
  const listening = new AbortController();
  const keys = [];
  let pointer;
  let waking = false;
  const start = async (event) => {
    if (event.type === "pointermove") pointer = event;
    if (event.type === "pointerleave") pointer = undefined;
    if (event.type === "keydown" && !event.ctrlKey && !event.metaKey && !event.altKey && /^(Arrow|Home|End)/.test(event.key)) {
      event.preventDefault();
      keys.push(event);
    }
    if (waking) return;
    waking = true;
    const drawing = await draw().finally(() => (waking = false));
    listening.abort();
    if (!drawing) return;
    // What was done while it was on its way is not lost.
    for (const { key } of keys) place.dispatchEvent(new KeyboardEvent("keydown", { key }));
    const { left, top } = place.getBoundingClientRect();
    if (pointer && !keys.length) drawing.dispatchAction({ type: "showTip", x: pointer.clientX - left, y: pointer.clientY - top });
  };
  for (const kind of ["pointermove", "pointerleave", "pointerdown", "focus", "keydown"]) place.addEventListener(kind, start, { signal: listening.signal });
}

/** Saves the chart as a picture with its title, or its values as CSV with a header row. */
async function download(kind, { chart, chartName: title }) {
  const spec = JSON.parse(chart);
  const name = title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^-|-$/g, "");
  if (kind === "csv") return save(new Blob(["\ufeff", csv(spec)], { type: "text/csv" }), `${name}.csv`);
  const { picture } = await import("./charts.js");
  const svg = picture(spec, title);
  if (kind === "svg") return save(new Blob([svg], { type: "image/svg+xml" }), `${name}.svg`);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth * 2, image.naturalHeight * 2);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  save(await canvas.convertToBlob({ type: "image/png" }), `${name}.png`);
}

function csv({ labels, titles, heading, series, format }) {
  // A text that a spreadsheet would take for a formula is led by an apostrophe (OWASP, CSV injection).
  const cell = (value) => `"${String(value ?? "").replace(/"/g, '""').replace(/^(?=[=+\-@\t\r])/, "'")}"`;
  const scale = format?.kind === "money" ? 10 ** (format.digits ?? 2) : 1;
  const lines = (titles ?? labels).map((label, index) => [cell(label), ...series.map(({ values }) => (values[index] ?? "") === "" ? "" : values[index] / scale)]);
  return [[cell(heading), ...series.map(({ name }) => cell(name))], ...lines].map((line) => line.join(",")).join("\r\n");
}

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
