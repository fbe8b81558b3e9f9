import { afterEach, describe, expect, test } from "vitest";
import type { Simulator } from "../../src/simulator/index.js";
import { storedRows } from "../support/truth.js";
import { at, EngineWorld } from "./engine-world.js";
import { energyHourlyDifferences } from "./simulated-year.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => {
  await world.close();
});

const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-10-25" } as const;
const FLAT = { product: "general", assetId: "A2", startDate: "2026-11-05" } as const;

async function expectFollowed(simulator: Simulator, assetId: string): Promise<void> {
  const truth = publishedRows(simulator, world.nowEpochMs, assetId);
  expect(energyHourlyDifferences(await storedRows(world.database), truth)).toEqual([]);
}

describe("energy_hourly, with no metering point named", () => {
  test("is not given to the one that is left while the list lacks the one it follows, and goes on with that after", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await (await world.start()).cycle();
    const before = await storedRows(world.database);
    world.nowEpochMs = at("2026-11-21T10:10");
    const withoutHouse = await world.later({ meters: [FLAT] });
    const program = await world.start({}, withoutHouse);
    await program.cycle();
    expect(await storedRows(world.database)).toEqual(before);
    const ofFlat = (await meteredRows(world.database)).filter(({ meter }) => meter === "A2");
    expect(differences(ofFlat, publishedRows(withoutHouse, world.nowEpochMs))).toEqual([]);
    expect(program.said.some(({ level, message }) => level === "warn" && message.includes("energy_hourly"))).toBe(true);
    world.nowEpochMs = at("2026-11-22T10:10");
    const withBoth = await world.later({ meters: [HOUSE, FLAT] });
    await (await world.start({}, withBoth)).cycle();
    await expectFollowed(withBoth, "A1");
  });

  test.each([
    ["has lost", "DELETE FROM energy_hourly WHERE datetime >= '2026-11-03' AND datetime < '2026-11-07'"],
    ["has lost all at once", "DELETE FROM energy_hourly"],
    ["has other values of", "UPDATE energy_hourly SET kwh_total = kwh_total + 1 WHERE datetime < '2026-11-07'"],
  ])("gets back the hours that it alone %s, with the next day's first cycle", async (_, damage) => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    const program = await world.start();
    await program.cycle();
    await world.database.query(damage);
    world.nowEpochMs = at("2026-11-21T10:10");
    await program.cycle();
    await expectFollowed(world.simulator, "A1");
    expect(program.said.filter(({ message }) => message.includes("put back"))).toHaveLength(1);
    world.nowEpochMs = at("2026-11-22T10:10");
    await program.cycle();
    expect(program.said.filter(({ message }) => message.includes("put back"))).toHaveLength(1);
  });
});
