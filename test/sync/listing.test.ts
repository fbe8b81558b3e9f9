import { afterEach, describe, expect, test } from "vitest";
import { MeteringPointNotFound } from "../../src/sync/index.js";
import { storedRows } from "../support/truth.js";
import { at, EngineWorld } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => {
  await world.close();
});

const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-11-01" } as const;
const FLAT = { product: "general", assetId: "A2", startDate: "2026-11-05" } as const;

const differencesNow = async (simulator = world.simulator) =>
  differences(await meteredRows(world.database), publishedRows(simulator, world.nowEpochMs));

describe("a list of metering points", () => {
  const unusable = [
    ["is not understood", "<p>huoltokatko</p>"],
    ["is empty", "[]"],
  ] as const;

  test.each(unusable)("that %s does not stop the ones that are known, and is asked for again", async (_, body) => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    const program = await world.start();
    await program.cycle();
    world.nowEpochMs = at("2026-11-21T10:10");
    const answer = {
      status: 200,
      headers: { "content-type": "application/json" },
      body: `{"msg": ${JSON.stringify(body)}}`,
    };
    const given = body === "[]" ? { ...answer, body } : answer;
    world.simulator.answerNext({ pathIncludes: "/assets/meteringpoints", answer: given });
    world.simulator.answerNext({ pathIncludes: "/assets", answer: given });
    await program.engine.cycle({ withHistory: false }, new AbortController().signal);
    expect(await differencesNow()).toEqual([]);
    const before = world.simulator.requests.length;
    world.nowEpochMs = at("2026-11-21T11:10");
    await program.cycle();
    expect(world.apiPathsSince(before)).toContain("assets");
  });

  test("that lacks the named metering point for a day does not stop the others", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
    await (await world.start({ meteringPoint: "A1" })).cycle();
    const before = await storedRows(world.database);
    world.nowEpochMs = at("2026-11-22T10:10");
    const simulator = await world.later({ meters: [FLAT] });
    const program = await world.start({ meteringPoint: "A1" }, simulator);
    await program.cycle();
    const ofFlat = (await meteredRows(world.database)).filter(({ meter }) => meter === "A2");
    expect(differences(ofFlat, publishedRows(simulator, world.nowEpochMs))).toEqual([]);
    expect(await storedRows(world.database)).toEqual(before);
    expect(program.said.some(({ message }) => message.includes("METERING_POINT"))).toBe(true);
  });

  test("that never had the named metering point is an error that lists those there are", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await expect((await world.start({ meteringPoint: "A9" })).cycle()).rejects.toThrow(MeteringPointNotFound);
  });
});

test("an hour that needs its product waits for the contracts, and is not split by a guess", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE], energyShape: "minimal" });
  const program = await world.start();
  world.simulator.answerNext({ pathIncludes: "/contracts", times: Number.POSITIVE_INFINITY, answer: { status: 503 } });
  await expect(program.cycle()).rejects.toThrow("out of reach");
  expect(await meteredRows(world.database)).toEqual([]);
  world.nowEpochMs = at("2026-11-20T11:10");
  const simulator = await world.later({ meters: [HOUSE], energyShape: "minimal" });
  await (await world.start({}, simulator)).cycle();
  const splits = await world.database.query(
    "SELECT DISTINCT split_source, kwh_day IS NULL = (kwh_night IS NOT NULL) AS is_split FROM metering_point_hourly",
  );
  expect(splits).toEqual([{ split_source: "calendar", is_split: true }]);
});
