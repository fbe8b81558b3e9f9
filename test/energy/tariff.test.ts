import { describe, expect, test } from "vitest";
import { splitByTariff } from "../../src/energy/index.js";

const NOTHING = { kwhDay: null, kwhNight: null, kwhNightWinter: null, tariff: "other_times", unknownParts: [] };

describe("parts of the distribution product", () => {
  test.each([
    ["nighttime", { kwhNight: 1.5, tariff: "night" }],
    ["NIGHT", { kwhNight: 1.5, tariff: "night" }],
    ["daytime", { kwhDay: 1.5, tariff: "day" }],
    ["winterDay", { kwhNightWinter: 1.5, tariff: "night_winter" }],
    ["winter_night", { kwhNightWinter: 1.5, tariff: "night_winter" }],
    ["otherTime", { kwhDay: 1.5, tariff: "other_times" }],
    ["otherDay", { kwhDay: 1.5, tariff: "day" }],
    ["allDay", {}],
    ["ALL_DAY", {}],
    ["general", {}],
    ["generalDay", {}],
    ["constructor", { unknownParts: ["constructor"] }],
    ["Peak", { unknownParts: ["Peak"] }],
  ])("%s", (name, expected) => {
    expect(splitByTariff({ [name]: 1.5 })).toEqual({ ...NOTHING, ...expected });
  });

  test("no parts, no split", () => {
    expect(splitByTariff({})).toEqual(NOTHING);
  });

  test("both columns may be filled; the larger part names the tariff, a zero part is zero and not missing", () => {
    expect(splitByTariff({ daytime: 0.4, nighttime: 0.6 })).toMatchObject({
      kwhDay: 0.4,
      kwhNight: 0.6,
      tariff: "night",
    });
    expect(splitByTariff({ daytime: 0.6, nighttime: 0.4 })).toMatchObject({ tariff: "day" });
    expect(splitByTariff({ daytime: 0.6, nighttime: 0 })).toMatchObject({ kwhNight: 0, tariff: "day" });
  });

  test("equal parts are named in the order of the rule", () => {
    expect(splitByTariff({ other: 1, day: 1, night: 1, winter: 1 }).tariff).toBe("night_winter");
    expect(splitByTariff({ other: 1, day: 1, night: 1 }).tariff).toBe("night");
    expect(splitByTariff({ other: 1, day: 1 }).tariff).toBe("day");
  });

  test("several parts of one column add up, without the noise of binary fractions", () => {
    expect(splitByTariff({ day: 0.1, otherTime: 0.2 })).toMatchObject({ kwhDay: 0.3, tariff: "other_times" });
    expect(splitByTariff({ night1: 0.1, night2: 0.7, day: 0.75 })).toMatchObject({ kwhNight: 0.8, tariff: "night" });
  });

  test("an unknown part does not keep a known one from its column", () => {
    expect(splitByTariff({ peak: 9, nighttime: 1 })).toMatchObject({
      kwhNight: 1,
      tariff: "night",
      unknownParts: ["peak"],
    });
  });
});
