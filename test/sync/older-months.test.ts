import { afterEach, expect, test } from "vitest";
import { DAY_MS, EngineWorld, type Program } from "./engine-world.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const { signal } = new AbortController();

async function runDaily({ sync }: Program, days: number): Promise<void> {
  for (const end = world.nowEpochMs + days * DAY_MS; world.nowEpochMs < end; ) {
    world.nowEpochMs += DAY_MS;
    await sync();
  }
}

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
  await runDaily(program, 2);
  expect(await days()).toEqual(before);
});
