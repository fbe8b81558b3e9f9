import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const PACKAGE: { engines: { node: string } } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const NEEDED = PACKAGE.engines.node.replace(">=", "");

let folder: string;
/** A small clone: the launcher, and a program and a compiler that say that they ran. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caruna-integration-start-"));
  chmodSync(folder, 0o755);
  cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  for (const name of [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "tsconfig.page.json",
  ])
    cpSync(join(ROOT, name), join(folder, name));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src/main.ts"), "");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/commander"), join(folder, "node_modules/commander"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function bringCompiler(): void {
  const compiler = join(folder, "node_modules/typescript/bin");
  mkdirSync(compiler, { recursive: true });
  writeFileSync(
    join(compiler, "tsc"),
    `const fs = require("fs"); console.log("compiled", process.argv.at(-1)); fs.mkdirSync("dist", { recursive: true });
     fs.writeFileSync("dist/.tsbuildinfo", ""); fs.writeFileSync("dist/main.js", 'console.log("ran", ...process.argv.slice(2))');`,
  );
}

function bringBuild(): void {
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/main.js"), 'console.log("ran", ...process.argv.slice(2))');
  writeFileSync(join(folder, "dist/.tsbuildinfo"), "");
}

/** The ways in which people have set up npm. */
const SETTINGS: readonly Record<string, string>[] = [
  {},
  { NODE_ENV: "production" },
  { npm_config_ignore_scripts: "true", npm_config_omit: "dev" },
];

async function npm(words: readonly string[], settings: Record<string, string> = {}) {
  return await new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    const env = { PATH: process.env.PATH, HOME: folder, npm_config_update_notifier: "false", ...settings };
    execFile("npm", ["--silent", ...words], { cwd: folder, env }, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test.each(SETTINGS)("what is built is run, without a compiler: %o", async (settings) => {
  bringBuild();
  expect(await npm(["start", "--", "--once"], settings)).toEqual({ code: 0, stdout: "ran start --once\n", stderr: "" });
});

test.each(SETTINGS)(
  "what is not built, without a compiler, says the one command that brings it: %o",
  async (settings) => {
    const { code, stdout, stderr } = await npm(["start"], settings);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      `caruna-integration is not built yet. In ${folder} run: npm ci --include=dev && npm run build\n`,
    );
  },
);

test("what is not built, or has changed since, is built first, and only then; the result alone is printed", async () => {
  bringCompiler();
  const built = {
    code: 0,
    stdout: "ran start\n",
    stderr: "compiled tsconfig.build.json\ncompiled tsconfig.page.json\n",
  };
  expect(await npm(["start"], { npm_config_ignore_scripts: "true" })).toEqual(built);
  expect(await npm(["run", "demo"])).toEqual({ code: 0, stdout: "ran demo\n", stderr: "" });
  const later = new Date(Date.now() + 5_000);
  utimesSync(join(folder, "src/main.ts"), later, later);
  expect(await npm(["start"])).toEqual(built);
});

test("from a folder that the user may not write what is built is run, and what is not says who can build it", async () => {
  bringCompiler();
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const start = () =>
    new Promise((done) =>
      execFile(process.execPath, [join(folder, "bin/start.cjs"), "start"], nobody, (error, stdout, stderr) =>
        done([error?.code ?? 0, stdout, stderr]),
      ),
    );
  chmodSync(folder, 0o555);
  const command = `In ${folder}, as its owner, run: npm ci --include=dev && npm run build`;
  expect(await start()).toEqual([
    1,
    "",
    `caruna-integration is not built yet, and you may not write its folder. ${command}\n`,
  ]);
  chmodSync(folder, 0o755);
  bringBuild();
  chmodSync(join(folder, "dist"), 0o555);
  const later = new Date(Date.now() + 5_000);
  utimesSync(join(folder, "src/main.ts"), later, later);
  expect(await start()).toEqual([0, "ran start\n", ""]);
});

test("an old Node.js gives one line with both versions, from npm start and from the program itself", async () => {
  bringBuild();
  const old = join(folder, "old.cjs");
  writeFileSync(
    old,
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } });',
  );
  const run = (file: string) =>
    new Promise((done) =>
      execFile(process.execPath, ["-r", old, file, "start"], (error, stdout, stderr) =>
        done([error?.code, stdout, stderr]),
      ),
    );
  for (const file of [join(folder, "bin/start.cjs"), join(ROOT, "dist/main.js")]) {
    const line = new RegExp(
      `^caruna-integration needs Node\\.js ${NEEDED} or newer, and this is Node\\.js 18\\.20\\.4 .*\\n$`,
    );
    expect(await run(file)).toEqual([1, "", expect.stringMatching(line)]);
  }
});

test("modules that are missing are said with the command that brings them", async () => {
  bringBuild();
  rmSync(join(folder, "node_modules"), { recursive: true });
  expect(await npm(["start"])).toEqual({
    code: 1,
    stdout: "",
    stderr: `The modules that caruna-integration needs are not installed. In ${folder} run: npm ci\n`,
  });
});
