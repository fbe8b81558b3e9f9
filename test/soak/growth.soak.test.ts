import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { DAY_MS, EngineWorld, HOUR_MS, type Program } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

const MONTHS = 12;
const STEP_HOURS = Number(process.env.STEP_HOURS ?? 1);

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What a running program holds. */
function held(program: Program) {
  const lines = program.said.length;
  program.forget();
  collectGarbage();
  return {
    heapMb: process.memoryUsage().heapUsed / 1_048_576,
    handles: process.getActiveResourcesInfo().length,
    lines,
  };
}

test("a year of cycles: no more memory, handles or lines of the log a month at its end than at its beginning", async () => {
  const world = await EngineWorld.create("2026-01-01T10:00", {
    meters: [{ startDate: "2025-12-20" }],
    requestsKept: 100,
  });
  try {
    const program = await world.start();
    const months = [];
    for (let month = 0; month < MONTHS; month += 1) {
      await world.hourly(program, world.nowEpochMs + 30 * DAY_MS, STEP_HOURS * HOUR_MS);
      months.push(held(program));
    }
    process.stdout.write(`${months.map((month) => JSON.stringify(month)).join("\n")}\n`);
    const truth = publishedRows(world.simulator, world.nowEpochMs);
    expect(differences(await meteredRows(world.database), truth)).toEqual([]);
    const [second, last] = [months[1], months.at(-1)];
    if (second === undefined || last === undefined) throw new Error("no months");
    expect(last.handles).toBeLessThanOrEqual(second.handles + 2);
    expect(last.lines).toBeLessThan(second.lines * 1.5);
    // What the simulated Caruna+ holds of its meter's year, and the compiler's work, are in it too.
    expect(last.heapMb).toBeLessThan(second.heapMb + 4);
  } finally {
    await world.close();
  }
}, 3_600_000);
