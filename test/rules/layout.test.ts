import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, test } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../../src");

/** What a room may import: "all of it", or its types alone. An arrow runs one way only, downwards in this list. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, "all" | "types">>>> = {
  "main.ts": { cli: "all" },
  "index.ts": { caruna: "all", energy: "all" },
  cli: {
    app: "all",
    simulator: "all",
    config: "types",
    sync: "types",
    database: "types",
    energy: "types",
    caruna: "types",
  },
  app: {
    daemon: "all",
    web: "all",
    outputs: "all",
    sync: "all",
    database: "all",
    energy: "all",
    caruna: "all",
    config: "all",
  },
  daemon: {},
  web: { database: "all", energy: "all" },
  outputs: { database: "all", energy: "all" },
  sync: { caruna: "all", energy: "all", database: "all" },
  database: { energy: "types" },
  energy: { caruna: "types" },
  caruna: {},
  config: {},
  simulator: { energy: "all" },
};
/** What has no home above, and every room may use. */
const EVERYWHERE = ["shared"];

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Path inside the other room. */
  readonly target: string;
  readonly typesOnly: boolean;
}

/** The first step of a path inside src: a room, or a file beside them. */
function roomOf(path: string): string {
  return relative(SOURCE, path).split(sep)[0] ?? "";
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const statements = [...text.matchAll(/^(import|export)\s+(type\s+)?([^;"']*?)\s*(?:from\s+)?"(\.[^"]+)";/gms)];
  const dynamic = [...text.matchAll(/\bimport\(\s*"(\.[^"]+)"\s*\)/g)].map(([, path = ""]) => ({
    path,
    typesOnly: false,
  }));
  const written = statements.map(([, , type, names = "", path = ""]) => {
    const named = /^\{(.*)\}$/s.exec(names.trim())?.[1]?.split(",") ?? [""];
    const typesOnly =
      type !== undefined || named.filter((name) => name.trim()).every((name) => /^\s*type\s/.test(name));
    return { path, typesOnly: names.trim() === "" && type === undefined ? false : typesOnly };
  });
  return [...written, ...dynamic].map(({ path, typesOnly }) => {
    const target = resolve(dirname(file), path.replace(/\.js$/, ".ts"));
    return {
      file: relative(SOURCE, file),
      from: roomOf(file),
      to: roomOf(target),
      target: relative(SOURCE, target),
      typesOnly,
    };
  });
}

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(SOURCE, name));
const imports = files.flatMap(importsOf);
const acrossRooms = imports.filter(({ from, to }) => from !== to && !EVERYWHERE.includes(to));

describe("the layout of the source", () => {
  test("has a rule for every room", () => {
    const rooms = new Set(files.map(roomOf).filter((room) => !EVERYWHERE.includes(room)));
    expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([]);
  });

  test("lets a room import only what lies below it", () => {
    const wrong = acrossRooms.filter(({ from, to, typesOnly }) => {
      const allowed = ROOMS[from]?.[to];
      return allowed === undefined || (allowed === "types" && !typesOnly);
    });
    expect(wrong.map(({ file, target, typesOnly }) => `${file} → ${target}${typesOnly ? " (types)" : ""}`)).toEqual([]);
  });

  test("lets a room be entered by its door alone", () => {
    const wrong = acrossRooms.filter(({ to, target }) => target !== join(to, "index.ts"));
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  test("makes no signal that Node.js holds on to for years", () => {
    const wrong = files.filter((file) => readFileSync(file, "utf8").includes("AbortSignal.any("));
    expect(wrong.map((file) => relative(SOURCE, file))).toEqual([]);
  });

  test("was read: a room without imports would hide a broken check", () => {
    expect(acrossRooms.length).toBeGreaterThan(15);
  });
});
