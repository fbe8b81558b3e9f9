import fc from "fast-check";
import { expect, test } from "vitest";
import { LARGE, type Runner, runInWorld, worldPlans } from "../sync/random-world.js";

const SEED = Number(process.env.WORLD_SEED ?? Date.now() % 1_000_000);
const WORLDS = Number(process.env.WORLDS ?? 30);
const RUNNERS: readonly Runner[] = ["daemon", "hourly cron", "daily cron"];

test.each(RUNNERS)(
  `${WORLDS} worlds of up to 60 events: whatever Caruna+ shows is stored in the end: %s (WORLD_SEED=${SEED})`,
  async (runner) => {
    await fc.assert(
      fc.asyncProperty(worldPlans(runner, LARGE), async (plan) => {
        expect(await runInWorld(plan)).toEqual([]);
      }),
      { seed: SEED, numRuns: WORLDS },
    );
  },
  7_200_000,
);
