import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ENTRY, type Ended, watch } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

// Run as root: only root may make a control group.

const MEBIBYTE = 1024 * 1024;
const LIMIT_BYTES = 192 * MEBIBYTE;
const YEARS = Number(process.env.MEMORY_YEARS ?? 2);

const [startDate = ""] = lastDates(Date.now(), Math.round(YEARS * 365.25));
const world = newWorlds({ meters: [{ startDate }, { startDate }, { startDate }] });

const ROOT = "/sys/fs/cgroup";
/** The second version has all controllers in one tree. */
const isSecond = existsSync(join(ROOT, "cgroup.controllers"));
let group: string;

/** A control group of the system's, whose processes get no more memory than that, and no swap. */
beforeEach(() => {
  group = join(ROOT, isSecond ? "" : "memory", `caruna-integration-test-${process.pid}`);
  if (isSecond) writeFileSync(join(ROOT, "cgroup.subtree_control"), "+memory");
  mkdirSync(group);
  const limits = isSecond
    ? { "memory.max": LIMIT_BYTES, "memory.swap.max": 0 }
    : { "memory.limit_in_bytes": LIMIT_BYTES, "memory.memsw.limit_in_bytes": LIMIT_BYTES };
  for (const [name, bytes] of Object.entries(limits)) {
    const file = join(group, name);
    // A system without swap has no limit of it.
    if (existsSync(file)) writeFileSync(file, String(bytes));
  }
});
afterEach(() => rmdirSync(group));

/** Runs Node.js within the group from its first instruction on. */
async function runLimited(parameters: readonly string[], settings: Record<string, string> = {}): Promise<Ended> {
  const enter = 'echo $$ > "$0" && exec "$@"';
  const child = spawn("sh", ["-c", enter, join(group, "cgroup.procs"), process.execPath, ...parameters], {
    cwd: world.folder,
    env: { PATH: process.env.PATH ?? "", HOME: world.folder, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return await watch(child).ended;
}

/** The most that was charged to the group, its share of the files that it read included; undefined on older systems. */
function peakMebibytes(): number | undefined {
  const file = join(group, isSecond ? "memory.peak" : "memory.max_usage_in_bytes");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) / MEBIBYTE : undefined;
}

test("the limit is one: a program that wants more is killed", async () => {
  const greedy = `Buffer.alloc(${2 * LIMIT_BYTES}, "x")`;
  expect(await runLimited(["-e", greedy])).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test(`${YEARS} years of three metering points are loaded where the system gives the program 192 MB`, async () => {
  const settings = { ...world.settings, BACKFILL: "all" };
  const { exitCode, signal, stderr } = await runLimited([ENTRY, "backfill"], settings);
  expect([exitCode, signal, exitCode === 0 ? "" : stderr]).toEqual([0, null, ""]);
  const stored = await meteredRows(world.database);
  expect(stored.length).toBeGreaterThan(YEARS * 365 * 24 * 3 - 100);
  expect(differences(stored, publishedRows(world.simulator, Date.now()))).toEqual([]);
  process.stdout.write(`${JSON.stringify({ years: YEARS, hours: stored.length, peakMebibytes: peakMebibytes() })}\n`);
}, 7_200_000);
