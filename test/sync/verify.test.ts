import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import type { ToldSum } from "../../src/energy/index.js";
import { LookBackMeter, lookBackAnew } from "../../src/sync/plan/look-back.js";
import type { PlannedMeteringPoint, PlanSettings, StoredSum } from "../../src/sync/plan/period.js";
import { newPeriod } from "../../src/sync/plan/planner.js";
import { valuesThatDiffer } from "../../src/sync/plan/planner-compare.js";
import {
  type DayOfPoint,
  type Difference,
  differenceByHours,
  isFixable,
  notLoaded,
  summedUp,
  withEnergyHourly,
} from "../../src/sync/verify/verify-compare.js";
import { compareMonth, compareYear, readOnce, yearsToCompare } from "../../src/sync/verify/verify-plan.js";

const DAY = Temporal.PlainDate.from("2026-03-10");
const NO_PARTS = { kwhDay: null, kwhNight: null, kwhNightWinter: null };
const told = (kwhTotal: number): ToldSum => ({ startsOn: DAY, kwhTotal, ...NO_PARTS });
const stored = (hours: number, kwhTotal: number): StoredSum => ({ startsOn: DAY, hours, kwhTotal, ...NO_PARTS });
const compared = (values: Partial<DayOfPoint> = {}): DayOfPoint => ({
  ...{ meteringPointId: "A", startsOn: DAY, told: told(36), stored: stored(24, 36), isDue: false },
  ...values,
});

const POINT: PlannedMeteringPoint = {
  ...{ id: "A", contractFrom: Temporal.PlainDate.from("2026-01-15"), contractTo: null },
  ...{ oldestHourEpochMs: null, newestHourEpochMs: null, firstSeenEpochMs: Date.UTC(2026, 4, 1) },
};
const SETTINGS: PlanSettings = { daysToLoad: 7, askFromMinutes: 480, backfill: "all", meteringPoints: 1 };
const planning = (point: Partial<PlannedMeteringPoint> = {}, settings: Partial<PlanSettings> = {}) => ({
  point: { ...POINT, ...point },
  settings: { ...SETTINGS, ...settings },
  nowEpochMs: Date.UTC(2026, 5, 20, 12),
});
const on = <Sum extends ToldSum | StoredSum>(day: string, sum: Sum): Sum => ({
  ...sum,
  startsOn: Temporal.PlainDate.from(day),
});

describe("a day whose totals", () => {
  test.each([
    ["agree, and all hours are there", told(36), stored(24, 36), "totals"],
    ["differ by rounding alone", told(36.01), stored(24, 36.005), "totals"],
    ["differ", told(37), stored(24, 36), "hours"],
    ["agree, but an hour of 0 kWh may be missing", told(36), stored(23, 36), "hours"],
    ["are reported where nothing is stored", told(36), undefined, "not loaded"],
    ["are reported as 0 where nothing is stored", told(0), undefined, "hours"],
    ["are not reported of stored hours", undefined, stored(2, 3), "hours"],
  ] as const)("%s", (_, ofCaruna, ours, expected) => {
    const totals = {
      told: [...(ofCaruna === undefined ? [] : [ofCaruna])],
      stored: [...(ours === undefined ? [] : [ours])],
    };
    const days = compareMonth(DAY.with({ day: 1 }), totals, planning(), false);
    expect(days.find(({ startsOn }) => startsOn.equals(DAY))?.lookAt).toBe(expected);
    // Another day of that month may show hours that no total counts yet.
    expect(days.find(({ startsOn }) => startsOn.day === 11)?.lookAt).toBe("hours");
    expect(days).toHaveLength(31);
    const read = compareMonth(DAY.with({ day: 1 }), totals, planning(), true);
    expect(new Set(read.map(({ lookAt }) => lookAt))).toEqual(new Set(["hours"]));
  });

  test("are of a change of the clock is complete with the hours that it has", () => {
    const lookAt = (day: string, hours: number) => {
      const totals = { told: [on(day, told(36))], stored: [on(day, stored(hours, 36))] };
      const month = Temporal.PlainDate.from(day).with({ day: 1 });
      const now = { ...planning(), nowEpochMs: Date.UTC(2027, 0, 1) };
      return compareMonth(month, totals, now, false).find(({ told: ofDay }) => ofDay !== undefined)?.lookAt;
    };
    expect(lookAt("2026-03-29", 23)).toBe("totals");
    expect(lookAt("2026-10-25", 24)).toBe("hours");
    expect(lookAt("2026-10-25", 25)).toBe("totals");
  });

  test("no one reports, in a month of which nothing is known, is left alone unless it is one of the last", () => {
    const nothing = { told: [], stored: [] };
    expect(compareMonth(Temporal.PlainDate.from("2026-03-01"), nothing, planning(), false)).toEqual([]);
    const recent = compareMonth(Temporal.PlainDate.from("2026-06-01"), nothing, planning(), false);
    expect(recent.map(({ startsOn }) => startsOn.day)).toEqual([13, 14, 15, 16, 17, 18, 19]);
  });

  test("lie outside of the contract or before the limit of the backfill are not asked for", () => {
    const month = Temporal.PlainDate.from("2026-03-01");
    const ends = { contractFrom: Temporal.PlainDate.from("2026-03-09"), contractTo: DAY };
    const totals = { told: [told(36)], stored: [stored(24, 36)] };
    expect(compareMonth(month, totals, planning(ends), true).map(({ startsOn }) => startsOn.day)).toEqual([10, 9]);
    const limited = planning({ firstSeenEpochMs: Date.UTC(2026, 5, 1) }, { backfill: DAY });
    const told31 = { told: [on("2026-03-09", told(36)), told(36)], stored: [] };
    const looked = compareMonth(month, told31, limited, false);
    expect(looked.filter(({ lookAt }) => lookAt === "not loaded").map(({ startsOn }) => startsOn.day)).toEqual([10]);
    expect(Math.min(...looked.map(({ startsOn }) => startsOn.day))).toBe(10);
    // What is stored all the same is compared.
    const kept = { ...told31, stored: [on("2026-03-09", stored(24, 30))] };
    expect(compareMonth(month, kept, limited, false).map(({ startsOn }) => startsOn.day)).toContain(9);
  });
});

describe("a reported value", () => {
  const NONE = {
    ...{ kwhInvoiced: null, kwhProduction: null, kwhSold: null, kwhCompensated: null, temperatureCelsius: null },
    ...{ eurTotal: null, eurDistribution: null, eurBase: null, eurTax: null, eurVat: null },
  };
  const withOthers = (others: Partial<typeof NONE | Record<keyof typeof NONE, number>>): ToldSum => ({
    ...told(36),
    others: { ...NONE, ...others },
  });
  const storedOthers = (others: Partial<Record<keyof typeof NONE, number>>): StoredSum => ({
    ...stored(24, 36),
    others: { ...NONE, ...others },
  });

  test.each([
    ["kwhInvoiced", 30.01, 30.02],
    ["kwhProduction", 4, null],
    ["kwhSold", 3.1234, 3.1235],
    ["kwhCompensated", 0.5, 0.51],
    ["eurTotal", 3.123456789, 3.123556789],
    ["eurDistribution", 1.5, 1.51],
    ["eurBase", 0.95, 0.96],
    ["eurTax", 0.81117, 0.81127],
    ["eurVat", 0.6, 0],
    ["temperatureCelsius", 17, 16.4],
    ["temperatureCelsius", -3.1, -3.16],
  ] as const)("%s of %d is not %d", (name, reported, ours) => {
    const own = ours === null ? {} : { [name]: ours };
    expect(valuesThatDiffer(withOthers({ [name]: reported }), storedOthers(own))).toEqual([
      { value: name, reported, stored: ours },
    ]);
    expect(valuesThatDiffer(withOthers({ [name]: reported }), storedOthers({ [name]: reported }))).toEqual([]);
  });

  test("is what is stored but for rounding, and 0 where no hour has it", () => {
    const reported = withOthers({ eurTotal: 3.123456789, kwhSold: 0, temperatureCelsius: 17 });
    expect(valuesThatDiffer(reported, storedOthers({ eurTotal: 3.12345688, temperatureCelsius: 16.6 }))).toEqual([]);
  });

  test("that is a mean is not compared with a part of a day", () => {
    const part = { ...storedOthers({ temperatureCelsius: 3 }), hours: 12 };
    expect(valuesThatDiffer(withOthers({ temperatureCelsius: 17 }), part)).toEqual([]);
  });

  test("of a part that no hour has differs", () => {
    expect(valuesThatDiffer({ ...told(36), kwhNight: 12 }, stored(24, 36))).toEqual([
      { value: "kwhNight", reported: 12, stored: null },
    ]);
  });
});

describe("years", () => {
  const hour = (text: string) => Date.parse(text);
  const yearsOf = (point: Partial<PlannedMeteringPoint>, settings: Partial<PlanSettings> = {}) =>
    yearsToCompare(planning(point, settings)).map(({ startsOn }) => startsOn.year);

  test("begin with the newest that the plan asks for, and are all that have stored hours", () => {
    expect(yearsOf({})).toEqual([2026]);
    expect(yearsOf({ contractTo: Temporal.PlainDate.from("2024-12-31") })).toEqual([2024]);
    const stored = { oldestHourEpochMs: hour("2023-05-01T00:00Z"), newestHourEpochMs: hour("2025-01-01T00:00Z") };
    const ended = { ...stored, contractTo: Temporal.PlainDate.from("2024-12-31") };
    // Whatever the backfill is limited to, and even where hours lie beyond the end of the contract.
    expect(yearsOf(ended, { backfill: "none" })).toEqual([2025, 2024, 2023]);
  });

  test("go on to the older one as the plan does", () => {
    const older = (backfill: PlanSettings["backfill"], year: number) => {
      const state = readOnce("A", "year", new Temporal.PlainDate(year, 1, 1));
      const found = compareYear(state, { told: [], stored: [] }, [state], planning({}, { backfill }));
      return found.years.slice(1).map(({ startsOn }) => startsOn.year);
    };
    expect(older("all", 2026)).toEqual([2025]);
    expect(older("none", 2026)).toEqual([]);
    expect(older(Temporal.PlainDate.from("2025-12-31"), 2026)).toEqual([2025]);
  });

  test("have the months that Caruna+ reports or of which something is stored", () => {
    const state = readOnce("A", "year", new Temporal.PlainDate(2026, 1, 1));
    const totals = { told: [on("2026-02-01", told(900))], stored: [on("2026-04-01", stored(3, 1))] };
    const { months } = compareYear(state, totals, [state], planning());
    expect(months.map(({ startsOn, isDue }) => [startsOn.month, isDue])).toEqual([
      [2, true],
      [4, false],
    ]);
  });
});

describe("hours", () => {
  test("that are all the same make a total that does not match Caruna+'s contradiction, not ours", () => {
    expect(differenceByHours(compared({ told: told(40), isDue: true }), [])).toEqual({
      ...{ meteringPointId: "A", span: "day", startsOn: DAY, kwhTold: 40, kwhStored: 36, hours: 24 },
      values: [{ value: "kwhTotal", reported: 40, stored: 36 }],
    });
    expect(differenceByHours(compared(), [])).toBeUndefined();
  });

  test("that Caruna+ does not show of a day make no difference of a total of 0", () => {
    expect(differenceByHours(compared({ told: told(0), stored: undefined, isDue: true }), [])).toBeUndefined();
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
    ...notLoaded(compared({ startsOn: Temporal.PlainDate.from(day), stored: undefined })),
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

  test("what is extra alone is not repaired by loading", () => {
    const hours = { missing: 0, other: 0, extra: 2 };
    expect(isFixable(onDay("2026-03-28", { hours }))).toBe(false);
    expect(isFixable(onDay("2026-03-28"))).toBe(true);
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

  test("tells days left to the day that BACKFILL names where the contract began before it", () => {
    const days = (backfill: string, contractFrom: string) => {
      const meter = new LookBackMeter(() => Date.UTC(2026, 2, 20));
      const points = [{ ...point, contractFrom: Temporal.PlainDate.from(contractFrom) }];
      const limited = { ...plan, backfill: Temporal.PlainDate.from(backfill) };
      return meter.after({ ...round(["2026-03-11"], 24), points, plan: limited })?.daysLeft;
    };
    expect(days("2026-03-05", "2026-03-01")).toBe(6);
    expect(days("2026-03-01", "2026-03-05")).toBe(6);
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
