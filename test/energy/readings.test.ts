import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import type { EnergyRow } from "../../src/caruna/index.js";
import { type DayOfReadings, hoursFromRows, readingsOfDay } from "../../src/energy/index.js";
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

  test("rows outside of the day, at odd times and of no time are left out and reported", () => {
    const result = of("2026-01-05", [
      row("2026-01-04T23:00:00+02:00", 1),
      row("2026-01-06T00:00:00+02:00", 1),
      row("2026-01-05T10:07:00+02:00", 1),
      row("2026-01-05T10:30:00.5+02:00", 1),
      row("yesterday", 1),
      row("2026-02-30T10:00:00+02:00", 1),
      row("2026-01-05T24:00:00+02:00", 1),
      row("0000-01-01T00:00:00+02:00", 1),
      row("", 1),
      row("2026-01-05T12:00:00+02:00", 7.5),
    ]);
    expect(told(result)).toEqual(["12:00+02:00 7.5"]);
    expect(result.problems).toEqual([
      expect.stringMatching(/lie outside of the day: 2, the first at "2026-01-04T23:00:00\+02:00"/),
      expect.stringMatching(/not understood: 5, the first at "yesterday"/),
      expect.stringMatching(/left out: "2026-01-05T10:07:00\+02:00", "2026-01-05T10:30:00.5\+02:00"$/),
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

  test("unpublished rows count for the spacing too: one published quarter is not taken for an hour", () => {
    expect(of("2026-01-05", quarters(first, [1, null, null, null])).readings).toEqual([]);
  });

  test("the spacing is each hour's own: a meter may move to quarters, and back, within a day", () => {
    const rows = [...quarters(first, [1]), ...quarters(second, [1, 1, 1, 1]), ...quarters(third, [5])];
    const result = of("2026-01-05", rows);
    expect(told(result)).toEqual(["00:00+02:00 1", "01:00+02:00 4", "02:00+02:00 5"]);
    expect(result.problems).toEqual([]);
  });

  test.each([
    ["a row at :15 alone, without any value", [15]],
    ["a row at :15 beside the hour's own", [0, 15]],
    ["a meter that moves in the middle of the hour", [0, 30, 45]],
    ["rows of five minutes", Array.from({ length: 12 }, (_, index) => index * 5)],
    ["a row at no quarter", [0, 7]],
    ["quarters without the first", [15, 30, 45]],
  ])("odd rows cost their own hour alone, and are named: %s", (_, minutes) => {
    const odd = minutes.map((minute) => row(utc(second + minute * 60_000), minutes.length === 1 ? null : 1));
    const rows = hoursDated("2026-01-05").flatMap((hour) => (hour === second ? odd : [row(utc(hour), 2)]));
    const { readings, unpublished, problems } = of("2026-01-05", rows);
    expect(readings).toHaveLength(23);
    expect(readings.every(({ startEpochMs, kwhTotal }) => startEpochMs !== second && kwhTotal === 2)).toBe(true);
    expect(unpublished).toBe(1);
    expect(problems).toEqual([
      expect.stringContaining(
        `left out: ${odd
          .slice(0, 8)
          .map(({ timestamp }) => `"${timestamp}"`)
          .join(", ")}`,
      ),
    ]);
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

describe("values beside the total", () => {
  const DATE = "2026-06-05";
  const [first = 0] = hoursDated(DATE);
  const quartersWith = (values: readonly Partial<EnergyRow>[]) =>
    values.map((value, index) => ({ ...row(utc(first + index * 900_000), 1), ...value }));

  test("a value that only some quarters carry is 0 in the others, and what none carries is not reported", () => {
    const rows = quartersWith([
      { productionKwh: 0.1, soldKwh: 0.1, totalEur: 0.01, invoicedKwh: null },
      { productionKwh: 0.2, invoicedKwh: 0.25, status: 120, temperatureCelsius: 7 },
      { temperatureCelsius: null, status: null, invoicedKwh: null },
      { compensatedKwh: 0.3, invoicedKwh: null },
    ]);
    expect(of(DATE, rows).readings).toMatchObject([
      {
        ...{ kwhTotal: 4, kwhProduction: 0.3, kwhSold: 0.1, kwhCompensated: 0.3, kwhInvoiced: 0.25 },
        ...{ eurTotal: 0.01, eurBase: null, temperatureCelsius: 5, status: 150 },
      },
    ]);
  });

  test("a missing total keeps the hour open, whatever else its quarters carry", () => {
    const rows = quartersWith([{}, { totalKwh: null, productionKwh: 1 }, {}, {}]);
    expect(of(DATE, rows)).toMatchObject({ readings: [], unpublished: 24 });
  });

  test("the highest status of the quarters is the hour's, in whatever order they come", () => {
    for (const statuses of [
      [150, 200, null, 100],
      [100, null, 150, 200],
      [200, 150, 100, null],
    ]) {
      expect(of(DATE, quartersWith(statuses.map((status) => ({ status })))).readings).toMatchObject([{ status: 200 }]);
    }
  });

  test("consumption that was set off against production has no parts: the calendar splits what is invoiced", () => {
    const rows = [
      { ...row(utc(first), 1.5), invoicedKwh: 0 },
      { ...row(utc(first + 3_600_000), 1.5), invoicedKwh: 0.5 },
      { ...row(utc(first + 7_200_000), 1.5), invoicedKwh: null },
    ];
    const { readings } = readingsOfDay(rows, Temporal.PlainDate.from(DATE), () => "night");
    expect(readings.map(({ kwhTotal, kwhNight, kwhDay, tariff }) => [kwhTotal, kwhNight, kwhDay, tariff])).toEqual([
      [1.5, 0, null, "night"],
      [1.5, 0.5, null, "night"],
      [1.5, 1.5, null, "night"],
    ]);
  });

  test("a metering point that measures production alone has hours of production, with a total of 0", () => {
    const produced = (hour: number, kwh: number | null) => ({ ...row(utc(hour)), productionKwh: kwh });
    const rows = [produced(first, 0.5), produced(first + 3_600_000, null), produced(first + 7_200_000, 0)];
    const { readings, unpublished } = readingsOfDay(rows, Temporal.PlainDate.from(DATE), () => "night");
    expect(readings).toMatchObject([
      { startEpochMs: first, kwhTotal: 0, kwhProduction: 0.5, kwhNight: null, splitSource: null },
      { startEpochMs: first + 7_200_000, kwhTotal: 0, kwhProduction: 0 },
    ]);
    expect(unpublished).toBe(22);
    const quarters = quartersWith([0.1, null, 0.2, null].map((productionKwh) => ({ totalKwh: null, productionKwh })));
    expect(of(DATE, quarters).readings).toMatchObject([{ kwhProduction: 0.3 }]);
  });

  test("production that comes before the totals publishes no hour of a metering point that has totals", () => {
    const rows = [row(utc(first), 1), { ...row(utc(first + 3_600_000)), productionKwh: 0.5 }];
    expect(of(DATE, rows).readings).toHaveLength(1);
  });
});

describe("the quarters that an hour was made of", () => {
  const DATE = "2026-06-05";
  const [first = 0, second = 0, third = 0] = hoursDated(DATE);

  test("are there for hours that were made of quarters alone", () => {
    const rows = [
      row(utc(first), 1),
      ...[0, 30].map((minute) => row(utc(second + minute * 60_000), 1)),
      ...[0, 15, 30, 45].map((minute) => row(utc(third + minute * 60_000), minute / 10, { daytime: minute / 10 })),
    ];
    const { hours } = hoursFromRows(rows, Temporal.PlainDate.from(DATE));
    expect(hours.map(({ spacing, quarters }) => [spacing, quarters?.length])).toEqual([
      ["hour", undefined],
      ["half-hours", undefined],
      ["quarters", 4],
    ]);
    expect(hours[2]?.quarters?.map(({ startEpochMs, kwhTotal, kwhDay }) => [startEpochMs, kwhTotal, kwhDay])).toEqual(
      [0, 15, 30, 45].map((minute) => [third + minute * 60_000, minute / 10, minute / 10]),
    );
  });

  test("sum to the hour, value by value", () => {
    const amount = fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { freq: 3 });
    const quarter = fc.record({
      ...{ totalKwh: fc.double({ min: 0, max: 50, noNaN: true }), invoicedKwh: amount, productionKwh: amount },
      ...{ soldKwh: amount, compensatedKwh: amount, totalEur: amount, distributionEur: amount, vatEur: amount },
      parts: fc.dictionary(
        fc.constantFrom("daytime", "nighttime", "winterDay", "otherTime", "peak"),
        fc.double({ min: 0, max: 50, noNaN: true }),
      ),
    });
    const fields = [
      ...(["kwhTotal", "kwhDay", "kwhNight", "kwhNightWinter", "kwhInvoiced", "kwhProduction"] as const),
      ...(["kwhSold", "kwhCompensated", "eurTotal", "eurDistribution", "eurVat"] as const),
    ];
    fc.assert(
      fc.property(
        fc.array(quarter, { minLength: 4, maxLength: 4 }),
        fc.constantFrom("night" as const, undefined),
        (values, product) => {
          const rows = values.map((value, index) => ({ ...row(utc(first + index * 900_000)), ...value }));
          const [read] = hoursFromRows(rows, Temporal.PlainDate.from(DATE), () => product).hours;
          for (const field of fields) {
            const quarters = read?.quarters?.map((one) => one[field]) ?? [];
            const sum = quarters.reduce<number>((total, value) => total + (value ?? 0), 0);
            expect(
              quarters.filter((value) => (value === null) !== (read?.hour[field] === null)),
              field,
            ).toEqual([]);
            expect(Math.abs(sum - (read?.hour[field] ?? 0)), field).toBeLessThan(1e-9);
          }
        },
      ),
    );
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

  test.each([
    ["the first hourly, the second in quarters", [[6], [1, 2, 3, 4]], ["03:00+03:00 6", "03:00+02:00 10"]],
    ["the first in quarters, the second hourly", [[1, 2, 3, 4], [6]], ["03:00+03:00 10", "03:00+02:00 6"]],
  ])("a meter that moves between the two, their stamps the same: %s", (_, hours, expected) => {
    const rows = hours.flatMap((values) =>
      values.map((kwh, index) => row(`2026-10-25T03:${String((index * 60) / values.length).padStart(2, "0")}:00`, kwh)),
    );
    expect(told(of("2026-10-25", rows))).toEqual(expected);
  });

  test("a repeated row of the second, which the first has no row for, is a repeat", () => {
    const rows = [
      row(first, 6),
      ...[0, 15, 15, 30, 45].map((minute) => row(second.replace(":00:", `:${String(minute).padStart(2, "0")}:`), 1)),
    ];
    expect(told(of("2026-10-25", rows))).toEqual(["03:00+03:00 6", "03:00+02:00 4"]);
  });

  test("on the day before, two rows of one 03:00 are one hour", () => {
    expect(told(of("2026-10-24", [row("2026-10-24T03:00:00", 5), row("2026-10-24T03:00:00", 5)]))).toEqual([
      "03:00+03:00 5",
    ]);
  });
});
