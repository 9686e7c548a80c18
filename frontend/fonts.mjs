// Inter as pages load it: weights 400 to 700 alone, and what Central and Western Europe write apart from rarer Latin letters,
// so that a page costs 29 kB instead of 48, and the first ł in a name 11 kB instead of 85.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import subsetFont from "subset-font";

const NAME = "Inter Variable";
const WEIGHTS = { min: 400, max: 700 };
const EUROPE = "U+0100-0130,U+0132-0151,U+0154-017F,U+0218-021B,U+1E9E";

const numbers = (ranges) =>
  ranges.split(",").flatMap((range) => {
    const [from, to = from] = range.slice(2).split("-").map((hex) => parseInt(hex, 16));
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });

/** Makes `folder` hold inter.css and the files that it names, unless it does already. */
export async function makeFonts(modules, folder) {
  const stamp = join(folder, "made-by.mjs");
  const maker = readFileSync(fileURLToPath(import.meta.url), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === maker) return;
  mkdirSync(folder, { recursive: true });
  const inter = join(modules, "@fontsource-variable/inter");
  const shipped = JSON.parse(readFileSync(join(inter, "unicode.json"), "utf8"));
  const europe = new Set(numbers(EUROPE));
  const rest = numbers(shipped["latin-ext"]).filter((number) => !europe.has(number));
  const parts = [
    ...Object.entries(shipped).filter(([part]) => part !== "latin-ext").map(([part, ranges]) => [part, part, ranges]),
    ["latin-ext", "latin-rest", rest.map((number) => `U+${number.toString(16)}`).join()],
    ["latin-ext", "latin-europe", EUROPE],
  ];
  const faces = await Promise.all(parts.map(async ([from, part, ranges]) => {
    const whole = readFileSync(join(inter, "files", `inter-${from}-wght-normal.woff2`));
    const text = String.fromCodePoint(...numbers(ranges));
    writeFileSync(join(folder, `inter-${part}.woff2`), await subsetFont(whole, text, { targetFormat: "woff2", variationAxes: { wght: WEIGHTS } }));
    return `@font-face{font-family:"${NAME}";font-style:normal;font-display:swap;font-weight:${WEIGHTS.min} ${WEIGHTS.max};` +
      `src:url(./inter-${part}.woff2) format("woff2");unicode-range:${part === "latin-rest" ? shorten(rest) : ranges}}`;
  }));
  writeFileSync(join(folder, "inter.css"), faces.join("\n"));
  writeFileSync(stamp, maker);
}

/** Numbers in order as ranges of unicode-range. */
function shorten(all) {
  const ranges = [];
  for (const number of all) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const hex = (number) => number.toString(16).toUpperCase();
  return ranges.map(([from, to]) => `U+${hex(from)}${to > from ? `-${hex(to)}` : ""}`).join();
}
