import { afterEach, describe, expect, test } from "vitest";
import { at, DAY_MS, EngineWorld, type Program } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const { signal } = new AbortController();

/** The hours before an instant that are not stored as Caruna+ shows them now. */
async function differencesBefore(epochMs: number): Promise<string[]> {
  const before = (row: { readonly epochMs: number }) => row.epochMs < epochMs;
  const expected = publishedRows(world.simulator, world.nowEpochMs).filter(before);
  expect(expected).not.toEqual([]);
  const stored = (await meteredRows(world.database)).filter(before);
  // Where an hour moves to another part, the one before is 0: nothing is replaced by NULL.
  const withoutZeros = stored.map((row) => ({ ...row, kwh_day: row.kwh_day === 0 ? null : row.kwh_day }));
  return differences(withoutZeros, expected);
}

async function runEvery(stepDays: number, days: number, { sync }: Program): Promise<void> {
  for (const end = world.nowEpochMs + days * DAY_MS; world.nowEpochMs < end; ) {
    world.nowEpochMs += stepDays * DAY_MS;
    await sync();
  }
}

describe("a month that is asked for no more every day", () => {
  const create = async () => {
    const meter = { assetId: "A1", startDate: "2026-07-20", solarKwp: 4, product: "nightly" } as const;
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [meter] });
    const program = await world.start();
    await program.engine.cycle({ withHistory: true }, signal);
    expect(await differencesBefore(world.nowEpochMs)).toEqual([]);
    return program;
  };

  test("is read again within nine days where a fee, a part or production was corrected that its year shows", async () => {
    const program = await create();
    const { household } = world.simulator;
    household.change("A1", at("2026-07-25T12:00"), { totalFee: 0.5 });
    household.change("A1", at("2026-08-06T18:00"), { part: "nighttime" });
    household.change("A1", at("2026-09-11T11:00"), { productionKwh: 2.22 });
    expect(await differencesBefore(world.nowEpochMs)).toHaveLength(3);
    await runEvery(1, 9, program);
    expect(await differencesBefore(at("2026-11-20T00:00"))).toEqual([]);
  });

  test("is read again on account of its temperature where the mean of the month shows it", async () => {
    const program = await create();
    const { household } = world.simulator;
    for (const { startEpochMs, temperatureCelsius } of household.truthOfDay("A1", "2026-08-06"))
      household.change("A1", startEpochMs, { temperatureCelsius: temperatureCelsius + 20 });
    await runEvery(1, 9, program);
    expect(await differencesBefore(at("2026-11-20T00:00"))).toEqual([]);
  });
});

test.each([[15], [40]])(
  "fees that come %i days late are stored, those of an older month too, by a run every four days",
  async (feesAfterDays) => {
    const meters = [{ assetId: "A1", startDate: "2026-10-10" }];
    world = await EngineWorld.create("2026-10-20T10:10", { meters, feesAfterDays });
    const program = await world.start();
    await program.cycle();
    await runEvery(4, 72, program);
    expect(await differencesBefore(world.nowEpochMs - (feesAfterDays + 10) * DAY_MS)).toEqual([]);
  },
);

test("a monthly answer that has days of the months beside it says nothing of them", async () => {
  const meters = [{ assetId: "A1", startDate: "2026-08-10" }];
  world = await EngineWorld.create("2026-11-20T10:10", { meters, monthsShowNeighbours: true });
  const program = await world.start();
  await program.engine.cycle({ withHistory: true }, signal);
  const days = () =>
    world.database.query(
      `SELECT starts_on::text, asked_at, next_ask_at, kwh_told FROM metering_point_period
       WHERE span = 'day' AND starts_on IN ('2026-09-30', '2026-10-31') ORDER BY starts_on`,
    );
  const before = await days();
  expect(before).toHaveLength(2);
  await runEvery(1, 2, program);
  expect(await days()).toEqual(before);
});
