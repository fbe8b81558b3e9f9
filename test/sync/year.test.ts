import { expect, test } from "vitest";
import { at } from "./engine-world.js";
import { liveThroughAYear } from "./simulated-year.js";

const SEED = Number(process.env.YEAR_SEED ?? 20261122);
const KILLS = 20;

/**
 * Caruna+ away for three weeks, hours late by up to five days, 2 % of them revised within two months, two clock changes,
 * a program killed twenty times, and a database away ten times.
 */
test(`a year under faults ends with every published hour in every table (YEAR_SEED=${SEED})`, async () => {
  const year = await liveThroughAYear({
    seed: SEED,
    startEpochMs: at("2026-01-12T10:00"),
    meters: [{ startDate: "2025-12-20" }, { product: "seasonal", solarKwp: 4, startDate: "2026-09-20" }],
    kills: KILLS,
    databaseAbsences: 10,
    stepHours: [12, 28],
  });
  expect(year.differences).toEqual([]);
  expect(year.unexplained).toEqual([]);
  // Without the faults the year would prove nothing.
  expect(year.kills).toBe(KILLS);
  expect(year.revised).toBeGreaterThan(150);
  expect(year.late).toBeGreaterThan(300);
  expect(Object.keys(year.failures)).toEqual(expect.arrayContaining(["CarunaUnreachable", "DatabaseFailed", "Killed"]));
}, 900_000);
