import fc from "fast-check";
import { expect, test } from "vitest";
import { lives, liveThrough } from "../sync/random-events.js";

const SEED = Number(process.env.EVENTS_SEED ?? Date.now() % 1_000_000);
const LIVES = Number(process.env.EVENTS_LIVES ?? 400);

test(`${LIVES} lives of up to 50 events: every table ends as Caruna+ has it, never wrong on the way (EVENTS_SEED=${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(lives(50), async (life) => {
      expect(await liveThrough(life)).toEqual([]);
    }),
    { seed: SEED, numRuns: LIVES },
  );
}, 7_200_000);
