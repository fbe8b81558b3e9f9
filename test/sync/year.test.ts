import { expect, test } from "vitest";
import { at } from "./engine-world.js";
import { liveThroughAYear } from "./simulated-year.js";

const SEED = Number(process.env.YEAR_SEED ?? 20261122);
const KILLS = 6;

/**
 * Caruna+ away for three weeks, hours late by up to five days, 2 % of them revised within two months, a clock change,
 * a program that is killed, and a database that is away. (The soak lives through a whole year.)
 */
test(`nine weeks under faults ends with every published hour in every table (YEAR_SEED=${SEED})`, async () => {
  const year = await liveThroughAYear({
    seed: SEED,
    startEpochMs: at("2026-09-24T10:00"),
    days: 63,
    meters: [{ startDate: "2026-09-12" }, { product: "seasonal", solarKwp: 4, startDate: "2026-10-20" }],
    kills: KILLS,
    databaseAbsences: 3,
    stepHours: [12, 28],
  });
  expect(year.differences).toEqual([]);
  expect(year.unexplained).toEqual([]);
  // Without the faults the year would prove nothing.
  expect(year.kills).toBe(KILLS);
  expect(year.revised).toBeGreaterThan(15);
  expect(year.late).toBeGreaterThan(30);
  expect(Object.keys(year.failures)).toEqual(expect.arrayContaining(["CarunaUnreachable", "DatabaseFailed", "Killed"]));
}, 300_000);
