import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { style } from "./page/style.js";

/** A file as it is served. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";
const STYLES = "text/css; charset=utf-8";

/** The browser's modules are compiled beside this file; tests run this file itself, and the compiled ones lie in `dist`. */
const BROWSER = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/web/page/browser/" : "./page/browser/",
  import.meta.url,
);

/** Everything below `/assets/`, by name, read once: no path of a request ever reaches the file system. */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const uPlot = pathToFileURL(createRequire(import.meta.url).resolve("uplot"));
  const assets = new Map<string, Asset>([
    ["page.css", { type: STYLES, body: style }],
    ["uPlot.js", { type: JAVASCRIPT, body: await readFile(new URL("uPlot.esm.js", uPlot), "utf8") }],
    ["uPlot.css", { type: STYLES, body: await readFile(new URL("uPlot.min.css", uPlot), "utf8") }],
  ]);
  for (const name of await readdir(BROWSER)) {
    if (name.endsWith(".js"))
      assets.set(name, { type: JAVASCRIPT, body: await readFile(new URL(name, BROWSER), "utf8") });
  }
  return assets;
}
