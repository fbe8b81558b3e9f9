import { describe, expect, test } from "vitest";
import type { PeriodState, PlannedMeteringPoint, StoredSum, ToldSum } from "../../src/sync/plan/period.js";
import {
  afterDay,
  afterFailure,
  afterMonth,
  afterYear,
  dueNow,
  mendClock,
  newPeriods,
} from "../../src/sync/plan/planner.js";
import { at, DAY_MS, date, HOUR_MS, period, SETTINGS, storedSum, told } from "./planner-simulation.js";

const NOW = at("2026-11-23T10:00");
const POINT: PlannedMeteringPoint = {
  id: "A1",
  contractFrom: null,
  contractTo: null,
  newestHourEpochMs: at("2026-11-22T23:00"),
  firstSeenEpochMs: at("2025-01-01T00:00"),
};
const names = (states: readonly PeriodState[]) => states.map(({ span, startsOn }) => `${span} ${startsOn}`);
const nextAsk = (day: string, hours: number, state: Partial<PeriodState> = {}) =>
  afterDay(period("day", day, state), storedSum(date(day), hours, hours), POINT, SETTINGS, NOW).state.nextAskEpochMs;

describe("new periods", () => {
  test("are the day that has ended, to be asked for at 08:00 of the day after", () => {
    const known = ["16", "17", "18", "19", "20", "21"].map((day) => period("day", `2026-11-${day}`));
    const checks = ["month 2026-11-01", "month 2026-10-01", "year 2026-01-01"];
    const added = newPeriods(POINT, known, true, SETTINGS, NOW);
    expect(names(added)).toEqual(["day 2026-11-22", ...checks]);
    expect(added[0]?.nextAskEpochMs).toBe(at("2026-11-23T08:00"));
    expect(added.map(({ isHistory }) => isHistory)).toEqual([false, false, false, false]);
  });

  test("are none before the contract begins and none after it ends", () => {
    const point = { ...POINT, contractFrom: date("2026-11-18"), contractTo: date("2026-11-20") };
    const days = names(newPeriods(point, [], true, SETTINGS, NOW)).filter((name) => name.startsWith("day"));
    expect(days).toEqual(["day 2026-11-18", "day 2026-11-19", "day 2026-11-20"]);
  });

  test("are due at once on first sight, even before 08:00", () => {
    const night = at("2026-11-23T02:00");
    const added = newPeriods({ ...POINT, firstSeenEpochMs: night }, [], false, SETTINGS, night);
    expect(added).toHaveLength(7 + 2 + 1);
    expect(dueNow(added, night)).toHaveLength(10);
  });

  test("have 08:00 of the wall clock on the days on which the clocks change", () => {
    const settings = { ...SETTINGS, daysToLoad: 1 };
    const asks = ["2026-10-25", "2027-03-28"].map((day) => {
      const now = at(`${day}T10:00`);
      return newPeriods({ ...POINT, newestHourEpochMs: now }, [], true, settings, now)[0]?.nextAskEpochMs;
    });
    expect(asks).toEqual([at("2026-10-25T08:00"), at("2027-03-28T08:00")]);
  });

  test("are yesterday alone, in the afternoon, where a metering point is dormant, and as ever when it wakes", () => {
    const dormant = { ...POINT, newestHourEpochMs: NOW - 31 * DAY_MS };
    const [day, ...others] = newPeriods(dormant, [], true, SETTINGS, NOW);
    expect([day?.startsOn.toString(), day?.nextAskEpochMs]).toEqual(["2026-11-22", at("2026-11-23T14:00")]);
    expect(names(others)).toEqual(["year 2026-01-01"]);
    const idle = [period("month", "2026-11-01"), period("month", "2026-10-01"), ...(day === undefined ? [] : [day])];
    const awake = newPeriods(POINT, idle, true, { ...SETTINGS, daysToLoad: 1 }, NOW);
    expect(names(dueNow(awake, NOW))).toEqual([
      "day 2026-11-22",
      "month 2026-11-01",
      "month 2026-10-01",
      "year 2026-01-01",
    ]);
  });
});

describe("what is due", () => {
  test("is nothing where nothing is", () => {
    expect(
      dueNow([period("day", "2026-11-20"), period("year", "2026-01-01", { nextAskEpochMs: NOW + 1 })], NOW),
    ).toEqual([]);
  });

  test("comes in the order of its value", () => {
    const due = { nextAskEpochMs: NOW };
    const states = [
      period("year", "2026-01-01", due),
      period("year", "2024-01-01", { ...due, isHistory: true }),
      period("month", "2026-10-01", due),
      period("month", "2025-10-01", { ...due, isHistory: true }),
      period("day", "2025-10-02", { ...due, isHistory: true }),
      period("day", "2025-10-03", { ...due, isHistory: true }),
      period("day", "2019-05-01", due),
      period("day", "2026-11-22", due),
    ];
    expect(names(dueNow(states, NOW))).toEqual([
      "day 2026-11-22",
      "day 2019-05-01",
      "month 2026-10-01",
      "year 2026-01-01",
      "day 2025-10-03",
      "day 2025-10-02",
      "month 2025-10-01",
      "year 2024-01-01",
    ]);
  });

  test("is never today, nor a day ahead", () => {
    const due = { nextAskEpochMs: NOW - DAY_MS };
    expect(dueNow([period("day", "2026-11-23", due), period("day", "2026-11-24", due)], NOW)).toEqual([]);
  });

  test("is what was asked for in the future, unless it is settled for good", () => {
    const askedEpochMs = NOW + 6 * 60_000;
    const young = period("day", "2026-11-20", { askedEpochMs, settledEpochMs: askedEpochMs });
    const old = period("day", "2026-11-01", { askedEpochMs, settledEpochMs: askedEpochMs });
    const nearly = period("day", "2026-11-21", { askedEpochMs: NOW + 4 * 60_000 });
    expect(names(dueNow([young, old, nearly], NOW))).toEqual(["day 2026-11-20"]);
    const mended = mendClock([young, old, nearly], SETTINGS, NOW);
    expect(mended.map(({ nextAskEpochMs }) => nextAskEpochMs)).toEqual([at("2026-11-21T08:00"), null]);
    expect(mended.every((state) => state.askedEpochMs === NOW)).toBe(true);
  });
});

describe("a day that was read", () => {
  test("is asked for again a little less than 1, 2, 4, 6 and 6 hours later while it is incomplete", () => {
    const pauses = [0, 1, 2, 3, 4].map((timesAsked) => nextAsk("2026-11-22", 20, { timesAsked }));
    expect(pauses.map((next) => Math.ceil(((next ?? 0) - NOW) / HOUR_MS))).toEqual([1, 2, 4, 6, 6]);
    expect(pauses.map((next) => ((NOW - (next ?? 0)) / 60_000 + 600) % 60)).toEqual([5, 5, 5, 5, 5]);
  });

  test("waits for its own time when it was asked for before that and is incomplete", () => {
    const read = (now: string) =>
      afterDay(period("day", "2026-11-22"), storedSum(date("2026-11-22"), 20, 8), POINT, SETTINGS, at(now)).state;
    expect(read("2026-11-23T06:00")).toMatchObject({ nextAskEpochMs: at("2026-11-23T08:00"), timesAsked: 0 });
    expect(read("2026-11-23T08:00")).toMatchObject({ nextAskEpochMs: at("2026-11-23T08:55"), timesAsked: 1 });
  });

  test("is read once more two weeks later when it is complete, or too old to be polled", () => {
    expect(nextAsk("2026-11-22", 24)).toBe(at("2026-12-07T08:00"));
    expect(nextAsk("2026-11-12", 20)).toBe(at("2026-11-27T08:00"));
  });

  test("is settled from two weeks on", () => {
    const { state } = afterDay(period("day", "2026-11-09"), storedSum(date("2026-11-09"), 24, 8), POINT, SETTINGS, NOW);
    expect(state).toMatchObject({ nextAskEpochMs: null, settledEpochMs: NOW, askedEpochMs: NOW });
  });

  test.each([
    ["2026-10-25", 25],
    ["2027-03-28", 23],
  ])("%s is complete with %d hours and not with one less", (day, hours) => {
    const now = at("2027-03-29T10:00");
    const settings = { ...SETTINGS, daysToLoad: 200 };
    const read = (count: number) =>
      afterDay(period("day", day), storedSum(date(day), count, 8), POINT, settings, now).state.timesAsked;
    expect([read(hours - 1), read(hours)]).toEqual([1, 0]);
  });

  test("forgets what it was compared with when its hours have changed since", () => {
    const verified = { kwhTold: 8, kwhStored: 8, verifiedEpochMs: NOW - DAY_MS };
    const read = (kwh: number) =>
      afterDay(period("day", "2026-11-01", verified), storedSum(date("2026-11-01"), 24, kwh), POINT, SETTINGS, NOW);
    expect(read(9)).toMatchObject({ isInconsistent: false, state: { kwhTold: null, kwhStored: null } });
    expect(read(8).state).toMatchObject(verified);
  });
});

describe("a month that was compared", () => {
  const month = period("month", "2026-10-01");
  const day = date("2026-10-07");
  const compare = (sum: ToldSum, stored: StoredSum | undefined, known: PeriodState[], settings = SETTINGS) =>
    afterMonth(month, [sum], stored === undefined ? [] : [stored], known, POINT, settings, NOW).slice(1);

  test("lets be what differs by rounding", () => {
    expect(compare(told(day, 10.01), storedSum(day, 24, 10.005), [])).toEqual([]);
    expect(compare(told(day, 10.005), storedSum(day, 24, 10.0050001), [])).toEqual([]);
    // What is shown with more decimals was not rounded to hundredths.
    expect(names(compare(told(day, 10.005), storedSum(day, 24, 10), []))).toEqual(["day 2026-10-07"]);
    expect(names(compare(told(day, 10.006), storedSum(day, 24, 10), []))).toEqual(["day 2026-10-07"]);
  });

  test("has a day read whose parts differ, and once only", () => {
    const sum = { ...told(day, 10), kwhNight: 4 };
    const stored = { ...storedSum(day, 24, 10), kwhNight: 3, kwhDay: 7 };
    const [differing] = compare(sum, stored, []);
    expect(differing?.nextAskEpochMs).toBeLessThanOrEqual(NOW);
    const read = afterDay(differing ?? month, stored, POINT, SETTINGS, NOW).state;
    expect(read).toMatchObject({ nextAskEpochMs: null, verifiedEpochMs: null });
    expect(compare(sum, stored, [read])).toEqual([]);
    const [verified] = compare(sum, { ...stored, kwhNight: 4, kwhDay: 6 }, [read]);
    expect(verified).toMatchObject({ nextAskEpochMs: null, verifiedEpochMs: NOW });
    expect(names(compare({ ...sum, kwhNight: 5 }, { ...stored, kwhNight: 4 }, [verified ?? month]))).toHaveLength(1);
  });

  test("leaves a recent day that is incomplete to its own schedule", () => {
    const yesterday = date("2026-11-22");
    const polled = period("day", "2026-11-22", { nextAskEpochMs: NOW + HOUR_MS });
    expect(compare(told(yesterday, 10), storedSum(yesterday, 20, 8), [polled])).toEqual([]);
    expect(compare(told(yesterday, 10), storedSum(yesterday, 24, 8), [polled])).toHaveLength(1);
  });

  test("passes over the day that has not ended", () => {
    expect(compare(told(date("2026-11-23"), 3), undefined, [])).toEqual([]);
  });

  test("has a day of which nothing is stored read even when its total is 0, and does not call that inconsistent", () => {
    const [empty] = compare(told(day, 0), undefined, []);
    expect(empty?.nextAskEpochMs).toBeLessThanOrEqual(NOW);
    const read = afterDay(empty ?? month, storedSum(day, 0, 0), POINT, SETTINGS, NOW);
    expect(read.isInconsistent).toBe(false);
    expect(compare(told(day, 0), undefined, [read.state])).toEqual([]);
  });

  test("has a day of the first look back read among the others when it differs later, with pauses that begin anew", () => {
    const loaded = period("day", "2026-10-07", { isHistory: true, timesAsked: 5 });
    expect(compare(told(day, 12), storedSum(day, 24, 10), [loaded])[0]).toMatchObject({
      isHistory: false,
      timesAsked: 0,
    });
  });

  test.each([
    [20, 1, 20],
    [500, 25, 40],
    [1000, 50, 40],
  ])(
    "of %i metering points is checked at one of %i times, the same every day, from 08:00 to midnight",
    (meteringPoints, times, mostAtOnce) => {
      const settings = { ...SETTINGS, meteringPoints };
      const minutes = Array.from({ length: meteringPoints }, (_, index) => {
        const state = { ...month, meteringPointId: `64300${index}` };
        const next = (now: number) =>
          afterMonth(state, [], [], [], { ...POINT, id: state.meteringPointId }, settings, now)[0]?.nextAskEpochMs ?? 0;
        expect(next(NOW + DAY_MS) - next(NOW)).toBe(DAY_MS);
        return (next(NOW) - at("2026-11-24T00:00")) / 60_000;
      });
      expect(Math.min(...minutes)).toBeGreaterThanOrEqual(480);
      expect(Math.max(...minutes)).toBeLessThan(1440);
      expect(new Set(minutes).size).toBe(times);
      const atOneTime = [...new Set(minutes)].map((one) => minutes.filter((minute) => minute === one).length);
      expect(Math.max(...atOneTime)).toBeLessThanOrEqual(mostAtOnce);
    },
  );
});

describe("a year that was compared", () => {
  const year = period("year", "2024-01-01", { isHistory: true });

  test("makes the months due that differ, as history, and the year before", () => {
    const states = afterYear(
      year,
      [told(date("2024-02-01"), 300), told(date("2024-03-01"), 310)],
      [storedSum(date("2024-03-01"), 743, 310)],
      [],
      POINT,
      SETTINGS,
      NOW,
    );
    expect(names(states)).toEqual(["year 2024-01-01", "month 2024-02-01", "year 2023-01-01"]);
    expect(states.map(({ isHistory }) => isHistory)).toEqual([false, true, true]);
    expect(names(dueNow(states, NOW))).toEqual(["month 2024-02-01", "year 2023-01-01"]);
  });

  test("leaves a month alone that is asked for anyway", () => {
    const tomorrow = period("month", "2024-02-01", { nextAskEpochMs: NOW + DAY_MS });
    const states = afterYear(year, [told(date("2024-02-01"), 300)], [], [tomorrow], POINT, SETTINGS, NOW);
    expect(names(states)).toEqual(["year 2024-01-01", "year 2023-01-01"]);
  });

  test("does not look back where BACKFILL is none", () => {
    const states = afterYear(
      year,
      [told(date("2024-02-01"), 3)],
      [],
      [],
      POINT,
      { ...SETTINGS, backfill: "none" },
      NOW,
    );
    expect(names(states)).toEqual(["year 2024-01-01"]);
  });
});

test("a request that failed comes again in an hour, and at last once a day", () => {
  let state = period("day", "2020-01-01");
  const pauses = Array.from({ length: 7 }, () => {
    state = afterFailure(state, NOW);
    return Math.ceil(((state.nextAskEpochMs ?? 0) - NOW) / HOUR_MS);
  });
  expect(pauses).toEqual([1, 2, 4, 8, 16, 24, 24]);
});
