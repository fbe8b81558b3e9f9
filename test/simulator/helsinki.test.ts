import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { HOUR_MS, hoursOfLocalDay, isoWithOffset, localTimeAt } from "../../src/simulator/helsinki.js";

describe("the simulator's calendar of Helsinki", () => {
  it("agrees with the time zone database over ten years", () => {
    const mistakes: string[] = [];
    let expected = Temporal.Instant.from("2019-01-01T00:00:00Z").toZonedDateTimeISO("Europe/Helsinki");
    // Every fifth hour meets every hour of the clock; the days of change are looked at hour by hour below.
    for (let hour = expected.epochMilliseconds; hour < Date.parse("2029-01-01T00:00:00Z"); hour += 5 * HOUR_MS) {
      const local = localTimeAt(hour);
      if (local.hour !== expected.hour || local.day !== expected.day || local.weekday !== expected.dayOfWeek)
        mistakes.push(isoWithOffset(hour));
      expected = expected.add({ hours: 5 });
    }
    expect(mistakes).toEqual([]);
  });

  it.each([
    ["2026-03-29", 23],
    ["2026-10-25", 25],
    ["2023-03-26", 23],
    ["2023-10-29", 25],
    ["2026-06-21", 24],
  ])("counts the hours of %s: %i", (date, count) => {
    const start = Temporal.PlainDate.from(date).toZonedDateTime("Europe/Helsinki").epochMilliseconds;
    const { year, month, day } = Temporal.PlainDate.from(date);
    const expected = Array.from({ length: count }, (_, index) => start + index * HOUR_MS);
    expect(hoursOfLocalDay(year, month, day)).toEqual(expected);
  });

  it("writes the two 03:00s of October with their offsets", () => {
    expect(hoursOfLocalDay(2026, 10, 25).slice(3, 5).map(isoWithOffset)).toEqual([
      "2026-10-25T03:00:00+03:00",
      "2026-10-25T03:00:00+02:00",
    ]);
  });
});
