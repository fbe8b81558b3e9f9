import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
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
