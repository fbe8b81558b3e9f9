import fc from "fast-check";
import { expect, test } from "vitest";
import { runInWorld, SMALL_BY_DAY, SMALL_BY_HOUR, worldPlans } from "./random-world.js";

const SEED = Number(process.env.WORLD_SEED ?? 20261128);

test.each([
  ["daemon", SMALL_BY_HOUR],
  ["hourly cron", SMALL_BY_HOUR],
  ["daily cron", SMALL_BY_DAY],
] as const)(
  `whatever Caruna+ shows, late or corrected, is stored in the end: %s (WORLD_SEED=${SEED})`,
  async (runner, size) => {
    await fc.assert(
      fc.asyncProperty(worldPlans(runner, size), async (plan) => {
        expect(await runInWorld(plan)).toEqual([]);
      }),
      { seed: SEED, numRuns: 1, endOnFailure: true },
    );
  },
  300_000,
);
