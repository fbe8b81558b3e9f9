import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { type DayOfReadings, readingsOfDay } from "../../src/energy/index.js";
import { hoursDated, row, utc, wall, withOffset } from "./support.js";

const of = (date: string, rows: Parameters<typeof readingsOfDay>[0]) =>
  readingsOfDay(rows, Temporal.PlainDate.from(date));

/** `02:00+02:00 1.5` for each reading. */
const told = ({ readings }: DayOfReadings) =>
  readings.map(
    ({ startEpochMs, kwhTotal }) =>
      `${withOffset(startEpochMs).slice(11, 16)}${withOffset(startEpochMs).slice(19)} ${kwhTotal}`,
  );

describe("rows of an ordinary day", () => {
  test("a published row is a reading with its parts", () => {
    const { readings, ...rest } = of("2023-08-14", [row("2023-08-14T22:00:00+03:00", 1.85, { nighttime: 1.85 })]);
    expect(readings).toEqual([
      {
        startEpochMs: Date.parse("2023-08-14T19:00:00Z"),
        kwhTotal: 1.85,
        kwhDay: null,
        kwhNight: 1.85,
        kwhNightWinter: null,
        tariff: "night",
        kwhInvoiced: 1.85,
        kwhProduction: null,
        kwhSold: null,
        kwhCompensated: null,
        temperatureCelsius: 4,
        eurTotal: null,
        eurDistribution: null,
        eurBase: null,
        eurTax: null,
        eurVat: null,
        status: 150,
        parts: { nighttime: 1.85 },
        splitSource: "caruna",
      },
    ]);
    expect(rest).toEqual({ unpublished: 23, unknownParts: [], problems: [] });
  });

  test("the same hour in every form of a time stamp", () => {
    for (const stamp of [
      "2022-12-31T22:00:00.000Z",
      "2022-12-31T22:00Z",
      "2023-01-01T00:00:00+02:00",
      "2023-01-01T00:00:00+0200",
      "2023-01-01 00:00:00+02",
      "2023-01-01T00:00:00",
      "2023-01-01T00:00",
      "2022-12-31T17:00:00-05:00",
      "2023-01-01T03:30:00+05:30",
    ]) {
      expect(told(of("2023-01-01", [row(stamp, 1.33)])), stamp).toEqual(["00:00+02:00 1.33"]);
    }
  });

  test("an hour that is not published is no reading; a published zero is one", () => {
    const result = of("2026-01-05", [row("2026-01-05T00:00:00+02:00"), row("2026-01-05T01:00:00+02:00", 0)]);
    expect(told(result)).toEqual(["01:00+02:00 0"]);
    expect(result).toMatchObject({ unpublished: 23, problems: [] });
  });

  test("a value of an hour stays as received, however long", () => {
    expect(of("2026-01-05", [row("2026-01-05T00:00:00+02:00", 1.23456789)]).readings[0]?.kwhTotal).toBe(1.23456789);
  });

  test("an identical repeat is dropped silently", () => {
    const rows = [row("2026-01-05T05:00:00+02:00", 1, { daytime: 1 }), row("2026-01-05T03:00:00Z", 1, { daytime: 1 })];
    expect(of("2026-01-05", rows)).toMatchObject({ readings: [{ kwhTotal: 1 }], problems: [] });
  });

  test("of two differing rows of one time the later counts, and that is told without values", () => {
    const result = of("2026-01-05", [row("2026-01-05T05:00:00+02:00", 17.25), row("2026-01-05T05:00:00+02:00", 18.5)]);
    expect(told(result)).toEqual(["05:00+02:00 18.5"]);
    expect(result.problems).toEqual([
      '2026-01-05: rows that were replaced by a later one of the same time: 1, the first at "2026-01-05T05:00:00+02:00"',
    ]);
    const onlyParts = [row("2026-01-05T05:00:00Z", 1, { day: 1 }), row("2026-01-05T05:00:00Z", 1, { night: 1 })];
    expect(of("2026-01-05", onlyParts)).toMatchObject({
      readings: [{ tariff: "night" }],
      problems: [expect.anything()],
    });
  });

  test("a published row beats an unpublished one of the same time, in either order", () => {
    const published = row("2026-01-05T05:00:00+02:00", 1);
    const empty = row("2026-01-05T05:00:00+02:00");
    for (const rows of [
      [published, empty],
      [empty, published],
    ]) {
      expect(of("2026-01-05", rows)).toMatchObject({ readings: [{ kwhTotal: 1 }], problems: [] });
    }
  });

  test("rows outside of the day, at odd times and of no time are left out and told", () => {
    const result = of("2026-01-05", [
      row("2026-01-04T23:00:00+02:00", 1),
      row("2026-01-06T00:00:00+02:00", 1),
      row("2026-01-05T10:07:00+02:00", 1),
      row("2026-01-05T10:00:00.5+02:00", 1),
      row("yesterday", 1),
      row("2026-02-30T10:00:00+02:00", 1),
      row("2026-01-05T24:00:00+02:00", 1),
      row("", 1),
      row("2026-01-05T12:00:00+02:00", 7.5),
    ]);
    expect(told(result)).toEqual(["12:00+02:00 7.5"]);
    expect(result.problems).toEqual([
      expect.stringMatching(/lie outside of the day: 2, the first at "2026-01-04T23:00:00\+02:00"/),
      expect.stringMatching(/start at no quarter of an hour: 2/),
      expect.stringMatching(/not understood: 4, the first at "yesterday"/),
    ]);
    expect(result.problems.join()).not.toContain("7.5");
  });

  test("an unknown part is listed once and the total is kept", () => {
    const rows = hoursDated("2026-01-05").map((hour) => row(withOffset(hour), 2, { peak: 2 }));
    const result = of("2026-01-05", rows);
    expect(result).toMatchObject({ unpublished: 0, unknownParts: ["peak"] });
    expect(result.readings[0]).toMatchObject({ kwhTotal: 2, kwhDay: null, tariff: "other_times" });
  });

  test("no rows, no readings", () => {
    expect(of("2026-10-25", [])).toEqual({ readings: [], unpublished: 25, unknownParts: [], problems: [] });
  });
});

describe("quarters and half hours", () => {
  const quarters = (hour: number, values: (number | null)[]) =>
    values.map((kwh, index) =>
      row(utc(hour + (index * 3_600_000) / values.length), kwh, kwh === null ? {} : { daytime: kwh }),
    );
  const [first = 0, second = 0, third = 0] = hoursDated("2026-01-05");

  test("four quarters are the hour, without the noise of binary fractions", () => {
    const result = of("2026-01-05", quarters(first, [0.1, 0.2, 0.3, 0.1]));
    expect(result.readings).toMatchObject([{ kwhTotal: 0.7, kwhDay: 0.7, kwhNight: null, tariff: "day" }]);
  });

  test("an hour with a quarter that is missing or not published is not published", () => {
    const rows = [
      ...quarters(first, [1, 1, 1, 1]),
      ...quarters(second, [1, 1, null, 1]),
      ...quarters(third, [1, 1, 1, 1]).slice(1),
    ];
    expect(told(of("2026-01-05", rows))).toEqual(["00:00+02:00 4"]);
  });

  test("unpublished rows tell the spacing too: one published quarter is not taken for an hour", () => {
    expect(of("2026-01-05", quarters(first, [1, null, null, null])).readings).toEqual([]);
    expect(of("2026-01-05", [row(utc(first), 1), row(utc(second + 900_000))]).readings).toEqual([]);
  });

  test("two half hours are the hour", () => {
    expect(told(of("2026-01-05", [...quarters(first, [1, 2]), ...quarters(second, [1, null])]))).toEqual([
      "00:00+02:00 3",
    ]);
  });

  test("a part that is absent in some quarters counts zero there", () => {
    const rows = quarters(first, [1, 1, 1, 1]).map((quarter, index) => ({
      ...quarter,
      parts: index === 0 ? { nighttime: 1 } : { daytime: 1, nighttime: 0 },
    }));
    expect(of("2026-01-05", rows).readings).toMatchObject([
      { kwhTotal: 4, kwhDay: 3, kwhNight: 1, kwhNightWinter: null, tariff: "day" },
    ]);
  });
});

describe("the 23-hour day in March", () => {
  const hours = hoursDated("2026-03-29");

  test("02:00 shown twice is one hour, and no hour is lost or doubled", () => {
    const rows = hours.flatMap((hour, index) => {
      const one = row(withOffset(hour), index + 1);
      return withOffset(hour).includes("T02:00") ? [one, one] : [one];
    });
    expect(of("2026-03-29", rows)).toMatchObject({ unpublished: 0, problems: [] });
    expect(told(of("2026-03-29", rows)).slice(1, 4)).toEqual(["01:00+02:00 2", "02:00+02:00 3", "04:00+03:00 4"]);
  });

  test("a 03:00 without a zone does not exist and is told", () => {
    const result = of("2026-03-29", [
      row("2026-03-29T02:00:00", 1),
      row("2026-03-29T03:00:00", 2),
      row("2026-03-29T04:00:00", 3),
    ]);
    expect(told(result)).toEqual(["02:00+02:00 1", "04:00+03:00 3"]);
    expect(result.problems).toEqual([expect.stringMatching(/clocks skip.*T03:00:00/)]);
  });
});

describe("the 25-hour day in October", () => {
  const first = "2026-10-25T03:00:00+03:00";
  const second = "2026-10-25T03:00:00+02:00";

  test("offsets tell the two 03:00s apart", () => {
    expect(told(of("2026-10-25", [row(second, 2), row(first, 1)]))).toEqual(["03:00+03:00 1", "03:00+02:00 2"]);
  });

  test.each([
    ["the first offset", first],
    ["the second offset", second],
    ["UTC", "2026-10-25T00:00:00Z"],
    ["no zone", "2026-10-25T03:00:00"],
  ])("two rows of one stamp with %s are the two, in their order, even when they are equal", (_form, stamp) => {
    expect(told(of("2026-10-25", [row(stamp, 1), row(stamp, 2)]))).toEqual(["03:00+03:00 1", "03:00+02:00 2"]);
    expect(told(of("2026-10-25", [row(stamp, 5), row(stamp, 5)]))).toEqual(["03:00+03:00 5", "03:00+02:00 5"]);
    expect(told(of("2026-10-25", [row(stamp, 1), row(stamp)]))).toEqual(["03:00+03:00 1"]);
    expect(told(of("2026-10-25", [row(stamp), row(stamp, 2)]))).toEqual(["03:00+02:00 2"]);
  });

  test("where both instants are there by themselves, a repeat is a repeat", () => {
    expect(of("2026-10-25", [row(first, 1), row(first, 1), row(second, 2)])).toMatchObject({
      readings: [{ kwhTotal: 1 }, { kwhTotal: 2 }],
      problems: [],
    });
  });

  test("a third row of one stamp is a repeat of the second", () => {
    const result = of("2026-10-25", [row(first, 1), row(first, 2), row(first, 2)]);
    expect(told(result)).toEqual(["03:00+03:00 1", "03:00+02:00 2"]);
    expect(result.problems).toEqual([]);
  });

  test("one row without a zone is the first of the two", () => {
    expect(told(of("2026-10-25", [row("2026-10-25T03:00:00", 1)]))).toEqual(["03:00+03:00 1"]);
  });

  test("quarters without a zone: eight rows of four stamps are two hours", () => {
    const rows = hoursDated("2026-10-25").flatMap((hour) =>
      [0, 1, 2, 3].map((quarter) => row(wall(hour + quarter * 900_000), quarter + 1)),
    );
    expect(of("2026-10-25", rows)).toMatchObject({ unpublished: 0, problems: [] });
    expect(of("2026-10-25", rows).readings.map(({ kwhTotal }) => kwhTotal)).toEqual(Array(25).fill(10));
  });

  test("on the day before, two rows of one 03:00 are one hour", () => {
    expect(told(of("2026-10-24", [row("2026-10-24T03:00:00", 5), row("2026-10-24T03:00:00", 5)]))).toEqual([
      "03:00+03:00 5",
    ]);
  });
});
