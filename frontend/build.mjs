// Bundles the scripts, styles, fonts and icons of the pages: node build.mjs ICONS.json OUTPUT
//   ICONS.json   names of the icons that templates, manifests and code mention; ../crm collects them
//   OUTPUT       is emptied, then holds files named by their content and manifest.json, which says what is called how
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import { makeFonts } from "./fonts.mjs";
import { CLASSES, MARKUP } from "./vocabulary.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [iconList, output] = process.argv.slice(2);
const modules = join(here, "node_modules");
const outlines = join(modules, "@tabler/icons/icons/outline");
const manifest = {};

/** Tabler without the rules of classes that are not in vocabulary.mjs: a quarter of its weight. */
const trimTabler = {
  name: "trim-tabler",
  setup(build) {
    build.onLoad({ filter: /tabler\.css$/ }, async ({ path }) => {
      const [trimmed] = await new PurgeCSS().purge({
        content: [{ raw: MARKUP, extension: "html" }],
        css: [{ raw: readFileSync(path, "utf8") }],
        safelist: { standard: CLASSES },
        keyframes: true,
      });
      return { contents: trimmed.css, loader: "css", resolveDir: dirname(path) };
    });
  },
};

/** Typefaces in the one format that all browsers of today read. */
const newFonts = {
  name: "new-fonts",
  setup(build) {
    build.onLoad({ filter: /@fontsource\/.*\.css$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replace(/,\s*url\([^)]*\.woff\) format\('woff'\)/g, "");
      return { contents, loader: "css", resolveDir: dirname(path) };
    });
  },
};

const byContent = (name, content) => {
  const [stem, ending] = name.split(/\.(?=\w+$)/);
  const file = `${stem}-${createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase()}.${ending}`;
  writeFileSync(join(output, file), content);
  manifest[name] = file;
};

/** The drawing inside an icon's SVG; empty when Tabler has no icon of that name. */
const drawing = (name) => {
  try {
    const svg = readFileSync(join(outlines, `${name}.svg`), "utf8");
    return svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s+/g, " ").replace(/> </g, "><").trim();
  } catch {
    return "";
  }
};

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

await makeFonts(modules, join(modules, ".fonts"));

const entries = ["src/js/core.js", "src/js/charts.js", "src/css/core.css", "src/css/choices.css", "src/css/rich.css", "src/css/client.css", "src/css/print.css"];
const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: output,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  metafile: true,
  legalComments: "linked",
  loader: { ".woff2": "file", ".svg": "dataurl" },
  plugins: [trimTabler, newFonts],
  logLevel: "warning",
  supported: { nesting: true },
});
for (const [path, { entryPoint, imports }] of Object.entries(result.metafile.outputs)) {
  if (!entries.includes(entryPoint)) continue;
  manifest[basename(entryPoint)] = basename(path);
  // What core.js imports at once: pages name it in <link rel="modulepreload">, so that it comes in the same round.
  if (entryPoint === entries[0]) manifest.preload = imports.filter(({ kind }) => kind === "import-statement").map((one) => basename(one.path));
}
// The one file of the typeface that every page needs.
manifest["inter.woff2"] = readdirSync(output).find((file) => file.startsWith("inter-latin-") && !/europe|rest/.test(file));

for (const file of readdirSync(join(here, "src/img"))) byContent(file, readFileSync(join(here, "src/img", file)));

const wanted = JSON.parse(readFileSync(iconList, "utf8"));
const drawings = Object.fromEntries(wanted.map((name) => [name, drawing(name)]));
const unknown = wanted.filter((name) => !drawings[name]);
if (unknown.length) console.warn(`no such icon: ${unknown.join(", ")}`);
const symbols = wanted.filter((name) => drawings[name]).map((name) => `<symbol id="${name}" viewBox="0 0 24 24">${drawings[name]}</symbol>`);
byContent("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

// Every icon, for the server alone: a plugin from outside may name one that the sprite doesn't hold.
const all = Object.fromEntries(readdirSync(outlines).map((file) => basename(file, ".svg")).sort().map((name) => [name, drawing(name)]));
writeFileSync(join(output, "icons.json"), JSON.stringify({ sprite: wanted.filter((name) => drawings[name]), drawings: all }));
// The tokens with plain values, for the server: what a theme builds on, and the contrast of its colours. A pair is light and dark.
const tokens = {};
for (const [, name, value] of readFileSync(join(here, "src/css/tokens.css"), "utf8").matchAll(/^ {2}--crm-([a-z0-9-]+): ([^;]+);/gm)) {
  const pair = value.match(/^light-dark\((#\w+), (#\w+)\)$/);
  if (pair || /^(#\w+|[\d.]+(rem|px)?)$/.test(value)) tokens[name] ??= pair ? [pair[1], pair[2]] : value;
}
writeFileSync(join(output, "tokens.json"), JSON.stringify(tokens));
writeFileSync(join(output, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);

for (const file of readdirSync(output).filter((name) => /\.(js|css|svg)$/.test(name)).sort()) {
  const size = statSync(join(output, file)).size;
  console.log(`${file.padEnd(40)} ${String(Math.ceil(size / 1000)).padStart(5)} kB ${String(Math.ceil(gzipSync(readFileSync(join(output, file))).length / 1000)).padStart(5)} kB gzip`);
}
