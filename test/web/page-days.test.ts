import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import {
  addDays,
  addMonths,
  clamped,
  dayOf,
  daysInMonth,
  hoursIn,
  hoursOf,
  isDay,
  periodsOf,
  spanOf,
  startOf,
  turned,
  weekdayOf,
} from "../../src/web/page/browser/days.js";
import { hashOf, readView } from "../../src/web/page/browser/view.js";

const ZONE = "Europe/Helsinki";

describe("days of Finland, whatever the zone of the browser", () => {
  test("agree with the calendar on every day of twelve years", () => {
    for (let day = Temporal.PlainDate.from("2019-01-01"); day.year < 2031; day = day.add({ days: 1 })) {
      const text = day.toString();
      const start = day.toZonedDateTime(ZONE).epochMilliseconds;
      expect(startOf(text)).toBe(start);
      expect([dayOf(start), dayOf(start - 1)]).toEqual([text, day.subtract({ days: 1 }).toString()]);
      expect(hoursOf(text)).toHaveLength(day.toZonedDateTime(ZONE).hoursInDay);
      expect(weekdayOf(text)).toBe(day.dayOfWeek - 1);
      expect(daysInMonth(text)).toBe(day.daysInMonth);
      expect(addMonths(text, 1)).toBe(day.add({ months: 1 }).toString());
      expect(addMonths(text, -12)).toBe(day.subtract({ months: 12 }).toString());
    }
  });

  test("have 23 hours in March and 25 in October, and a year has all of its own", () => {
    expect([hoursOf("2026-03-29"), hoursOf("2026-10-25")].map(({ length }) => length)).toEqual([23, 25]);
    expect(hoursIn({ from: "2028-01-01", to: "2028-12-31" })).toBe(366 * 24);
  });

  test.each(["2026-02-29", "2026-13-01", "2026-1-1", "", "yesterday"])("%j is none", (text) => {
    expect(isDay(text)).toBe(false);
  });
});

describe("what is shown at once", () => {
  const everything = { from: "2024-05-12", to: "2026-11-22" };

  test.each([
    ["hour", "2026-02-10", "2026-02-10"],
    ["day", "2026-02-01", "2026-02-28"],
    ["month", "2026-01-01", "2026-12-31"],
    ["year", "2024-01-01", "2026-12-31"],
  ] as const)("by the %s is %s to %s", (by, from, to) => {
    expect(spanOf(by, "2026-02-10", everything)).toEqual({ from, to });
  });

  test("has a place for every period, those to come included", () => {
    expect(periodsOf("day", spanOf("day", "2026-11-22", everything))).toHaveLength(30);
    expect(periodsOf("month", spanOf("month", "2026-11-22", everything)).at(-1)).toBe("2026-12-01");
    expect(periodsOf("year", spanOf("year", "2026-11-22", everything))).toEqual([
      "2024-01-01",
      "2025-01-01",
      "2026-01-01",
    ]);
  });

  test("turns to where something is stored and no further", () => {
    expect(turned("hour", "2026-11-21", 1, everything)).toBe("2026-11-22");
    expect(turned("hour", "2026-11-22", 1, everything)).toBeUndefined();
    expect(turned("day", "2024-06-03", -1, everything)).toBe("2024-05-12");
    expect(turned("month", "2025-11-30", 1, everything)).toBe("2026-11-22");
    expect(turned("month", "2024-06-01", -1, everything)).toBeUndefined();
    expect(turned("year", "2025-06-01", -1, everything)).toBeUndefined();
  });

  test("stays within what is stored", () => {
    expect(clamped("2020-01-01", everything)).toBe("2024-05-12");
    expect(clamped(addDays(everything.to, 9), everything)).toBe("2026-11-22");
  });
});

describe("the address of a view", () => {
  const points = [
    { id: "A&B=1", isFollowed: false, everything: { from: "2026-01-01", to: "2026-06-30" } },
    { id: "FSK1", isFollowed: true, everything: { from: "2024-05-12", to: "2026-11-22" } },
  ];

  test("says what it was made from", () => {
    const view = { point: "A&B=1", by: "month", day: "2026-03-01", show: "cost", year: 2026 } as const;
    expect(readView(hashOf(view), points)).toEqual(view);
  });

  test("is the newest month of the followed metering point where it says nothing", () => {
    expect(readView("", points)).toEqual({ point: "FSK1", by: "day", day: "2026-11-22", show: "energy", year: 2026 });
  });

  test.each(["#main", "#point=gone&by=week&day=2026-02-31&show=all&year=-1", "#day=2099-01-01&year=2099"])(
    "%s leads to something that is there",
    (hash) => {
      expect(readView(hash, points)).toEqual({
        point: "FSK1",
        by: "day",
        day: "2026-11-22",
        show: "energy",
        year: 2026,
      });
    },
  );

  test("is nothing where there is no metering point", () => {
    expect(readView("#by=hour", [])).toBeUndefined();
  });
});
