// Beside a chart, inside [data-chart-card]: [data-chart-table] shows its values as a table, [data-chart-download="png|svg|csv"] saves it.
import { make, text } from "./texts.js";

/** Puts a table in the chart's place, or the chart back in the table's. */
export function toTable(button, place, { labels, titles, series, caption }, read) {
  const shown = place.nextElementSibling?.matches("[data-chart-values]") ? place.nextElementSibling : null;
  button.setAttribute("aria-pressed", String(!shown));
  place.hidden = !shown;
  if (shown) return shown.remove();
  const head = make("tr", {}, make("th", { scope: "col" }, ""), ...series.map(({ name }) => make("th", { scope: "col", class: "num" }, name)));
  const rows = (titles ?? labels).map((label, index) =>
    make("tr", {}, make("th", { scope: "row" }, label), ...series.map(({ values }) => make("td", { class: "num" }, read.full(values[index])))));
  place.after(make("div", { class: "crm-chart-values", "data-chart-values": "", tabindex: "0" },
    make("table", { class: "crm-table" }, make("caption", { class: "visually-hidden" }, caption ?? place.getAttribute("aria-label") ?? text("table")),
      make("thead", {}, head), make("tbody", {}, ...rows))));
}

/** Saves the chart as the reader sees it, or its values as CSV with a header row. */
export async function download(kind, place, spec, picture) {
  const name = (place.dataset.chartName || "chart").replace(/[^\p{L}\p{N}._-]+/gu, "-");
  if (kind === "csv") return save(new Blob(["\ufeff", csv(spec)], { type: "text/csv" }), `${name}.csv`);
  const drawn = picture.getDataURL({ type: "svg", excludeComponents: ["tooltip"] });
  const svg = decodeURIComponent(drawn.slice(drawn.indexOf(",") + 1));
  if (kind === "svg") return save(new Blob([svg], { type: "image/svg+xml" }), `${name}.svg`);
  const image = new Image();
  image.src = drawn;
  await image.decode();
  const canvas = new OffscreenCanvas(place.clientWidth * 2, place.clientHeight * 2);
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(place.closest(".card") ?? document.body).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  save(await canvas.convertToBlob({ type: "image/png" }), `${name}.png`);
}

function csv({ labels, titles, series, format }) {
  // A text that a spreadsheet would take for a formula is led by an apostrophe (OWASP, CSV injection).
  const cell = (value) => `"${String(value ?? "").replace(/"/g, '""').replace(/^(?=[=+\-@\t\r])/, "'")}"`;
  const scale = format?.kind === "money" ? 10 ** (format.digits ?? 2) : 1;
  const lines = (titles ?? labels).map((label, index) => [cell(label), ...series.map(({ values }) => (values[index] ?? "") === "" ? "" : values[index] / scale)]);
  return [["", ...series.map(({ name }) => cell(name))], ...lines].map((line) => line.join(",")).join("\r\n");
}

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
