import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { ENTRY, watch } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const YEARS = Number(process.env.MEMORY_YEARS ?? 10);
const MOST_KB = 192 * 1024;

const [startDate = ""] = lastDates(Date.now(), Math.round(YEARS * 365.25));
const world = newWorlds({ meters: [{ startDate }, { startDate }, { startDate }] });

/** The most memory that a running process has had, kB; undefined where it is gone. */
function peakOf(processId: number | undefined): number | undefined {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

test(`${YEARS} years of three metering points are loaded in less than 192 MB`, async () => {
  const child = spawn(process.execPath, [ENTRY, "backfill"], {
    cwd: world.folder,
    env: { PATH: process.env.PATH ?? "", HOME: world.folder, ...world.settings, BACKFILL: "all" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = watch(child);
  let isOver = false;
  let peakKb = 0;
  const ended = program.ended.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    peakKb = Math.max(peakKb, peakOf(child.pid) || 0);
    await Promise.race([delay(200), ended]);
  }
  const { exitCode, stderr } = await ended;
  const [row] = await world.database.query("SELECT count(*)::int AS hours FROM metering_point_hourly");
  process.stdout.write(`${JSON.stringify({ years: YEARS, peakKb, hours: row?.hours })}\n`);
  expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
  expect(Number(row?.hours)).toBeGreaterThan(YEARS * 365 * 24 * 3 - 100);
  expect(peakKb).toBeLessThan(MOST_KB);
}, 7_200_000);
