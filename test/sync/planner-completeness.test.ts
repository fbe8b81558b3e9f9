import { describe, expect, test } from "vitest";
import { dayBounds } from "../../src/energy/index.js";
import { fillGaps, missingFees } from "../../src/sync/plan/gaps.js";
import type { PeriodState, PlannedMeteringPoint, StoredSum, SumsOfOthers } from "../../src/sync/plan/period.js";
import { afterDay, afterMonth } from "../../src/sync/plan/planner.js";
import { lookBackFrom } from "../../src/sync/plan/planner-schedule.js";
import { at, DAY_MS, date, period, SETTINGS, storedSum, told } from "./planner-simulation.js";

const NOW = at("2026-11-23T10:00");
const POINT: PlannedMeteringPoint = {
  ...{ id: "A1", contractFrom: null, contractTo: null },
  ...{ newestHourEpochMs: at("2026-11-22T23:00"), firstSeenEpochMs: at("2025-01-01T00:00") },
};
const names = (states: readonly PeriodState[]) => states.map(({ span, startsOn }) => `${span} ${startsOn}`);
const NO_OTHERS: SumsOfOthers = {
  ...{ kwhInvoiced: null, kwhProduction: null, kwhSold: null, kwhCompensated: null, temperatureCelsius: null },
  ...{ eurTotal: null, eurDistribution: null, eurBase: null, eurTax: null, eurVat: null },
};

describe("a day with missing hours", () => {
  const DAY = "2026-09-14";
  const waitDays = (ageDays: number, state: Partial<PeriodState> = {}) => {
    const now = dayBounds(date(DAY)).startEpochMs + ageDays * DAY_MS;
    const point = { ...POINT, newestHourEpochMs: now };
    const after = afterDay(period("day", DAY, state), storedSum(date(DAY), 23, 22), point, SETTINGS, now).state;
    expect(after.settledEpochMs).toBeNull();
    return ((after.nextAskEpochMs ?? Number.NaN) - now) / DAY_MS;
  };

  test("waits for half its age, a month at the most, after a year for a year", () => {
    for (const [age, wait] of [
      [20, 10],
      [40, 20],
      [90, 30],
      [400, 365],
    ] as const)
      expect(Math.abs(waitDays(age) - wait)).toBeLessThan(0.01);
  });

  test("is never accepted as a contradiction, however often its total is reported", () => {
    const differing = period("day", DAY, { kwhTold: 24, kwhStored: null, nextAskEpochMs: NOW });
    const { state, isInconsistent } = afterDay(differing, storedSum(date(DAY), 23, 22), POINT, SETTINGS, NOW);
    expect(isInconsistent).toBe(false);
    const month = period("month", "2026-09-01", { nextAskEpochMs: NOW });
    const stored = [storedSum(date(DAY), 23, 22)];
    const later = afterMonth(month, [told(date(DAY), 24)], stored, [state], POINT, SETTINGS, NOW + DAY_MS);
    // It waits for its own time, neither due at once nor forgotten.
    expect(names(later)).toEqual(["month 2026-09-01"]);
    expect(state.nextAskEpochMs).toBeGreaterThan(NOW + 20 * DAY_MS);
    const revised = afterMonth(month, [told(date(DAY), 25)], stored, [state], POINT, SETTINGS, NOW + DAY_MS);
    expect(names(revised)).toEqual(["month 2026-09-01", `day ${DAY}`]);
  });

  test("is settled where its total is all there: a day of 25 hours that is sent as 24", () => {
    const state = period("day", "2026-10-25", { kwhTold: 24 });
    const after = afterDay(state, storedSum(date("2026-10-25"), 24, 24), POINT, SETTINGS, NOW);
    expect(after).toMatchObject({ state: { nextAskEpochMs: null, settledEpochMs: NOW }, isInconsistent: false });
  });
});

test("a day of no consumption, as of a meter that measures production alone, is not whole because its total is", () => {
  const state = period("day", "2026-10-24", { kwhTold: 0 });
  const after = afterDay(state, storedSum(date("2026-10-24"), 22, 0), POINT, SETTINGS, NOW).state;
  expect(after.settledEpochMs).toBeNull();
  expect(after.nextAskEpochMs).toBeGreaterThan(NOW);
});

test("a day that lacks hours of production alone is read again once, though its total is all there", () => {
  const day = date("2026-11-10");
  const stored = (kwhProduction: number, hours = 24): StoredSum => ({
    ...storedSum(day, hours, 10),
    others: { ...NO_OTHERS, kwhProduction },
  });
  const compare = (state: PeriodState, sum: StoredSum) => {
    const report = [{ ...told(day, 10), others: { ...NO_OTHERS, kwhProduction: 5 } }];
    return afterMonth(period("month", "2026-11-01"), report, [sum], [state], POINT, SETTINGS, NOW)[1] ?? state;
  };
  const whole = compare(period("day", day.toString(), { askedEpochMs: NOW - DAY_MS }), stored(5));
  expect(whole).toMatchObject({ nextAskEpochMs: null, verifiedEpochMs: NOW });
  const short = compare(whole, stored(4, 22));
  expect(short.nextAskEpochMs).toBeLessThan(NOW);
  const read = afterDay(short, stored(4), POINT, SETTINGS, NOW).state;
  expect(compare(read, stored(4)).nextAskEpochMs).toBe(read.nextAskEpochMs);
});

describe("what the monthly answer reports of a day", () => {
  const DAY = date("2026-11-10");
  const read = { askedEpochMs: NOW - DAY_MS, kwhTold: 24, kwhStored: 24, verifiedEpochMs: NOW - DAY_MS };
  const stored: StoredSum = { ...storedSum(DAY, 24, 24), others: NO_OTHERS };
  const reported = (digest: string, state: Partial<PeriodState>, nowEpochMs = NOW, others = NO_OTHERS) => {
    const month = period("month", "2026-11-01");
    const days = [period("day", DAY.toString(), { ...read, ...state })];
    const answer = [{ ...told(DAY, 24), digest, others }];
    return afterMonth(month, answer, [stored], days, POINT, SETTINGS, nowEpochMs)[1] ?? days[0];
  };

  test("is remembered, and makes the day due when it is another later", () => {
    expect(reported("one", {})).toMatchObject({ reported: "one", nextAskEpochMs: null });
    expect(reported("one", { reported: "one" })).toMatchObject({ nextAskEpochMs: null });
    const changed = reported("two", { reported: "one" });
    expect(changed).toMatchObject({ reported: "two", timesReported: 1 });
    expect(changed?.nextAskEpochMs).toBeLessThan(NOW);
  });

  test("makes it due the first time too where some value is not what is stored", () => {
    const later = reported("one", {}, NOW, { ...NO_OTHERS, eurTotal: 1.5 });
    expect(later?.nextAskEpochMs).toBeLessThan(NOW);
    expect(reported("one", {}, NOW, { ...NO_OTHERS, temperatureCelsius: null })?.nextAskEpochMs).toBeNull();
  });

  test("is followed at growing intervals where it is another every time, and at once again where it rested", () => {
    const waits = [0, 1, 2, 3, 9].map((timesReported) => {
      const next = reported("two", { reported: "one", timesReported })?.nextAskEpochMs ?? Number.NaN;
      return Math.max(0, (next - read.askedEpochMs) / DAY_MS);
    });
    expect(waits).toEqual([0, 1, 2, 4, 30]);
    expect(reported("two", { reported: "two", timesReported: 3 })).toMatchObject({ timesReported: 0 });
    // While it waits, other changes do not put it off.
    const waiting = { reported: "two", timesReported: 3, nextAskEpochMs: NOW + DAY_MS };
    expect(reported("three", waiting)).toMatchObject({ nextAskEpochMs: NOW + DAY_MS, timesReported: 3 });
  });
});

describe("fees", () => {
  const sums = (day: string, hoursWithoutFee: number): StoredSum => ({
    ...storedSum(date(day), 24, 24),
    hoursWithoutFee,
  });
  const due = (asked: string, now: string, neighbour = "2026-11-01") => {
    const day = period("day", "2026-11-05", { askedEpochMs: at(asked) });
    const stored = [sums(neighbour, 0), sums("2026-11-05", 24)];
    return names(missingFees(stored, [day], SETTINGS, at(now))).length;
  };

  test("that are missing beside days that have them are asked for 3, 7, 14, 30 and 60 days after the day", () => {
    let asked = "2026-11-06T08:00";
    const reads: number[] = [];
    for (let age = 1; age <= 100; age += 1) {
      const now = `${date("2026-11-05").add({ days: age })}T09:00`;
      if (due(asked, now) === 0) continue;
      reads.push(age);
      asked = now;
    }
    expect(reads).toEqual([3, 7, 14, 30, 60]);
  });

  test("are not missed where no neighbouring day has any", () => {
    expect(due("2026-11-06T08:00", "2026-11-20T09:00", "2026-09-01")).toBe(0);
  });
});

describe("days that were never asked for", () => {
  const days = { from: date("2026-08-20"), to: date("2026-11-22") };
  const gaps = (neverAsked: readonly string[], months: readonly PeriodState[] = []) =>
    names(fillGaps(POINT, neverAsked.map(date), months, days, SETTINGS));
  const september = Array.from({ length: 30 }, (_, index) => date("2026-09-01").add({ days: index }).toString());

  test("are asked for one by one between loaded ones, and by the month where all of it is missing", () => {
    expect(gaps(["2026-08-30", "2026-08-31", ...september, "2026-10-05"])).toEqual([
      ...["day 2026-08-30", "day 2026-08-31", "month 2026-09-01", "day 2026-10-05"],
    ]);
  });

  test("are left alone where the month was asked after its end and has none of them", () => {
    const asked = (wallTime: string) => [period("month", "2026-09-01", { askedEpochMs: at(wallTime) })];
    expect(gaps(september, asked("2026-10-03T08:00"))).toEqual([]);
    expect(gaps(september, asked("2026-09-30T08:00"))).toEqual(["month 2026-09-01"]);
  });

  test("count since the first hour that was stored, though the settings go back less far", () => {
    const settings = { ...SETTINGS, backfill: "none" } as const;
    const point = { ...POINT, oldestHourEpochMs: at("2024-05-12T00:00") };
    expect(String(lookBackFrom(point, settings))).toBe("2024-05-12");
    expect(String(lookBackFrom(POINT, settings))).toBe("2024-12-25");
    expect(lookBackFrom(point, { ...SETTINGS, backfill: "all" })).toBeNull();
  });
});
