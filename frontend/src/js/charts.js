// Charts: <div class="crm-chart" data-chart='{…}' role="img" tabindex="0" aria-label="…">. What data-chart holds is in README.md;
// crmhost/web/charts.py writes it, and crmhost/web/pictures.py the picture that stands there before. Colours come from the tokens, so that a theme restyles charts too. The tooltip is drawn as
// part of the picture: ECharts' own HTML tooltip writes style attributes, which the CSP refuses.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent, TooltipComponent } from "echarts/components";
import { init, setPlatformAPI, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { announcer, formats } from "./chart-words.js";

use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TitleComponent, TooltipComponent, SVGRenderer]);

const STYLES = { main: "series-1", past: "series-past", soft: "series-soft", 2: "series-2", 3: "series-3", 4: "series-4" };
// Lines differ in their dashes too: behaviour.css draws the same into the legend.
const DASHES = { past: [4, 4], 2: [10, 4], 3: [2, 3], 4: [10, 3, 2, 3], soft: [1, 4] };
const SLICES = ["series-1", "series-2", "series-3", "series-4", "series-past", "series-soft"];
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const ruler = new OffscreenCanvas(1, 1).getContext("2d");
let probe;

// Without double quotes: a saved drawing has it inside an attribute.
const font = () => getComputedStyle(document.body).fontFamily.replaceAll('"', "'");

// The tooltip is set in the default typeface; behaviour.css gives it ours, and here it is measured in ours.
setPlatformAPI({
  measureText(words, named) {
    ruler.font = (named ?? "12px sans-serif").replace(/(?<=px )sans-serif$/, font());
    return ruler.measureText(words);
  },
});

/** A token as rgba(): ECharts reads neither light-dark() nor oklch(). */
function token(name) {
  if (!probe?.isConnected) document.body.append((probe = Object.assign(document.createElement("span"), { className: "crm-probe" })));
  probe.style.color = `var(--crm-${name})`;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgba(${r},${g},${b},${a / 255})`;
}

function axes(spec, read, text) {
  const bars = spec.kind !== "line";
  const below = spec.series.some(({ values }) => values.some((value) => value < 0));
  const labels = {
    type: "category", data: spec.labels, boundaryGap: bars || spec.labels.length === 1, axisTick: { show: false },
    axisLine: { show: below, onZero: true, lineStyle: { color: token("line-field") } },
    axisLabel: { ...text, margin: 10, hideOverlap: true, ...(!bars && spec.labels.length > 1 && { alignMinLabel: "left", alignMaxLabel: "right" }) },
    axisPointer: {
      type: bars ? "shadow" : "line", z: 0, label: { show: false, formatter: pointed(spec) },
      lineStyle: { color: token("line-strong"), type: "solid" }, shadowStyle: { color: token("hover") },
    },
  };
  const along = spec.axis && {
    min: spec.axis.min, max: spec.axis.max, interval: spec.axis.step,
    axisLabel: { ...text, margin: 10, hideOverlap: true, formatter: (value) => spec.axis.texts[Math.round((value - spec.axis.min) / spec.axis.step)] ?? "" },
  };
  const values = {
    type: "value", splitNumber: 4, minInterval: spec.format?.kind === "money" || spec.format?.kind === "percent" ? 0 : 1,
    axisLabel: { ...text, margin: 10, hideOverlap: true, formatter: read.short }, splitLine: { lineStyle: { color: token("line") } },
    ...along,
  };
  const grid = { left: 2, right: spec.kind === "rows" ? 24 : 10, top: 18, bottom: 4, containLabel: true };
  if (spec.kind !== "rows") return { grid, xAxis: { ...labels, ...(below && { position: "bottom" }) }, yAxis: values };
  const names = { ...labels, inverse: true, axisLabel: { ...labels.axisLabel, hideOverlap: false, width: 150, overflow: "truncate" } };
  return { grid, yAxis: names, xAxis: { ...values, splitNumber: 3 } };
}

function tooltip(spec, read) {
  return {
    trigger: spec.kind === "pie" ? "item" : "axis", renderMode: "richText", confine: true, backgroundColor: token("raised"),
    borderColor: token("line-strong"), borderWidth: 1, padding: [8, 10], textStyle: { color: token("ink"), fontSize: 12 },
    valueFormatter: read.shared(spec),
  };
}

/** What the tooltip is headed by: the whole name of the period, and whether it is still running. */
function pointed(spec) {
  return ({ seriesData, value }) => (seriesData?.length ? whole(spec, seriesData[0].dataIndex) : value);
}
const whole = ({ labels, titles, running }, at) => (titles ?? labels)[at] + (running && at === labels.length - 1 ? `, ${running}` : "");

function line({ name, values, style = "main" }) {
  const colour = token(STYLES[style]);
  const past = style === "past";
  return {
    name, type: "line", data: values, symbol: past ? "none" : "circle", symbolSize: 7, showSymbol: values.length === 1,
    lineStyle: { color: colour, width: past ? 1.5 : 2, ...(DASHES[style] && { type: DASHES[style] }) },
    itemStyle: { color: colour, borderColor: token("card"), borderWidth: 2 },
    ...(style === "main" && { areaStyle: { color: colour, opacity: 0.07 } }), z: past ? 1 : 2,
  };
}

function bar({ name, values, style = "main" }, { kind, running, stacked, series, axis }, read) {
  const colour = token(STYLES[style]);
  const [soft, below, ink] = [token("series-soft"), token("series-2"), token("ink-2")];
  const [round, back] = kind === "rows" ? [[0, 4, 4, 0], [4, 0, 0, 4]] : [[4, 4, 0, 0], [0, 0, 4, 4]];
  const item = (value, index) => {
    const open = Boolean(running) && index === values.length - 1 && style !== "past";
    const negative = value < 0;
    return {
      value,
      itemStyle: {
        color: negative && series.length === 1 ? below : open && style === "main" ? soft : colour,
        borderRadius: stacked ? 0 : negative ? back : round,
        ...(stacked && { borderColor: token("card"), borderWidth: 1 }),
        ...(open && value > 0 && { borderColor: colour, borderWidth: 1.5, borderType: [4, 3] }),
      },
      // What needs a word says it without being pointed at.
      label: {
        show: !stacked && series.length === 1 && (negative || open || (kind === "rows" && value != null)), color: ink, fontSize: 11,
        position: kind === "rows" ? (negative ? "left" : "right") : negative ? "bottom" : "top",
        formatter: kind === "rows" || negative ? read.short(value) : running,
      },
    };
  };
  return { name, type: "bar", ...(axis ? { barWidth: `${axis.breadth * 100}%`, barGap: "30%" } : { barMaxWidth: kind === "rows" ? 24 : 40 }), barCategoryGap: "40%", stack: stacked ? "all" : undefined, data: values.map(item), itemStyle: { color: colour }, emphasis: { disabled: true } };
}

function pie({ name, values }, { labels }) {
  const colours = SLICES.map(token);
  return {
    name, type: "pie", radius: ["52%", "82%"], label: { show: false }, itemStyle: { borderColor: token("card"), borderWidth: 2 },
    data: values.map((value, index) => ({ value, name: labels[index], itemStyle: { color: colours[index % colours.length] } })),
  };
}

/** What ECharts draws; a saved picture has its title and its legend with it. */
function option(spec, saved, still) {
  const read = formats(spec.format);
  const text = { color: token("ink-3"), fontFamily: font(), fontSize: 12 };
  const named = spec.series.length > 1 || spec.kind === "pie";
  const drawn = {
    animation: !saved && !still && !matchMedia("(prefers-reduced-motion: reduce), print").matches,
    animationDuration: 300,
    textStyle: text,
    tooltip: tooltip(spec, read),
    ...(spec.kind !== "pie" && axes(spec, read, text)),
    series: spec.series.map((series) => ({ line, bar, rows: bar, pie })[spec.kind](series, spec, read)),
  };
  if (!saved) return drawn;
  drawn.backgroundColor = token("card");
  drawn.title = { text: saved, left: 20, top: 16, textStyle: { color: token("ink"), fontSize: 16, fontWeight: 600, fontFamily: font() } };
  if (named) drawn.legend = { left: 20, top: 48, icon: spec.kind === "line" ? undefined : "roundRect", itemWidth: 18, itemHeight: 10, textStyle: text };
  if (drawn.grid) drawn.grid = { ...drawn.grid, left: 20, right: 30, top: named ? 90 : 66, bottom: 20 };
  else drawn.series[0].center = ["50%", "58%"];
  return drawn;
}

/** The chart as an SVG document of its own, with its title. */
export function picture(spec, title) {
  const canvas = init(null, null, { renderer: "svg", ssr: true, width: 960, height: 420 });
  canvas.setOption(option(spec, title));
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  return svg;
}

/** Draws what `place.dataset.chart` says, and again when the theme, the size or that attribute changes. Gives the drawing. */
export async function chart(place) {
  await document.fonts.ready;
  if (!place.isConnected) return;
  // What takes the place of a picture must be the same at once: nothing grows, nothing flickers.
  const before = [...place.children];
  place.replaceChildren();
  const drawing = init(place, null, { renderer: "svg" });
  const paint = () => drawing.setOption(option(JSON.parse(place.dataset.chart), undefined, before.length > 0), true);
  paint();
  drawing.getZr().flush();
  const size = new ResizeObserver(() => place.clientWidth && drawing.resize());
  const change = new MutationObserver(paint);
  const paper = matchMedia("print");
  size.observe(place);
  change.observe(place, { attributes: true, attributeFilter: ["data-chart"] });
  document.addEventListener("crm:theme", paint);
  paper.addEventListener("change", paint);
  place.addEventListener("htmx:before:cleanup", () => {
    size.disconnect();
    change.disconnect();
    document.removeEventListener("crm:theme", paint);
    paper.removeEventListener("change", paint);
    drawing.dispose();
  }, { once: true });
  const say = announcer(place, whole);
  let at = -1;
  place.addEventListener("keydown", (event) => {
    const spec = JSON.parse(place.dataset.chart);
    const last = spec.labels.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at < 0 ? last : at - 1, ArrowUp: at < 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape" || to === undefined) return event.key === "Escape" && hide();
    event.preventDefault();
    at = Math.max(0, Math.min(last, to));
    drawing.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    say(spec, at);
  });
  const hide = () => { at = -1; drawing.dispatchAction({ type: "hideTip" }); };
  place.addEventListener("blur", hide);
  return drawing;
}
