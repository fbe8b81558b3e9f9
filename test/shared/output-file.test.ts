import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OutputFile, writableOutputFile, writeKeptFile, writeOutputFile } from "../../src/shared/output-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caruna-integration-output-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const { signal } = new AbortController();

async function* pieces(...texts: string[]): AsyncGenerator<string, void, undefined> {
  yield* texts;
}

async function* failing(): AsyncGenerator<string, void, undefined> {
  yield "half";
  throw new Error("the database is gone");
}

async function write(name: string, texts = pieces("one ", "two"), until = signal): Promise<OutputFile> {
  const output = await writableOutputFile(at(name), true);
  if (output.kind === "stdout") throw new Error("not meant");
  await writeOutputFile(output, texts, until);
  return output;
}

test.each([
  ["that is there", "there", "there"],
  ["through links, one of them relative, that lead to one that is not there yet", "far", "new"],
])("a link to a file %s is followed and stays", async (_, first, target) => {
  writeFileSync(at("there"), "before");
  mkdirSync(at("sub"));
  symlinkSync(target === "new" ? at("sub/next") : at("there"), at("far"));
  symlinkSync("../new", at("sub/next"));
  await write(first === "there" ? "far" : first);
  expect(lstatSync(at("far")).isSymbolicLink()).toBe(true);
  expect(readFileSync(at(target), "utf8")).toBe("one two");
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a file that is replaced keeps its mode, and stays as it was where the pieces fail", async () => {
  writeFileSync(at("hours.csv"), "before");
  chmodSync(at("hours.csv"), 0o640);
  await expect(write("hours.csv", failing())).rejects.toThrow("the database is gone");
  expect(readFileSync(at("hours.csv"), "utf8")).toBe("before");
  await write("hours.csv");
  expect(readFileSync(at("hours.csv"), "utf8")).toBe("one two");
  expect(statSync(at("hours.csv")).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toEqual(["hours.csv"]);
});

test("a pipe waits for its reader, gets everything, and is still a pipe", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("pipe", at("link"));
  const written = write("link", pieces("x".repeat(300_000), "end"));
  const reader = await open(at("pipe"), "r");
  const text = await reader.readFile("utf8");
  await reader.close();
  await written;
  expect([text.length, text.slice(-3)]).toEqual([300_003, "end"]);
  expect(lstatSync(at("pipe")).isFIFO()).toBe(true);
});

test("a pipe that nobody reads is given up when a signal comes; for a kept file it is an error at once", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  const controller = new AbortController();
  const written = write("pipe", pieces("x"), controller.signal);
  controller.abort(new Error("ended by a signal"));
  await expect(written).rejects.toThrow("ended by a signal");
  await expect(writeKeptFile(at("pipe"), "x")).rejects.toThrow("ENXIO");
});

test("a reader that goes ends it quietly", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  async function* endless() {
    for (;;) yield "x".repeat(65_536);
  }
  const written = write("pipe", endless());
  const reader = await open(at("pipe"), "r");
  await reader.read(Buffer.alloc(10));
  await reader.close();
  await written;
});

test("a device behind a link is written to and stays, and a full one is one line", async () => {
  symlinkSync("/dev/null", at("null"));
  symlinkSync("/dev/full", at("full"));
  expect(await write("null")).toMatchObject({ kind: "device" });
  await writeKeptFile(at("null"), "x");
  await expect(write("full")).rejects.toThrow(/cannot be written: the disk is full\. [^\n]*$/);
  expect([lstatSync(at("null")).isSymbolicLink(), statSync("/dev/null").isCharacterDevice()]).toEqual([true, true]);
});

test("nothing else is ever replaced: a folder, a socket, a circle of links, a name below a file", async () => {
  mkdirSync(at("folder"));
  const server = createServer().listen(at("socket"));
  symlinkSync("round", at("about"));
  symlinkSync("about", at("round"));
  writeFileSync(at("file"), "");
  for (const [name, reason] of [
    ["folder", "no regular file"],
    ["socket", "no regular file"],
    ["about", "its links lead in a circle"],
    ["file/below", "a part of its path is no folder"],
    ["x".repeat(300), "the name is too long"],
    ["missing/hours.csv", "does not exist"],
  ] as const) {
    await expect(writableOutputFile(at(name), true)).rejects.toMatchObject({
      name: "FileRefused",
      message: expect.stringContaining(reason),
    });
  }
  server.close();
});

test("- and whatever is this process' standard output are that", async () => {
  expect(await writableOutputFile("-", false)).toEqual({ kind: "stdout" });
  expect(await writableOutputFile("/dev/stdout", false)).toEqual({ kind: "stdout" });
});

test("a kept file is private and whole, behind a link too", async () => {
  writeFileSync(at("there"), "before", { mode: 0o644 });
  symlinkSync("there", at("health.json"));
  // Whoever has it open reads the old one to its end.
  linkSync(at("there"), at("old"));
  openSync(at("old"), "r");
  await writeKeptFile(at("health.json"), "after");
  expect([readFileSync(at("there"), "utf8"), readFileSync(at("old"), "utf8")]).toEqual(["after", "before"]);
  expect(statSync(at("there")).mode & 0o777).toBe(0o600);
});
