import { expect, test } from "vitest";
import { liveThroughFaults } from "../faults/rotation.js";
import { seededRandom } from "../sync/simulated-year.js";

const SEED = Number(process.env.ROTATION_SEED ?? Date.now() % 1_000_000);
const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);

test(
  `${MINUTES} minutes of faults in rotation: after each the tables are what Caruna+ shows (ROTATION_SEED=${SEED})`,
  async () => {
    const { faults, problems, comparisons, passwordPosts } = await liveThroughFaults(MINUTES, seededRandom(SEED));
    process.stdout.write(
      `${JSON.stringify({ comparisons, passwordPosts, faults: Object.fromEntries(faults) }, undefined, 1)}\n`,
    );
    expect(problems).toEqual([]);
    expect(comparisons).toBeGreaterThan(0);
  },
  MINUTES * 60_000 + 900_000,
);
