import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atTheEnd, simulatorFor } from "../support/caruna.js";
import { createDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, watch } from "../support/program.js";

const ROOT = resolve(import.meta.dirname, "../..");
const MODULES = join(ROOT, "node_modules");
/** All that the library needs of the program's dependencies. */
const NEEDED = [
  "axios",
  "axios-cookiejar-support",
  "csv-stringify",
  "http-cookie-agent",
  "node-html-parser",
  "parse5",
  "temporal-polyfill",
  "tough-cookie",
  "zod",
];

const run = promisify(execFile);
let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caruna-integration-package-"));
  // Without the scripts, which would build anew under the feet of the other tests.
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An empty project in which the package is installed as npm would, with these modules beside it; nothing is downloaded. */
async function projectWith(modules: readonly string[]): Promise<string> {
  const project = mkdtempSync(join(folder, "project-"));
  const installed = join(project, "node_modules/caruna-integration");
  mkdirSync(installed, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components", "1"]);
  for (const name of modules) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(MODULES, name), link);
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module", private: true }));
  return project;
}

describe("the packed package", () => {
  test("holds the built program, the SQL, the defaults and its papers, and nothing else", async () => {
    const { stdout } = await run("tar", ["-tzf", tarball]);
    const files = stdout
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, ""));
    const outsideOfDist = files.filter((path) => !path.startsWith("dist/"));
    const numbered = outsideOfDist.filter((path) => path.startsWith("sql/"));
    expect([...numbered].sort()).toEqual(
      readdirSync(join(ROOT, "sql"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".sql"))
        .map((name) => `sql/${name}`)
        .sort(),
    );
    expect(outsideOfDist.filter((path) => !numbered.includes(path)).sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "config/config.ini",
      "package.json",
    ]);
    expect(files).toEqual(expect.arrayContaining(["dist/main.js", "dist/index.js", "dist/index.d.ts"]));
    expect(files.filter((path) => /\.(?:map|tsbuildinfo|test\.\w+|tgz|log)$|\.env|(?:^|\/)test\//.test(path))).toEqual(
      [],
    );
  });

  test("satisfies publint", async () => {
    const buffer = readFileSync(tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    expect(pkg).toMatchObject({ name: "caruna-integration" });
  });

  test("has types that every ES module resolution finds", async () => {
    const entry = join(MODULES, "@arethetypeswrong/cli/dist/index.js");
    const { stdout } = await run(process.execPath, [entry, tarball, "--profile", "esm-only", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      analysis: { packageName: "caruna-integration", types: { kind: "included" } },
    });
  });
});

describe("the installed package", () => {
  test("is imported where the program's other dependencies are missing: no database, no server, no prompts", async () => {
    const project = await projectWith(NEEDED);
    const program = 'import { CarunaClient } from "caruna-integration"; console.log(typeof CarunaClient);';
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: project });
    expect([stdout, stderr]).toEqual(["function\n", ""]);
  });

  test.each(["nodenext", "bundler"])(
    "has its types checked in a strict TypeScript project: %s",
    async (moduleResolution) => {
      const project = await projectWith([...NEEDED, "@types/node"]);
      cpSync(join(ROOT, "examples"), join(project, "examples"), { recursive: true });
      writeFileSync(join(project, "consumer.ts"), CONSUMER);
      const compilerOptions = {
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
        ...{ noEmit: true, target: "es2022", types: ["node"], allowJs: true, checkJs: true, maxNodeModuleJsDepth: 0 },
        ...{ moduleResolution, module: moduleResolution === "bundler" ? "esnext" : moduleResolution },
      };
      const files = ["consumer.ts", ...readdirSync(join(ROOT, "examples")).map((name) => `examples/${name}`)];
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      const compiler = await watch(spawn(process.execPath, [join(MODULES, "typescript/bin/tsc")], { cwd: project }))
        .ended;
      expect([compiler.stdout, compiler.stderr]).toEqual(["", ""]);
      expect(compiler.exitCode).toBe(0);
    },
  );

  test("runs as a program: its SQL and its defaults are there", async () => {
    const project = await projectWith([]);
    for (const name of readdirSync(MODULES)) {
      if (!name.startsWith(".") && name !== "caruna-integration")
        symlinkSync(join(MODULES, name), join(project, "node_modules", name));
    }
    const simulator = await simulatorFor({ publishHour: 0 });
    const database = await createDatabase();
    atTheEnd(() => database.drop());
    const env = {
      PATH: process.env.PATH ?? "",
      HOME: project,
      ...accountSettings(simulator),
      ...databaseSettings(database),
    };
    const entry = join(project, "node_modules/caruna-integration/dist/main.js");
    const ended = await watch(spawn(process.execPath, [entry, "start", "--once"], { cwd: project, env })).ended;
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stderr).toContain("168");
  });
});

/** What a careful program would write; the two lines that must not compile are told to the compiler as such. */
const CONSUMER = `
import {
  type CarunaClientOptions, CarunaClient, CredentialsRejected, hoursOf, type Logger, localDay, LoginPaused, type MeteredHour,
  type SessionStore,
} from "caruna-integration";

const sessionStore: SessionStore = { load: async () => undefined, save: async () => {}, clear: async () => {} };
const logger: Logger = console;
const options: CarunaClientOptions = { username: "a@example.com", password: "b", sessionStore, logger, baseUrl: undefined };
const client = new CarunaClient(options);
const signal = AbortSignal.timeout(1000);

export async function hours(): Promise<MeteredHour[]> {
  const collected: MeteredHour[] = [];
  try {
    const { customers } = await client.profile({ signal });
    const [customer] = customers;
    const contracts = customer === undefined ? [] : await client.contracts({ customer: customer.id, signal });
    const [meteringPoint] = await client.meteringPoints({ signal });
    if (meteringPoint === undefined || contracts.length === 0) return [];
    const to = localDay(Date.now()).subtract({ days: 1 });
    const rows = client.energy({ meteringPoint, from: "2026-01-01", to, resolution: "hour", signal });
    for await (const hour of hoursOf(rows)) collected.push(hour);
  } catch (error) {
    if (error instanceof LoginPaused) console.log(error.pause.nextPostEpochMs?.toFixed());
    if (!(error instanceof CredentialsRejected)) throw error;
  }
  const kwh: number | undefined = collected[0]?.kwhTotal;
  console.log(kwh);
  return collected;
}

const meteringPoint = { customerId: "1", assetId: "2" };
// @ts-expect-error: there is no such resolution
client.energy({ meteringPoint, from: "2026-01-01", to: "2026-01-02", resolution: "week" });
// @ts-expect-error: a bare signal would not be heeded
await client.meteringPoints(signal);
`;
