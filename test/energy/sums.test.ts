import { describe, expect, test } from "vitest";
import type { EnergyRow } from "../../src/caruna/index.js";
import { toldSums } from "../../src/energy/index.js";
import { row } from "./support.js";

const shown = (answer: ReturnType<typeof toldSums>) =>
  answer.sums.map(({ startsOn, kwhTotal }) => `${startsOn} ${kwhTotal}`);

describe("the totals of a monthly or yearly answer", () => {
  test("are of Finnish days, earliest first, with their parts by price", () => {
    const { sums, problems } = toldSums(
      [
        row("2026-02-01T22:00:00Z", 3, { daytime: 1, nighttime: 2 }),
        row("2026-02-01T00:00:00+02:00", 4, { winterDay: 3, otherTime: 1 }),
        row("2026-02-03T00:00:00", 5),
      ],
      "day",
    );
    expect(
      sums.map(({ startsOn, kwhTotal, kwhDay, kwhNight, kwhNightWinter }) => {
        return { startsOn: startsOn.toString(), kwhTotal, kwhDay, kwhNight, kwhNightWinter };
      }),
    ).toEqual([
      { startsOn: "2026-02-01", kwhTotal: 4, kwhDay: 1, kwhNight: null, kwhNightWinter: 3 },
      { startsOn: "2026-02-02", kwhTotal: 3, kwhDay: 1, kwhNight: 2, kwhNightWinter: null },
      { startsOn: "2026-02-03", kwhTotal: 5, kwhDay: null, kwhNight: null, kwhNightWinter: null },
    ]);
    expect(problems).toEqual([]);
  });

  test("of months begin on their first day, whichever day their stamp names", () => {
    const rows = [row("2026-03-31T00:00:00+03:00", 2), row("2026-01-31T22:00:00Z", 1)];
    expect(shown(toldSums(rows, "month"))).toEqual(["2026-02-01 1", "2026-03-01 2"]);
  });

  test("of a period that comes twice are the later's, a row without a total reports nothing, 0 is a total", () => {
    const rows = [
      row("2026-02-01T00:00:00+02:00", 1),
      row("2026-02-01T00:00:00+02:00", 2),
      row("2026-02-01T00:00:00+02:00", null),
      row("2026-02-02T00:00:00+02:00", null),
      row("2026-02-03T00:00:00+02:00", 0),
    ];
    expect(shown(toldSums(rows, "day"))).toEqual(["2026-02-01 2", "2026-02-03 0"]);
  });

  test("leave out a stamp that is not understood, and name it without its value", () => {
    const { sums, problems } = toldSums([row("some day", 17.25), row("2026-02-03T00:00:00+02:00", 1)], "day");
    expect(sums).toHaveLength(1);
    expect(problems).toEqual(['a row has a time stamp that is not understood: "some day"']);
  });

  test("of a metering point that measures production alone are 0 on days that have production", () => {
    const produced = (date: string, kwh: number | null) => ({ ...row(`${date}T00:00:00+02:00`), productionKwh: kwh });
    const rows = [produced("2026-02-01", 1.5), produced("2026-02-02", null), produced("2026-02-03", 0)];
    expect(shown(toldSums(rows, "day"))).toEqual(["2026-02-01 0", "2026-02-03 0"]);
    expect(shown(toldSums([...rows, row("2026-02-04T00:00:00+02:00", 2)], "day"))).toEqual(["2026-02-04 2"]);
  });

  test("have every other value beside them, and null where the answer has none", () => {
    const kwh = { invoicedKwh: 8, productionKwh: 3, soldKwh: 2, compensatedKwh: 1 };
    const eur = { totalEur: 0.5, distributionEur: 0.1, baseEur: 0.2, taxEur: 0.15, vatEur: 0.05 };
    const [full, bare] = toldSums([{ ...row("2026-02-01", 9), ...kwh, ...eur }, row("2026-02-02", 9)], "day").sums;
    expect(full?.others).toEqual({
      ...{ kwhInvoiced: 8, kwhProduction: 3, kwhSold: 2, kwhCompensated: 1, temperatureCelsius: 4 },
      ...{ eurTotal: 0.5, eurDistribution: 0.1, eurBase: 0.2, eurTax: 0.15, eurVat: 0.05 },
    });
    expect(bare?.others).toMatchObject({ kwhProduction: null, eurTotal: null, eurVat: null });
  });
});

test("the digest of a period changes with any value that is reported of it, and with nothing else", () => {
  const reported: EnergyRow = row("2026-02-01T00:00:00+02:00", 9, { daytime: 4, nighttime: 5 });
  const digest = (changes: Partial<EnergyRow>) => toldSums([{ ...reported, ...changes }], "day").sums[0]?.digest;
  const changes: Partial<EnergyRow>[] = [
    ...[{ totalKwh: 9.01 }, { invoicedKwh: 8 }, { productionKwh: 0 }, { soldKwh: 0 }, { compensatedKwh: 0 }],
    ...[{ temperatureCelsius: 5 }, { totalEur: 1 }, { distributionEur: 1 }, { baseEur: 1 }, { taxEur: 1 }],
    ...[{ vatEur: 1 }, { status: 180 }, { parts: { daytime: 5, nighttime: 4 } }, { parts: { daytime: 4, night: 5 } }],
  ];
  const digests = changes.map(digest);
  expect(new Set([...digests, digest({})]).size).toBe(changes.length + 1);
  // Written in another way: the time in UTC, the parts in another order.
  expect(digest({ timestamp: "2026-01-31T22:00:00Z", parts: { nighttime: 5, daytime: 4 } })).toBe(digest({}));
});
