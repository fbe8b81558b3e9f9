import { expect, test } from "vitest";
import { at } from "../sync/engine-world.js";
import { liveThroughAYear } from "../sync/simulated-year.js";

const SEED = Number(process.env.YEAR_SEED ?? Date.now() % 1_000_000);
const KILLS = 200;

test(`a year of hourly cycles with ${KILLS} kills ends with every published hour in every table (YEAR_SEED=${SEED})`, async () => {
  const year = await liveThroughAYear({
    seed: SEED,
    startEpochMs: at("2026-01-12T10:00"),
    days: 365,
    meters: [
      { startDate: "2023-11-05" },
      { product: "general", startDate: "2025-12-20" },
      { product: "seasonal", solarKwp: 4, startDate: "2026-05-03" },
      { customerNumber: "60987654", represented: true, startDate: "2025-06-01" },
    ],
    kills: KILLS,
    databaseAbsences: 10,
    stepHours: [1, 1],
  });
  expect(year.differences).toEqual([]);
  expect(year.unexplained).toEqual([]);
  expect(year.kills).toBe(KILLS);
}, 3_600_000);
