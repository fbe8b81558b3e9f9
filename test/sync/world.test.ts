import fc from "fast-check";
import { expect, test } from "vitest";
import { type Runner, runInWorld, worldPlans } from "./random-world.js";

const SEED = Number(process.env.WORLD_SEED ?? 20261128);
const RUNNERS: readonly Runner[] = ["daemon", "hourly cron", "daily cron"];

test.each(RUNNERS)(
  `whatever Caruna+ shows, late or corrected, is stored in the end: %s (WORLD_SEED=${SEED})`,
  async (runner) => {
    await fc.assert(
      fc.asyncProperty(worldPlans(runner, 25), async (plan) => {
        expect(await runInWorld(plan)).toEqual([]);
      }),
      { seed: SEED, numRuns: 1, endOnFailure: true },
    );
  },
  300_000,
);
