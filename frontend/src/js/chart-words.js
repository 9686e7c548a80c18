// How a chart's values read, and how they are said to those who don't see them.
import { make } from "./texts.js";

const language = document.documentElement.lang || "en";

/** How values read: in full, shortened for an axis, and with their share of a pie. Money arrives in minor units. */
export function formats({ kind = "count", currency, digits = 2 } = {}) {
  const scale = kind === "money" ? 10 ** digits : 1;
  const style = { money: { style: "currency", currency }, percent: { style: "percent", maximumFractionDigits: 1 }, count: {} }[kind];
  const format = new Intl.NumberFormat(language, style);
  const compact = new Intl.NumberFormat(language, { ...style, notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const full = (value) => (value == null ? "–" : format.format(value / scale));
  return {
    full,
    short: (value) => compact.format(value / scale),
    shared(spec) {
      const sum = spec.kind === "pie" && spec.series[0].values.reduce((total, value) => total + value, 0);
      return (value) => full(value) + (sum ? ` (${share.format(value / sum)})` : "");
    },
  };
}

/** A function that says the values of one label to screen readers, politely. */
export function announcer(place, whole) {
  const region = make("p", { class: "visually-hidden", role: "status" });
  place.after(region);
  return (spec, at) => {
    const read = formats(spec.format).shared(spec);
    const values = spec.series.map(({ name, values: all }) => (spec.series.length > 1 ? `${name} ${read(all[at])}` : read(all[at])));
    region.textContent = `${whole(spec, at)}: ${values.join(", ")}`;
  };
}
