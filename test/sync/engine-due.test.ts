import { afterEach, expect, test } from "vitest";
import { at, DAY_MS, EngineWorld, HOUR_MS } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const { signal } = new AbortController();
const meterOf = () => world.simulator.household.meters[0]?.assetId ?? "";
const differencesNow = async () =>
  differences(await meteredRows(world.database), publishedRows(world.simulator, world.nowEpochMs));

test("a look back that goes on past midnight brings the days that have ended meanwhile", async () => {
  world = await EngineWorld.create("2026-11-30T23:50", { meters: [{ startDate: "2026-03-01" }], publishHour: 0 });
  let rounds = 0;
  const program = await world.start({
    onRound: async () => {
      rounds += 1;
      // Into a month that no check of a month knows yet.
      if (rounds === 3) world.nowEpochMs = at("2026-12-02T08:10");
    },
  });
  await program.engine.cycle({ withHistory: true }, signal);
  expect(rounds).toBeGreaterThan(3);
  expect(await differencesNow()).toEqual([]);
});

test("what is due is found behind any number of days that a wrong clock has left in the future", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-10-01" }] });
  const program = await world.start();
  await program.cycle();
  world.simulator.household.revise(meterOf(), at("2026-10-20T13:00"), 9.99);
  // Settled days have nothing due, but have to be put right before what comes after them can be seen.
  const settledAhead = `
    INSERT INTO metering_point_period (metering_point, span, starts_on, asked_at, settled_at)
    SELECT $1, 'day', day, to_timestamp($2), to_timestamp($2)
    FROM generate_series('2023-01-01'::date, '2025-12-31', '1 day') AS day`;
  await world.database.query(settledAhead, [meterOf(), (world.nowEpochMs + 40 * DAY_MS) / 1000]);
  const dueMonth = "span = 'month' AND starts_on = '2026-10-01'";
  await world.database.query(`UPDATE metering_point_period SET next_ask_at = to_timestamp(0) WHERE ${dueMonth}`);
  await program.engine.cycle({ withHistory: false }, signal);
  expect(await differencesNow()).toEqual([]);
  const wrong = "SELECT count(*)::int AS periods FROM metering_point_period WHERE asked_at > to_timestamp($1)";
  expect(await world.database.query(wrong, [world.nowEpochMs / 1000])).toEqual([{ periods: 0 }]);
});

test("months and years that the look back has seen are checked from then on without a look back", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-07-10" }] });
  const program = await world.start();
  await program.cycle();
  const { household } = world.simulator;
  for (const hour of ["2026-08-06T18:00", "2026-10-11T11:00"]) household.revise(meterOf(), at(hour), 9.99);
  const cycle = () => program.engine.cycle({ withHistory: false }, signal);
  await world.hourly({ cycle }, at("2026-11-28T10:10"), 24 * HOUR_MS);
  expect(await differencesNow()).toEqual([]);
});
