// Charts: <div class="crm-chart" data-chart='{…}' role="img" aria-label="…">. What data-chart holds is in README.md.
// Colours come from the tokens, so that a theme restyles charts too. The tooltip is drawn as part of the picture:
// ECharts' own HTML tooltip writes style attributes, which the CSP refuses.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, setPlatformAPI, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { download, toTable } from "./chart-tools.js";

use([BarChart, LineChart, PieChart, GridComponent, TooltipComponent, SVGRenderer]);

const FONT = "Inter Variable, system-ui, sans-serif";
const STYLES = { main: "series-1", past: "series-past", soft: "series-soft", 1: "series-1", 2: "series-2", 3: "series-3", 4: "series-4" };
const language = document.documentElement.lang || "en";
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const ruler = new OffscreenCanvas(1, 1).getContext("2d");
let probe;

// The tooltip is set in the default typeface; behaviour.css gives it ours, and here it is measured in ours.
setPlatformAPI({
  measureText(words, font) {
    ruler.font = font?.includes("Inter") ? font : (font ?? "12px sans-serif").replace("sans-serif", FONT);
    return ruler.measureText(words);
  },
});

/** A token as rgba(): ECharts reads neither light-dark() nor oklch(). */
function token(name) {
  if (!probe?.isConnected) document.body.append((probe = document.createElement("span")));
  probe.style.color = `var(--crm-${name})`;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgba(${r},${g},${b},${a / 255})`;
}

/** How a chart's values read: in full, and shortened for an axis. Money arrives in minor units. */
export function formats({ kind = "count", currency, digits = 2 } = {}) {
  const scale = kind === "money" ? 10 ** digits : 1;
  const style = { money: { style: "currency", currency }, percent: { style: "percent", maximumFractionDigits: 1 }, count: {} }[kind];
  const full = new Intl.NumberFormat(language, style);
  const short = new Intl.NumberFormat(language, { ...style, notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 });
  return { full: (value) => (value == null ? "–" : full.format(value / scale)), short: (value) => short.format(value / scale) };
}

function axes(spec, read, text) {
  const below = spec.series.some(({ values }) => values.some((value) => value < 0));
  return {
    grid: { left: 2, right: 10, top: 18, bottom: 4, containLabel: true },
    xAxis: {
      type: "category", data: spec.labels, boundaryGap: spec.kind === "bar", axisTick: { show: false },
      axisLine: { show: below, onZero: true, lineStyle: { color: token("line-field") } },
      axisLabel: { ...text, margin: 10, hideOverlap: true, ...(spec.kind === "line" && { alignMinLabel: "left", alignMaxLabel: "right" }) },
      ...(below && { position: "bottom" }),
      axisPointer: {
        type: spec.kind === "bar" ? "shadow" : "line", z: 0, label: { show: false, formatter: heading(spec) },
        lineStyle: { color: token("line-strong"), type: "solid" }, shadowStyle: { color: token("hover") },
      },
    },
    yAxis: { type: "value", splitNumber: 4, minInterval: spec.format?.kind === "money" || spec.format?.kind === "percent" ? 0 : 1, axisLabel: { ...text, margin: 10, formatter: read.short }, splitLine: { lineStyle: { color: token("line") } } },
  };
}

function tooltip(spec, read) {
  const sum = spec.kind === "pie" && spec.series[0].values.reduce((total, value) => total + value, 0);
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return {
    trigger: spec.kind === "pie" ? "item" : "axis", renderMode: "richText", confine: true, backgroundColor: token("raised"),
    borderColor: token("line-strong"), borderWidth: 1, padding: [8, 10], textStyle: { color: token("ink"), fontSize: 12, fontFamily: FONT },
    valueFormatter: (value) => read.full(value) + (sum ? ` (${share.format(value / sum)})` : ""),
  };
}

/** What the tooltip is headed by: the whole name of the period, and whether it is still running. */
function heading(spec) {
  const last = spec.labels.length - 1;
  const of = (index) => (spec.titles ?? spec.labels)[index] + (spec.running && index === last ? `, ${spec.running}` : "");
  return ({ seriesData, value }) => (seriesData?.length ? of(seriesData[0].dataIndex) : value);
}

function line({ name, values, style = "main" }) {
  const colour = token(STYLES[style]);
  const past = style === "past";
  return {
    name, type: "line", data: values, symbol: past ? "none" : "circle", symbolSize: 7, showSymbol: values.length === 1,
    lineStyle: { color: colour, width: past ? 1.5 : 2, ...(past && { type: [4, 4] }) }, itemStyle: { color: colour, borderColor: token("card"), borderWidth: 2 },
    ...(style === "main" && { areaStyle: { color: colour, opacity: 0.07 } }), z: past ? 1 : 2,
  };
}

function bar({ name, values, style = "main" }, { running, stacked }, read) {
  const colour = token(STYLES[style]);
  const [soft, below, ink] = [token("series-soft"), token("series-2"), token("ink-2")];
  const item = (value, index) => {
    const open = Boolean(running) && index === values.length - 1;
    const negative = value < 0;
    return {
      value,
      itemStyle: {
        color: negative ? below : open ? soft : colour,
        borderRadius: stacked ? 0 : negative ? [0, 0, 4, 4] : [4, 4, 0, 0],
        ...(open && value > 0 && { borderColor: colour, borderWidth: 1.5, borderType: [4, 3] }),
      },
      // What needs a word says it without being pointed at.
      label: {
        show: !stacked && (negative || open), position: negative ? "bottom" : "top", color: ink, fontFamily: FONT, fontSize: 11,
        formatter: negative ? read.short(value) : running,
      },
    };
  };
  return { name, type: "bar", barMaxWidth: 40, barCategoryGap: "40%", stack: stacked ? "all" : undefined, data: values.map(item), itemStyle: { color: colour }, emphasis: { disabled: true } };
}

function pie({ name, values }, { labels }) {
  const colours = ["series-1", "series-2", "series-3", "series-4", "series-past", "series-soft"].map(token);
  return {
    name, type: "pie", radius: ["52%", "82%"], label: { show: false }, itemStyle: { borderColor: token("card"), borderWidth: 2 },
    data: values.map((value, index) => ({ value, name: labels[index], itemStyle: { color: colours[index % colours.length] } })),
  };
}

function option(spec) {
  const read = formats(spec.format);
  const text = { color: token("ink-3"), fontFamily: FONT, fontSize: 12 };
  const draw = { line, bar, pie }[spec.kind];
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: text,
    tooltip: tooltip(spec, read),
    ...(spec.kind !== "pie" && axes(spec, read, text)),
    series: spec.series.map((series) => draw(series, spec, read)),
  };
}

/** Draws what `place.dataset.chart` says, and again when the theme, the size or that attribute changes. */
export async function chart(place) {
  await document.fonts.ready;
  const picture = init(place, null, { renderer: "svg" });
  const draw = () => picture.setOption(option(JSON.parse(place.dataset.chart)), true);
  draw();
  const size = new ResizeObserver(() => picture.resize());
  const change = new MutationObserver(draw);
  size.observe(place);
  change.observe(place, { attributes: true, attributeFilter: ["data-chart"] });
  document.addEventListener("crm:theme", draw);
  place.addEventListener("htmx:before:cleanup", () => {
    size.disconnect();
    change.disconnect();
    document.removeEventListener("crm:theme", draw);
    picture.dispose();
  }, { once: true });

  const card = place.closest("[data-chart-card]");
  card?.addEventListener("click", (event) => {
    const spec = JSON.parse(place.dataset.chart);
    const button = event.target.closest("[data-chart-table], [data-chart-download]");
    if (!button) return;
    if (button.dataset.chartDownload) download(button.dataset.chartDownload, place, spec, picture);
    else toTable(button, place, spec, formats(spec.format));
  });
}
