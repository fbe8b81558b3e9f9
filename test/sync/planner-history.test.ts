import { describe, expect, test } from "vitest";
import type { PlannedMeteringPoint } from "../../src/sync/plan/period.js";
import { afterMonth, afterYear, dueNow } from "../../src/sync/plan/planner.js";
import { lookBackFrom } from "../../src/sync/plan/planner-schedule.js";
import { at, DAY_MS, date, period, SETTINGS, storedSum, told } from "./planner-simulation.js";

const NOW = at("2026-11-23T10:00");
const POINT: PlannedMeteringPoint = {
  id: "A1",
  contractFrom: null,
  contractTo: null,
  newestHourEpochMs: at("2026-11-22T23:00"),
  firstSeenEpochMs: at("2025-01-01T00:00"),
};

/** A day in October that differs, and one that does not. */
const TOLD = [told(date("2026-10-05"), 12), told(date("2026-10-06"), 12)];
const STORED = [storedSum(date("2026-10-05"), 24, 12), storedSum(date("2026-10-06"), 24, 10)];

describe("what the look back has asked for", () => {
  test("is no history any more when a month of it was compared, but the days that it leads to are", () => {
    const month = period("month", "2026-10-01", { isHistory: true, nextAskEpochMs: NOW });
    const [after, day] = afterMonth(month, TOLD, STORED.slice(0, 1), [], POINT, SETTINGS, NOW);
    expect(after).toMatchObject({ span: "month", isHistory: false });
    expect(day).toMatchObject({ span: "day", isHistory: true });
    const tomorrow = NOW + DAY_MS;
    const alone = after === undefined ? [] : [after];
    expect(dueNow(alone, tomorrow).map(({ isHistory }) => isHistory)).toEqual([false]);
  });

  test("leads to no history where its next check finds another day", () => {
    const month = period("month", "2026-10-01", { isHistory: true, nextAskEpochMs: NOW });
    const [checked = month] = afterMonth(month, TOLD.slice(0, 1), STORED, [], POINT, SETTINGS, NOW);
    const [, day] = afterMonth(checked, TOLD, STORED, [], POINT, SETTINGS, NOW + DAY_MS);
    expect(day).toMatchObject({ span: "day", isHistory: false });
  });

  test("is no history any more when a year of it was compared, empty or not", () => {
    const year = period("year", "2025-01-01", { isHistory: true, nextAskEpochMs: NOW });
    for (const sums of [[], [told(date("2025-10-01"), 300)]])
      expect(afterYear(year, sums, [], [], POINT, SETTINGS, NOW)[0]).toMatchObject({ span: "year", isHistory: false });
  });
});

// First seen on 1 January 2025, with seven days to load: loaded since 25 December.
test.each([
  ["all", undefined, undefined],
  ["none", undefined, "2024-12-25"],
  ["none", "2024-06-01", "2024-06-01"],
  ["2024-03-01", undefined, "2024-03-01"],
  ["2024-03-01", "2024-06-01", "2024-03-01"],
  ["2026-02-01", undefined, "2024-12-25"],
  ["2026-02-01", "2024-06-01", "2024-06-01"],
])(
  "BACKFILL=%s with hours since %s looks back to %s: never short of what this program has loaded",
  (backfill, since, first) => {
    const settings = {
      ...SETTINGS,
      backfill: backfill === "all" || backfill === "none" ? backfill : date(backfill),
    } as const;
    const oldestHourEpochMs = since === undefined ? null : at(`${since}T00:00`);
    expect(lookBackFrom({ ...POINT, oldestHourEpochMs }, settings)?.toString()).toBe(first);
  },
);
