import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { END, events, liveThrough, problemsAfter } from "./planner-histories.js";
import { DAY_MS } from "./planner-simulation.js";

describe("whatever happens", () => {
  test("every hour that Caruna+ shows is stored, as Caruna+ shows it", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 40 }), (happened, meters) => {
        expect(problemsAfter(happened, liveThrough(happened, meters))).toEqual([]);
      }),
      { numRuns: 5, examples: [[[], 1]] },
    );
  }, 300_000);

  test("the last week costs what a quiet week costs", () => {
    fc.assert(
      fc.property(events, (happened) => {
        const { requests } = liveThrough(happened);
        const inLastWeek = requests.filter(({ realEpochMs }) => realEpochMs >= END - 7 * DAY_MS);
        // A day twice, its second reading, two months; two to four years a week.
        expect(inLastWeek.length).toBeLessThanOrEqual(7 * 5 + 5);
      }),
      { numRuns: 3 },
    );
  }, 300_000);
});
