// Bundles the desk's own CSS and JS with the pinned npm packages.
//
// usage: node build.mjs [--modules FOLDER] [--out FOLDER] [--inputs HASH]
//
// Into the folder go: files with a hash in their name, each with twins that are compressed already;
// icons.json, the outline icons by name; THIRD-PARTY.json, what of others went in, with licences;
// and last manifest.json, which says what each file is called and which sources it was made from.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { values: given } = parseArgs({
  options: {
    modules: { type: "string", default: path.join(HERE, "node_modules") },
    out: { type: "string", default: path.join(HERE, "../static/dist") },
    inputs: { type: "string", default: "" },
  },
});
const MODULES = path.resolve(given.modules);
const OUT = path.resolve(given.out);

const ENTRIES = { app: "js/app.js", style: "css/app.css" };
const ICONS = "@iconify-json/tabler";
// What every page shows at once; the other scripts of the font load when a page has them.
const PRELOADED = /^inter-latin-wght-normal-.*\.woff2$/;
const COMPRESSED = new Set([".js", ".css", ".svg", ".txt"]);
const PERMISSIVE = new Set(
  ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "OFL-1.1"],
);
// Names that packages use beside those of SPDX.
const ALSO_CALLED = { "BSD-0-Clause": "0BSD" };

const readJson = (...parts) => JSON.parse(fs.readFileSync(path.join(...parts), "utf8"));
const writeJson = (name, value) =>
  fs.writeFileSync(path.join(OUT, name), `${JSON.stringify(value, null, 1)}\n`);

/** Packages come from MODULES alone, never from a node_modules further up on this machine. */
const pinned = {
  name: "pinned",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path: wanted, pluginData, ...rest }) => {
      if (pluginData === pinned || rest.kind === "entry-point") return undefined;
      const found = { resolveDir: path.dirname(MODULES), kind: rest.kind, pluginData: pinned };
      return build.resolve(wanted, found);
    });
  },
};

async function bundle() {
  const esbuild = createRequire(path.join(MODULES, "x.js"))("esbuild");
  const result = await esbuild.build({
    absWorkingDir: HERE,
    entryPoints: ENTRIES,
    outdir: OUT,
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "file" },
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    // What esbuild adds by itself where nothing is said: modules of packages that have both kinds.
    conditions: ["browser", "module"],
    minify: true,
    metafile: true,
    legalComments: "linked",
    logLevel: "warning",
    plugins: [pinned],
  });
  if (result.warnings.length) throw Object.assign(new Error(), { errors: result.warnings });
  return result;
}

/** Return the name of each entry's file, by the name that pages use. */
function named(outputs) {
  const files = {};
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    const name = Object.keys(ENTRIES).find((key) => ENTRIES[key] === entryPoint);
    if (name) files[name + path.extname(file)] = path.basename(file);
  }
  return files;
}

/** Return what is inside each outline icon; colour and width of its lines are the page's. */
function icons() {
  const { icons: drawn, aliases } = readJson(MODULES, ICONS, "icons.json");
  const isOutline = (name) => !name.endsWith("-filled");
  const bodies = {};
  for (const name of Object.keys(drawn).filter(isOutline)) bodies[name] = inside(drawn[name].body);
  for (const [name, { parent, ...turned }] of Object.entries(aliases)) {
    if (isOutline(name) && parent in bodies && !Object.keys(turned).length) {
      bodies[name] = bodies[parent];
    }
  }
  return bodies;
}

// The page's CSS says how lines are drawn; what an icon fills, it says itself.
const PEN = new RegExp(
  ' (class="icon-tabler"|fill="none"|stroke="currentColor"|stroke-width="2"' +
    '|stroke-linecap="round"|stroke-linejoin="round")',
  "g",
);

function inside(body) {
  const bare = body.replace(PEN, "").replace(/^<g>(.*)<\/g>$/, "$1");
  if (/stroke-|stroke="c|class=/.test(bare)) {
    throw new Error(`This icon is drawn in another way: ${body}`);
  }
  return bare;
}

/** Return the packages of others that went in, with the text of their licences. */
function thirdParty(inputs) {
  const used = new Set([ICONS]);
  for (const input of Object.keys(inputs)) {
    const found = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input);
    if (found) used.add(found[1]);
  }
  return [...used].sort().map((name) => {
    const { version, license: called } = readJson(MODULES, name, "package.json");
    const license = ALSO_CALLED[called] ?? called;
    const text = licenceOf(name, license);
    if (!PERMISSIVE.has(license) || !text) {
      throw new Error(`${name} ${version} (${license}) has no licence that lets us pass it on`);
    }
    return { name, version, license, text };
  });
}

function licenceOf(name, license) {
  const folder = path.join(MODULES, name);
  const file = fs.readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file) return fs.readFileSync(path.join(folder, file), "utf8");
  // The icons come without the text, but say whose they are and that it is this one.
  if (name === ICONS && license === "MIT") return mit(readJson(folder, "info.json").author.name);
  return "";
}

const mit = (author) => `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** Write twins that are sent as they are to browsers that take them; return sizes in words. */
function compress() {
  const lines = [];
  for (const name of fs.readdirSync(OUT).sort()) {
    if (!COMPRESSED.has(path.extname(name))) continue;
    const file = path.join(OUT, name);
    const plain = fs.readFileSync(file);
    const twins = { br: zlib.brotliCompressSync(plain), gz: zlib.gzipSync(plain, { level: 9 }) };
    for (const [kind, twin] of Object.entries(twins)) fs.writeFileSync(`${file}.${kind}`, twin);
    lines.push(`${name}: ${plain.length} bytes, ${twins.gz.length} gz, ${twins.br.length} br`);
  }
  return lines;
}

async function build() {
  fs.rmSync(OUT, { recursive: true, force: true });
  fs.mkdirSync(OUT, { recursive: true });
  const { metafile } = await bundle();
  writeJson("icons.json", icons());
  writeJson("THIRD-PARTY.json", thirdParty(metafile.inputs));
  for (const line of compress()) console.error(`    ${line}`);
  const fonts = fs.readdirSync(OUT).filter((name) => PRELOADED.test(name));
  writeJson("manifest.json", { inputs: given.inputs, files: named(metafile.outputs), fonts });
}

try {
  await build();
} catch (error) {
  // What esbuild found it has printed, with the line in the source.
  if (!error.errors) console.error(error.message);
  process.exitCode = 1;
}
