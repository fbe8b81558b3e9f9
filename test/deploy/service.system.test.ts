import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const unit = readFileSync(join(ROOT, "docs/caruna-integration.service"), "utf8");

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caruna-unit-"));
  file = join(folder, "caruna-integration.service");
  // Node.js may be elsewhere on this machine, and the program is here.
  writeFileSync(file, unit.replaceAll("/usr/bin/node", process.execPath).replaceAll("/opt/caruna-integration", ROOT));
});
afterEach(() => rmSync(folder, { recursive: true }));

function analyze(...words: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync("systemd-analyze", [...words, file], { encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, stderr };
}

test("systemd takes the unit, without a word", () => {
  // What it says of units of this machine is not ours.
  const { status, stderr } = analyze("verify", "--recursive-errors=no");
  expect(stderr).not.toContain("caruna-integration.service");
  expect(status).toBe(0);
});

test("the service is exposed to little: 2.0 of 10 at the most", () => {
  const { status, stdout } = analyze("security", "--offline=yes", "--threshold=20", "--no-pager");
  expect(stdout).toContain("Overall exposure level");
  expect(status).toBe(0);
});

test("Node.js may make machine code", () => {
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
});
