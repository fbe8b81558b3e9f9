import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { type EnergyRow, hoursOf, type MeteredHour, splitByClock } from "../../src/index.js";
import type { SimulatorOptions } from "../../src/simulator/index.js";
import { clientFor, errorOf, simulatorFor } from "../support/caruna.js";
import { row } from "./support.js";

const NOW = Temporal.Instant.from("2026-11-10T12:00:00+02:00").epochMilliseconds;
const METER = { customerId: "50123456", assetId: "FSK000127" };

async function collected(rows: Iterable<EnergyRow> | AsyncIterable<EnergyRow>, problems: string[] = []) {
  const hours: MeteredHour[] = [];
  for await (const hour of hoursOf(rows, { onProblem: (problem) => problems.push(problem) })) hours.push(hour);
  return hours;
}

describe("hoursOf()", () => {
  const kinds: [kind: string, options: SimulatorOptions][] = [
    ["hours", {}],
    ["quarters", { quarterHours: true }],
    ["stamps in UTC", { stamps: "utc" }],
    ["stamps without a zone", { stamps: "none" }],
    [
      "the row of the skipped hour twice, and one stamp for the hour shown twice",
      { march: "row-twice", october: "one-stamp-twice" },
    ],
    ["quarters without a zone", { quarterHours: true, stamps: "none" }],
    ["the older shape", { energyShape: "wrapped" }],
  ];
  test.each(kinds)("yields the hours of the days around both changes of the clocks: %s", async (_, options) => {
    const simulator = await simulatorFor({ now: () => NOW, ...options });
    const { client } = clientFor(simulator, { now: () => NOW });
    for (const days of [
      ["2026-03-28", "2026-03-29", "2026-03-30"],
      ["2026-10-24", "2026-10-25", "2026-10-26"],
    ]) {
      const [from = "", , to = ""] = days;
      const problems: string[] = [];
      const hours = await collected(client.energy({ meteringPoint: METER, from, to, resolution: "hour" }), problems);
      const truth = days.flatMap((day) => simulator.household.truthOfDay(METER.assetId, day));
      expect(hours.map(({ startEpochMs, kwhTotal }) => [startEpochMs, kwhTotal])).toEqual(
        truth.map(({ startEpochMs, kwhTotal }) => [startEpochMs, kwhTotal]),
      );
      expect(problems).toEqual([]);
    }
  });

  test("leaves out hours that are not published", async () => {
    const rows = [
      row("2026-03-10T00:00:00+02:00", 1),
      row("2026-03-10T01:00:00+02:00", null),
      row("2026-03-10T02:00:00+02:00", 3),
    ];
    expect((await collected(rows)).map(({ kwhTotal }) => kwhTotal)).toEqual([1, 3]);
  });

  test("splits hours without parts by the product that it is handed", async () => {
    const hours: MeteredHour[] = [];
    const rows = [row("2026-03-10T06:00:00+02:00", 1), row("2026-03-10T07:00:00+02:00", 2)];
    for await (const hour of hoursOf(rows, { productAt: () => "night" })) hours.push(hour);
    expect(hours).toMatchObject(
      hours.map(({ startEpochMs, kwhTotal }) => splitByClock("night", startEpochMs, kwhTotal)),
    );
    expect(hours.map(({ tariff }) => tariff)).toEqual(["night", "day"]);
  });

  test("tells of rows that it cannot use", async () => {
    const problems: string[] = [];
    const rows = [
      row("2026-03-10T00:00:00+02:00", 1, { moonlight: 1 }),
      row("some time", 2),
      row("2026-03-10T01:05:00+02:00", 2),
    ];
    expect(await collected(rows, problems)).toHaveLength(1);
    expect(problems).toEqual([
      'a row has a time stamp that is not understood: "some time"',
      expect.stringContaining('is left out: "2026-03-10T01:05:00+02:00"'),
      "2026-03-10: a transfer product part that no rule knows: moonlight",
    ]);
  });

  test("refuses rows that are not in order of days, since it would tell a day in two", async () => {
    const rows = [row("2026-03-10T00:00:00+02:00", 1), row("2026-03-09T00:00:00+02:00", 1)];
    expect((await errorOf(collected(rows))).message).toBe(
      "The rows must be in order of time, but one of 2026-03-09 comes after 2026-03-10.",
    );
  });

  test("reads no further than a day ahead, and ends its source when it is left", async () => {
    let read = 0;
    let isEnded = false;
    function* endless(): Generator<EnergyRow> {
      try {
        for (let hour = 0; ; hour += 1) {
          read += 1;
          yield row(Temporal.Instant.fromEpochMilliseconds(NOW + hour * 3_600_000).toString(), 1);
        }
      } finally {
        isEnded = true;
      }
    }
    for await (const _ of hoursOf(endless())) break;
    expect(read).toBeLessThanOrEqual(25);
    expect(isEnded).toBe(true);
  });
});
