import fc from "fast-check";
import { expect, test } from "vitest";
import { events, liveThrough, problemsAfter } from "../sync/planner-histories.js";

const SEED = Number(process.env.HISTORIES_SEED ?? Date.now() % 1_000_000);
const HISTORIES = Number(process.env.HISTORIES ?? 5000);

test(`${HISTORIES} histories on the planner alone: every hour is there at the end (HISTORIES_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 0, max: 40 }), (happened, meters) => {
      expect(problemsAfter(happened, liveThrough(happened, meters))).toEqual([]);
    }),
    { seed: SEED, numRuns: HISTORIES },
  );
}, 7_200_000);
