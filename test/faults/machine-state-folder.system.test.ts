import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENTRY, type Ended, watch } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";
import { tableDifferences } from "./kills.js";

// Run as root: only root may mount a small file system, and become somebody else.

const NOBODY = "65534";
const [startDate = ""] = lastDates(Date.now(), 2);
const world = newWorlds({ meters: [{ startDate }] });

/** One cycle as a user who is not root, with that state folder. */
async function onceAsNobody(stateDir: string): Promise<Ended> {
  const settings = { ...world.settings, BACKFILL: "none", DAYS_TO_LOAD: "7", STATE_DIR: stateDir };
  const child = spawn(
    "setpriv",
    ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", process.execPath, ENTRY, "start", "--once"],
    {
      cwd: world.folder,
      env: { PATH: process.env.PATH ?? "", HOME: world.folder, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return await watch(child).ended;
}

function stateFolder(mode: number): string {
  const folder = join(world.folder, "state");
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}

test.each([
  ["read-only", 0o555],
  ["of somebody else", 0o700],
])("a state folder that is %s is told in plain words, with what to do", async (_, mode) => {
  const folder = stateFolder(mode);
  const ended = await onceAsNobody(folder);
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain(`the state directory ${folder} cannot be written`);
  expect(ended.stderr).toContain(`chown -R ${NOBODY} ${folder}`);
  expect(ended.stderr).not.toContain("node:");
  expect(world.simulator.requests).toEqual([]);
});

test("a state folder that is full: the hours are stored all the same, and no draft is left", async () => {
  const folder = stateFolder(0o777);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k,mode=777", "tmpfs", folder]);
  try {
    expect(() => writeFileSync(join(folder, "filler"), Buffer.alloc(65_536))).toThrow("ENOSPC");
    const ended = await onceAsNobody(folder);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("the session cannot be kept; the next start logs in again");
    expect(ended.stderr).toContain("no space left on device");
    expect(await tableDifferences(world.simulator, world.database)).toEqual([]);
    expect(readdirSync(folder)).toEqual(["filler"]);
  } finally {
    execFileSync("umount", [folder]);
  }
});
