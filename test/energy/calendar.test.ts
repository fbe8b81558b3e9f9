import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { clockProduct, readingsOfDay, splitByClock } from "../../src/energy/index.js";
import { row } from "./support.js";

const at = (wallClock: string) =>
  Temporal.PlainDateTime.from(wallClock).toZonedDateTime("Europe/Helsinki").epochMilliseconds;

describe("the split by the clock", () => {
  test.each([
    ["Yösiirto 25 A", "night"],
    ["Kausisiirto 3x35 A", "seasonal"],
    ["Yleissiirto 25 A", undefined],
    ["Tehosiirto", undefined],
    [null, undefined],
  ])("the product of %s", (description, product) => {
    expect(clockProduct(description)).toBe(product);
  });

  test.each([
    ["night", "2026-01-15T06:00", "night"],
    ["night", "2026-01-15T07:00", "day"],
    ["night", "2026-07-15T21:00", "day"],
    ["night", "2026-07-15T22:00", "night"],
    ["seasonal", "2026-01-17T07:00", "night_winter"],
    ["seasonal", "2026-01-18T12:00", "other_times"],
    ["seasonal", "2026-03-31T21:00", "night_winter"],
    ["seasonal", "2026-04-01T12:00", "other_times"],
    ["seasonal", "2026-11-02T07:00", "night_winter"],
    ["seasonal", "2026-11-02T06:00", "other_times"],
  ] as const)("%s at %s is %s", (product, wallClock, tariff) => {
    const split = splitByClock(product, at(wallClock), 1.5);
    const columns = {
      day: split.kwhDay,
      other_times: split.kwhDay,
      night: split.kwhNight,
      night_winter: split.kwhNightWinter,
    };
    expect(split.tariff).toBe(tariff);
    expect(columns[tariff]).toBe(1.5);
    expect([split.kwhDay, split.kwhNight, split.kwhNightWinter].filter((kwh) => kwh !== null)).toHaveLength(1);
  });

  test("serves the hours without parts of Caruna+'s own, and no others", () => {
    const rows = [
      row("2026-01-15T06:00:00+02:00", 1),
      row("2026-01-15T07:00:00+02:00", 2, { nighttime: 2 }),
      row("2026-01-15T08:00:00+02:00", 3, { allDay: 3 }),
    ];
    const { readings } = readingsOfDay(rows, Temporal.PlainDate.from("2026-01-15"), () => "night");
    expect(readings.map(({ kwhNight, kwhDay, splitSource }) => [kwhNight, kwhDay, splitSource])).toEqual([
      [1, null, "calendar"],
      [2, null, "caruna"],
      [null, null, null],
    ]);
  });
});
