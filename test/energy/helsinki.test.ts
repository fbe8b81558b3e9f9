import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { localTimes } from "../../src/energy/helsinki.js";
import { dayBounds, hoursOfDay, lastDays, localDay } from "../../src/energy/index.js";
import { hoursDated } from "./support.js";

const day = (date: string) => Temporal.PlainDate.from(date);

describe("local days of Helsinki", () => {
  test.each([
    ["2026-03-28", 24],
    ["2026-03-29", 23],
    ["2026-10-25", 25],
    ["2024-02-29", 24],
    ["2022-12-31", 24],
  ])("%s has %i hours, each once", (date, count) => {
    expect(hoursOfDay(day(date))).toHaveLength(count);
    expect(hoursOfDay(day(date))).toEqual(hoursDated(date));
  });

  test("ten years of days join without a gap and agree with the EU's rule", () => {
    let date = day("2020-01-01");
    let end = dayBounds(date).startEpochMs;
    while (date.year < 2030) {
      const bounds = dayBounds(date);
      expect(bounds.startEpochMs).toBe(end);
      expect(hoursOfDay(date), date.toString()).toEqual(hoursDated(date.toString()));
      end = bounds.endEpochMs;
      date = date.add({ days: 1 });
    }
  });

  test("an instant belongs to the day on the Finnish wall", () => {
    expect(localDay(Date.parse("2026-01-01T21:59:59Z")).toString()).toBe("2026-01-01");
    expect(localDay(Date.parse("2026-01-01T22:00:00Z")).toString()).toBe("2026-01-02");
    expect(localDay(Date.parse("2026-07-01T21:00:00Z")).toString()).toBe("2026-07-02");
  });

  test("the last days end with yesterday, oldest first", () => {
    const days = (now: string, count: number) => lastDays(Date.parse(now), count).map(String);
    expect(days("2026-03-30T00:30:00+03:00", 3)).toEqual(["2026-03-27", "2026-03-28", "2026-03-29"]);
    expect(days("2026-03-29T23:59:59+03:00", 1)).toEqual(["2026-03-28"]);
    expect(days("2026-01-01T12:00:00Z", 0)).toEqual([]);
  });
});

describe("an instant as it is written in Finland", () => {
  const HOUR_MS = 3_600_000;
  /** As the zone itself tells it, asked for this instant. */
  const asked = (epochMs: number) => {
    const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO("Europe/Helsinki");
    const iso = local.toString({ timeZoneName: "never", smallestUnit: "second" });
    return { iso, wallTime: iso.slice(0, 16).replace("T", " "), utcOffsetHours: local.offsetNanoseconds / 3.6e12 };
  };
  /** The end of mean solar time, the only summer of the war, both changes of a year, and the years at both ends. */
  const around = fc
    .constantFrom(
      ...["1921-04-30T22:20:11Z", "1942-04-02T22:00Z", "1942-10-03T22:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z"],
      ...["1878-05-31T22:20:11Z", "0001-01-01T00:00Z", "9999-12-31T23:00Z"],
    )
    .map((text) => Date.parse(text));
  const instant = fc.oneof(
    fc.integer({ min: Date.parse("1850-01-01"), max: Date.parse("2200-01-01") }),
    fc.tuple(around, fc.integer({ min: -60 * HOUR_MS, max: 60 * HOUR_MS })).map(([edge, away]) => edge + away),
  );

  test("is what the zone says, in whatever order instants come", () => {
    fc.assert(
      fc.property(fc.array(instant, { maxLength: 40 }), (instants) => {
        expect(instants.map(localTimes())).toEqual(instants.map(asked));
      }),
      { numRuns: 300 },
    );
  });

  test("hour after hour, over three years", () => {
    const first = Date.parse("2023-12-31T22:00Z");
    const hours = Array.from({ length: 3 * 366 * 24 }, (_, hour) => first + hour * HOUR_MS);
    const timeAt = localTimes();
    const different = hours.filter((hour) => JSON.stringify(timeAt(hour)) !== JSON.stringify(asked(hour)));
    expect(different).toEqual([]);
  });
});
