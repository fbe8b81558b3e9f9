import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { afterEach, describe, expect, test } from "vitest";
import type { EnergyRow } from "../../src/caruna/index.js";
import { type HourlyReading, readingsOfDay } from "../../src/energy/index.js";
import { hoursDated, row, utc, wall, withOffset } from "./support.js";

const HOUR_MS = 3_600_000;

/** What an hour used in hundredths of a kWh a row, or `null` while it is not published; how it is split. */
interface TrueHour {
  readonly day: number[];
  readonly night: number[];
  readonly unpublishedRow: number | null;
}

const dates = fc.oneof(
  fc.constantFrom("2026-03-29", "2026-10-25", "2023-03-26", "2025-10-26", "2026-03-28", "2026-10-26", "2024-02-29"),
  fc.integer({ min: 0, max: 3650 }).map((days) => Temporal.PlainDate.from("2020-01-01").add({ days }).toString()),
);

const hour = fc.constantFrom(1, 2, 4).chain((rowsAnHour) => {
  const hundredths = fc.array(fc.nat(500), { minLength: rowsAnHour, maxLength: rowsAnHour });
  return fc.record({
    day: hundredths,
    night: hundredths,
    unpublishedRow: fc.option(fc.nat(rowsAnHour - 1), { freq: 4 }),
  });
});

const scenarios = dates.chain((date) => {
  const starts = hoursDated(date);
  const allRows = [...Array(starts.length * 4).keys()];
  return fc.record({
    date: fc.constant(date),
    starts: fc.constant(starts),
    hours: fc.array(hour, { minLength: starts.length, maxLength: starts.length }),
    split: fc.constantFrom("none" as const, "nightly" as const, "seasonal" as const),
    stamp: fc.constantFrom("offset" as const, "utc" as const, "none" as const, "one stamp twice" as const),
    repeats: fc.uniqueArray(fc.nat(starts.length - 1), { maxLength: 5 }),
    order: fc.shuffledSubarray(allRows, { minLength: allRows.length }),
  });
});

type Scenario = typeof scenarios extends fc.Arbitrary<infer S> ? S : never;

const NAMES = {
  none: { day: "general", night: "allDay" },
  nightly: { day: "daytime", night: "nighttime" },
  seasonal: { day: "otherTime", night: "winterDay" },
};

function stampOf(form: Scenario["stamp"], epochMs: number): string {
  if (form === "utc") return utc(epochMs);
  if (form === "none") return wall(epochMs);
  // The October answer that shows one stamp twice: both 03:00s carry the first one's offset.
  const hourBefore = epochMs - HOUR_MS;
  return form === "one stamp twice" && wall(hourBefore) === wall(epochMs)
    ? withOffset(hourBefore)
    : withOffset(epochMs);
}

function rowsOf({ hours, starts, split, stamp, repeats, order }: Scenario): EnergyRow[] {
  const names = NAMES[split];
  const rows = hours.flatMap((hour, index) =>
    hour.day.map((day, part) => {
      const epochMs = (starts[index] ?? 0) + (part * HOUR_MS) / hour.day.length;
      const night = hour.night[part] ?? 0;
      if (hour.unpublishedRow === part) return row(stampOf(stamp, epochMs));
      return row(stampOf(stamp, epochMs), (day + night) / 100, { [names.day]: day / 100, [names.night]: night / 100 });
    }),
  );
  // Where two hours of different spacing bear the same stamps, their order alone tells them apart.
  const [first, second] = hours.filter(
    (_, index) => [REPEATED_HOUR, REPEATED_HOUR + 1].includes(index) && starts.length === 25,
  );
  const isOrdered = first?.day.length !== second?.day.length && (stamp === "none" || stamp === "one stamp twice");
  return withRepeats(isOrdered ? rows : shuffled(rows, order), stamp, repeats);
}

/** The hour of a day of 25 that is shown a second time by the next one. */
const REPEATED_HOUR = 3;

/** In another order; rows of one stamp keep theirs, since nothing else tells them apart. */
function shuffled(rows: readonly EnergyRow[], order: readonly number[]): EnergyRow[] {
  const waiting = new Map<string, EnergyRow[]>();
  for (const one of rows) waiting.set(one.timestamp, [...(waiting.get(one.timestamp) ?? []), one]);
  return order.flatMap((index) => waiting.get(rows[index]?.timestamp ?? "")?.shift() ?? []);
}

/** Some rows a second time, where a repeat cannot be taken for the other 03:00. */
function withRepeats(rows: readonly EnergyRow[], stamp: Scenario["stamp"], repeats: readonly number[]): EnergyRow[] {
  const mayRepeat = stamp === "offset" || stamp === "utc";
  return rows.flatMap((one, index) => (mayRepeat && repeats.includes(index) ? [one, one] : [one]));
}

function truthOf({ hours, starts, split }: Scenario): HourlyReading[] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return hours.flatMap(({ day, night, unpublishedRow }: TrueHour, index): HourlyReading[] => {
    if (unpublishedRow !== null) return [];
    const larger = sum(day) > sum(night) ? "day" : "night";
    const tariffs = {
      day: { nightly: "day", seasonal: "other_times" },
      night: { nightly: "night", seasonal: "night_winter" },
    } as const;
    return [
      {
        startEpochMs: starts[index] ?? 0,
        kwhTotal: sum([...day, ...night]) / 100,
        kwhDay: split === "none" ? null : sum(day) / 100,
        kwhNight: split === "nightly" ? sum(night) / 100 : null,
        kwhNightWinter: split === "seasonal" ? sum(night) / 100 : null,
        tariff: split === "none" ? "other_times" : tariffs[larger][split],
      },
    ];
  });
}

const processTimeZone = process.env.TZ;

describe.each([
  ["UTC", 0],
  ["America/New_York", 300],
  ["Asia/Kolkata", -330],
])("in a process whose time zone is %s", (timeZone, minutesBehindUtc) => {
  afterEach(() => {
    if (processTimeZone === undefined) delete process.env.TZ;
    else process.env.TZ = processTimeZone;
  });

  test("any hours in any form, spacing and order of rows come out as the same readings", () => {
    process.env.TZ = timeZone;
    expect(new Date(Date.UTC(2026, 0, 5)).getTimezoneOffset()).toBe(minutesBehindUtc);
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const expected = truthOf(scenario);
        const day = readingsOfDay(rowsOf(scenario), Temporal.PlainDate.from(scenario.date));
        expect({ ...day, readings: day.readings.map(energyOf) }).toEqual({
          readings: expected,
          unpublished: scenario.starts.length - expected.length,
          unknownParts: [],
          problems: [],
        });
      }),
      { numRuns: 400 },
    );
  });
});

test("rows of any text and any numbers never throw, and never make more readings than hours", () => {
  const stamps = fc.oneof(
    fc.string(),
    fc
      .date({ min: new Date("2026-10-24"), max: new Date("2026-10-27"), noInvalidDate: true })
      .map((date) => date.toISOString()),
    fc.constantFrom(...hoursDated("2026-10-25").flatMap((hour) => [wall(hour), withOffset(hour), utc(hour)])),
  );
  const rows = fc.array(
    fc.tuple(
      stamps,
      fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })),
      fc.dictionary(fc.string(), fc.double({ noNaN: true, min: 0, max: 1e6 })),
    ),
  );
  fc.assert(
    fc.property(rows, (given) => {
      const { readings, unpublished } = readingsOfDay(
        given.map(([stamp, total, parts]) => row(stamp, total, parts)),
        Temporal.PlainDate.from("2026-10-25"),
      );
      expect(readings.length + unpublished).toBe(25);
      expect(new Set(readings.map(({ startEpochMs }) => startEpochMs)).size).toBe(readings.length);
    }),
    { numRuns: 500 },
  );
});

/** The energy of a reading alone, without temperature and costs. */
function energyOf({ startEpochMs, kwhTotal, kwhDay, kwhNight, kwhNightWinter, tariff }: HourlyReading): HourlyReading {
  return { startEpochMs, kwhTotal, kwhDay, kwhNight, kwhNightWinter, tariff };
}
