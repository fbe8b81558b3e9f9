import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigurationError, prepareStateDirectory } from "../../src/config/index.js";

const HOUR_SECONDS = 3600;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "caruna-state-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function fileOfAge(name: string, hours: number): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, "{}");
  const seconds = Date.now() / 1000 - hours * HOUR_SECONDS;
  await utimes(path, seconds, seconds);
}

test("a draft that a killed program left is removed, one in the making and all else stays", async () => {
  await fileOfAge(".0f8fad5b-d9cb-469f-a165-70867728950e.draft", 2);
  await fileOfAge(".7c9e6679-7425-40de-944b-e07fc1f90ae7.draft", 0);
  await fileOfAge("session.json", 2);
  await fileOfAge(".mine.draft", 2);
  prepareStateDirectory(folder);
  expect((await readdir(folder)).sort()).toEqual([
    ".7c9e6679-7425-40de-944b-e07fc1f90ae7.draft",
    ".mine.draft",
    "session.json",
  ]);
});

test.each([
  ["a line break", "first\nsecond", /first\\nsecond" has a line break in it\. .*\nChoose another folder/],
  ["a name that is too long", "x".repeat(300), /cannot be written.*\(ENAMETOOLONG\)\. .*\nName another folder/],
  ["a file on its way", "/dev/null/state", /\(ENOTDIR\)\. .*\nName another folder/],
  ["a file system that makes no folders", "/proc/state", /\((?:ENOENT|EACCES|EPERM|EROFS)\)/],
])("%s is refused in words that name the setting", (_, name, words) => {
  const prepare = () => prepareStateDirectory(resolve(folder, name));
  expect(prepare).toThrow(ConfigurationError);
  expect(prepare).toThrow(/^STATE_DIR: the (?:name of the )?state directory /);
  expect(prepare).toThrow(words);
});
