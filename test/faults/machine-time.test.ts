import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY_MS, EngineWorld, HOUR_MS } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

let world: EngineWorld;

beforeEach(async () => {
  world = await EngineWorld.create("2026-11-23T10:00", {
    meters: [{ startDate: "2026-11-16" }, { startDate: "2026-11-12" }],
  });
});
afterEach(() => world.close());

const wrong = async () =>
  differences(await meteredRows(world.database), publishedRows(world.simulator, world.nowEpochMs));

test("a machine that sleeps for a week in the middle of a cycle has every hour with the next one", async () => {
  let isAsleep = false;
  const program = await world.start({
    onRound: async () => {
      if (!isAsleep) world.nowEpochMs += 7 * DAY_MS;
      isAsleep = true;
    },
  });
  await program.cycle();
  expect(isAsleep).toBe(true);
  await program.cycle();
  expect(await wrong()).toEqual([]);
});

test.each([
  ["ahead by a month", 30 * DAY_MS],
  ["behind by a year", -365 * DAY_MS],
])("a clock that jumps %s in the middle of a cycle, and back after a day: every hour is there", async (_, offsetMs) => {
  let jumped = 0;
  const program = await world.start({
    onRound: async () => {
      if (jumped === 0) world.clockOffsetMs = offsetMs;
      jumped += 1;
    },
  });
  // Under a wrong clock a cycle may fail, but not the one after that.
  await program.cycle().catch(() => {});
  await world.hourly(
    { cycle: () => program.cycle().catch(async () => await nothing()) },
    world.nowEpochMs + DAY_MS,
    6 * HOUR_MS,
  );
  world.clockOffsetMs = 0;
  expect(jumped).toBeGreaterThan(0);
  await world.hourly(program, world.nowEpochMs + 2 * DAY_MS, 6 * HOUR_MS);
  expect(await wrong()).toEqual([]);
});

async function nothing() {
  return { days: 0, months: 0, years: 0, inserted: 0, changed: 0, unchanged: 0, unpublished: 0 };
}
