import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import type { ToldSum } from "../../src/energy/index.js";
import { LookBackMeter, lookBackAnew } from "../../src/sync/plan/look-back.js";
import type { PlannedMeteringPoint, PlanSettings, StoredSum } from "../../src/sync/plan/period.js";
import { newPeriod } from "../../src/sync/plan/planner.js";
import {
  type ComparedDay,
  type Difference,
  differenceByHours,
  isMendable,
  notLoaded,
  summedUp,
  suspicionOfDay,
  suspicionOfMonth,
  withEnergyHourly,
} from "../../src/sync/verify/verify-compare.js";

const DAY = Temporal.PlainDate.from("2026-03-10");
const NO_PARTS = { kwhDay: null, kwhNight: null, kwhNightWinter: null };
const told = (kwhTotal: number): ToldSum => ({ startsOn: DAY, kwhTotal, ...NO_PARTS });
const stored = (hours: number, kwhTotal: number): StoredSum => ({ startsOn: DAY, hours, kwhTotal, ...NO_PARTS });
const compared = (values: Partial<ComparedDay> = {}): ComparedDay => ({
  ...{ meteringPointId: "A", day: DAY, told: told(36), stored: stored(24, 36) },
  ...values,
});

describe("totals", () => {
  test.each([
    ["agree, and all hours are there", told(36), stored(24, 36), "none"],
    ["differ by rounding alone", told(36.004), stored(24, 36), "none"],
    ["differ", told(37), stored(24, 36), "look closer"],
    ["agree, but an hour of 0 kWh may be missing", told(36), stored(23, 36), "look closer"],
    ["are told where nothing is stored", told(36), undefined, "not loaded"],
    ["are told as 0 where nothing is stored", told(0), undefined, "look closer"],
    ["are not told of stored hours", undefined, stored(2, 3), "look closer"],
    ["are not told where nothing is stored", undefined, undefined, "none"],
  ] as const)("of a day that %s", (_, ofCaruna, ours, expected) => {
    expect(suspicionOfDay(DAY, ofCaruna, ours)).toBe(expected);
  });

  test("a day of the clock change is complete with the hours that it has", () => {
    const march = Temporal.PlainDate.from("2026-03-29");
    expect(suspicionOfDay(march, told(36), stored(23, 36))).toBe("none");
    const october = Temporal.PlainDate.from("2026-10-25");
    expect(suspicionOfDay(october, told(36), stored(24, 36))).toBe("look closer");
  });

  test("a month that has not one stored hour is looked into, so that its days can be counted", () => {
    expect(suspicionOfMonth(told(900), undefined, 744)).toBe("look closer");
  });
});

describe("hours", () => {
  test("that are all the same make a total that does not match Caruna+'s contradiction, not ours", () => {
    expect(differenceByHours(compared({ told: told(40) }), [])).toEqual({
      ...{ meteringPointId: "A", day: DAY, kwhTold: 40, kwhStored: 36 },
    });
    expect(differenceByHours(compared(), [])).toBeUndefined();
  });
});

describe("energy_hourly", () => {
  const followed = { day: DAY, missingHours: 1, otherHours: 2, extraHours: 3 };

  test("differs by itself on a day that is as it should be otherwise", () => {
    expect(withEnergyHourly([], "A", [followed])).toMatchObject([
      { meteringPointId: "A", kwhTold: null, kwhStored: null, energyHourly: { missing: 1, other: 2, extra: 3 } },
    ]);
  });

  test("has no extra hours where hours are missing: loading these tells", () => {
    const difference = notLoaded(compared({ stored: undefined }));
    expect(withEnergyHourly([difference], "A", [followed])).toMatchObject([
      { hours: { missing: 24 }, energyHourly: { missing: 1, other: 2, extra: 0 } },
    ]);
  });

  test("is nothing to another metering point", () => {
    const other = notLoaded(compared({ meteringPointId: "B", stored: undefined }));
    expect(withEnergyHourly([other], "A", [followed])).toHaveLength(2);
  });
});

describe("a summary", () => {
  const onDay = (day: string, changes: Partial<Difference> = {}): Difference => ({
    ...notLoaded(compared({ day: Temporal.PlainDate.from(day), stored: undefined })),
    ...changes,
  });

  test("is one line for the days of a month that are not loaded", () => {
    const lines = summedUp([onDay("2026-03-28"), onDay("2026-03-29"), onDay("2026-04-01")]);
    expect(
      lines.map(({ span, startsOn, days, hours, kwhTold }) => [span, `${startsOn}`, days, hours.missing, kwhTold]),
    ).toEqual([
      ["month", "2026-03-01", 2, 47, 72],
      ["day", "2026-04-01", 1, 24, 36],
    ]);
  });

  test("keeps apart metering points, and days whose hours were looked at", () => {
    const each = [{ startEpochMs: 0, what: "other", kwhTold: 1, kwhStored: 2 }] as const;
    const lines = summedUp([
      onDay("2026-03-28", { each }),
      onDay("2026-03-27", { each }),
      onDay("2026-03-26", { meteringPointId: "B" }),
      onDay("2026-03-25"),
    ]);
    expect(lines.map(({ meteringPointId, startsOn }) => `${meteringPointId} ${startsOn}`)).toEqual([
      "A 2026-03-25",
      "A 2026-03-27",
      "A 2026-03-28",
      "B 2026-03-26",
    ]);
  });

  test("what is extra alone is not mended by loading", () => {
    const hours = { missing: 0, other: 0, extra: 2 };
    expect(isMendable(onDay("2026-03-28", { hours }))).toBe(false);
    expect(isMendable(onDay("2026-03-28"))).toBe(true);
  });
});

describe("looking back", () => {
  const point: PlannedMeteringPoint = {
    ...{ id: "A", contractFrom: Temporal.PlainDate.from("2026-03-01"), contractTo: null },
    ...{ newestHourEpochMs: null, firstSeenEpochMs: Date.UTC(2026, 2, 20) },
  };
  const plan: PlanSettings = { daysToLoad: 7, askFromMinutes: 480, backfill: "all", meteringPoints: 1 };
  const round = (days: readonly string[], hours: number) => ({
    ...{ points: [point], plan, hours },
    asked: days.map((day) => ({ ...newPeriod("A", "day", Temporal.PlainDate.from(day)), isHistory: true })),
  });

  test("tells days, rate and days left, to the beginning of the contract", () => {
    let nowEpochMs = Date.UTC(2026, 2, 20);
    const meter = new LookBackMeter(() => nowEpochMs);
    nowEpochMs += 2000;
    const progress = meter.after(round(["2026-03-12", "2026-03-11"], 48));
    expect(progress).toEqual({
      ...{ days: 2, hours: 48, daysASecond: 1, daysLeft: 10 },
      backTo: Temporal.PlainDate.from("2026-03-11"),
    });
  });

  test("tells no days left where nobody knows the beginning", () => {
    const meter = new LookBackMeter(() => Date.UTC(2026, 2, 20));
    const standIn = { ...point, contractFrom: Temporal.PlainDate.from("0001-01-01") };
    expect(meter.after({ ...round(["2026-03-12"], 24), points: [standIn] })?.daysLeft).toBeUndefined();
    const limited = { ...plan, backfill: Temporal.PlainDate.from("2026-03-02") };
    expect(meter.after({ ...round(["2026-03-11"], 24), points: [standIn], plan: limited })?.daysLeft).toBe(9);
  });

  test("begins anew from every year and from the months that wait, and from nothing else", () => {
    const later = Date.UTC(2030, 0, 1);
    const state = (span: "day" | "month" | "year", nextAskEpochMs: number | null) => ({
      ...newPeriod("A", span, Temporal.PlainDate.from("2026-01-01")),
      nextAskEpochMs,
    });
    const states = [
      state("year", null),
      state("year", later),
      state("month", later),
      state("month", null),
      state("day", later),
    ];
    const anew = lookBackAnew(states, plan);
    expect(anew.map(({ span }) => span)).toEqual(["year", "year", "month"]);
    for (const { nextAskEpochMs, isHistory } of anew) {
      expect(nextAskEpochMs).toBeLessThan(Date.UTC(2026, 0, 3));
      expect(isHistory).toBe(true);
    }
  });
});
