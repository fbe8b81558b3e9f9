import { describe, expect, test } from "vitest";
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
    expect(sums.map(({ startsOn, ...kwh }) => ({ startsOn: startsOn.toString(), ...kwh }))).toEqual([
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
});
