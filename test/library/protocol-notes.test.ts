import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { PAGE_KINDS } from "../../src/caruna/login/login-pages.js";
import { isVariantName } from "../../src/simulator/index.js";

const ROOT = resolve(import.meta.dirname, "../..");
const notes = readFileSync(join(ROOT, "docs/protocol.md"), "utf8");
const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);
const source = files.map((name) => readFileSync(join(ROOT, "src", name), "utf8")).join("\n");
const inBackquotes = [...notes.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);

test("the protocol notes name functions and files that there are", () => {
  const names = inBackquotes.filter((text) => /^#?[a-z]+[A-Z]\w*$/.test(text));
  const named = inBackquotes.filter((text) => /^[\w/-]+\.ts$/.test(text));
  expect([names.length > 15, named.length > 5]).toEqual([true, true]);
  expect(names.filter((name) => !source.includes(name))).toEqual([]);
  const isThere = (name: string) =>
    [...files.map((file) => `src/${file}`), "test/caruna/secrets.test.ts"].some((file) =>
      `/${file}`.endsWith(`/${name}`),
    );
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

test("the protocol notes name kinds of page and variants that there are", () => {
  const kinds = [...notes.matchAll(/kinds? ("[^|]+")/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, kind = ""]) => kind),
  );
  expect(kinds.length).toBeGreaterThan(5);
  expect(kinds.filter((kind) => !PAGE_KINDS.some(({ name }) => name === kind))).toEqual([]);
  const variants = [...notes.matchAll(/^\| (\d{4}-\d\d) \|/gm)].map(([, name = ""]) => name);
  expect(variants).toHaveLength(4);
  expect(variants.filter((name) => !isVariantName(name))).toEqual([]);
});
