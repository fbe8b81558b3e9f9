import { afterEach, describe, expect, test } from "vitest";
import { storedRows } from "../support/truth.js";
import { at, EngineWorld, HOUR_MS } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => {
  await world.close();
});

const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-10-10" } as const;
const FLAT = { product: "general", assetId: "A2", startDate: "2026-11-05" } as const;

const expectAllHours = async (simulator = world.simulator) => {
  expect(differences(await meteredRows(world.database), publishedRows(simulator, world.nowEpochMs))).toEqual([]);
};

/** The hours of `energy_hourly` and those of a metering point are the same. */
async function expectFollowed(assetId: string, extra = 0): Promise<void> {
  const there = new Map((await storedRows(world.database)).map((row) => [row.epochMs, row.kwh_total]));
  const wanted = (await meteredRows(world.database)).filter(({ meter }) => meter === assetId);
  expect(wanted.filter(({ epochMs, kwh_total }) => there.get(epochMs) !== kwh_total)).toEqual([]);
  expect(there.size).toBe(wanted.length + extra);
}

describe("a metering point", () => {
  test("that is new is loaded with all its history, beside the others", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await (await world.start()).cycle();
    world.nowEpochMs = at("2026-11-21T10:10");
    const simulator = await world.later({ meters: [HOUSE, FLAT] });
    await (await world.start({ meteringPoint: "A1" }, simulator)).cycle();
    await expectAllHours(simulator);
    await expectFollowed("A1");
  });

  test("that moves to another customer goes on with its hours", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await (await world.start()).cycle();
    world.nowEpochMs = at("2026-11-23T10:10");
    const simulator = await world.later({ meters: [{ ...HOUSE, customerNumber: "50999999" }] });
    await (await world.start({}, simulator)).cycle();
    await expectAllHours(simulator);
    await expectFollowed("A1");
    expect(await world.database.query("SELECT id, customer FROM metering_point")).toEqual([
      { id: "A1", customer: "50999999" },
    ]);
  });

  test("that is not listed any more keeps its hours, and is asked for no more", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
    await (await world.start({ meteringPoint: "A2" })).cycle();
    const before = (await meteredRows(world.database)).filter(({ meter }) => meter === "A1");
    world.nowEpochMs = at("2026-11-23T10:10");
    const simulator = await world.later({ meters: [FLAT] });
    await (await world.start({ meteringPoint: "A2" }, simulator)).cycle();
    const after = await meteredRows(world.database);
    expect(after.filter(({ meter }) => meter === "A1")).toEqual(before);
    const ofFlat = after.filter(({ meter }) => meter === "A2");
    expect(differences(ofFlat, publishedRows(simulator, world.nowEpochMs))).toEqual([]);
    expect(simulator.requests.filter(({ path }) => path.includes("/A1/"))).toEqual([]);
  });

  test("whose contract has ended is asked for a year's totals now and then, and for no day after its last", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    const { simulator } = world;
    const ended = {
      id: "SA1",
      assetId: "A1",
      customerId: "50123456",
      productDescription: "Yösiirto 25 A",
      productId: "VS025",
      startDate: "2026-10-10T00:00:00Z",
      endDate: "2026-11-10T21:59:59Z",
    };
    simulator.answerNext({
      pathIncludes: "/contracts",
      times: Number.POSITIVE_INFINITY,
      answer: { status: 200, body: JSON.stringify({ invoicingBases: [], contracts: [ended] }), kind: "contracts" },
    });
    const hours = Array.from({ length: 60 * 24 }, (_, index) => at("2026-11-11T00:00") + index * HOUR_MS);
    simulator.household.withhold("A1", hours);
    const program = await world.start();
    await program.cycle();
    await expectAllHours();
    await world.hourly(program, at("2026-12-22T10:10"), 12 * HOUR_MS);
    const before = simulator.requests.length;
    await world.hourly(program, at("2026-12-29T10:10"), 12 * HOUR_MS);
    const energy = world.apiPathsSince(before).filter((kind) => kind.startsWith("energy"));
    expect(new Set(energy)).toEqual(new Set(["energy yearly"]));
    expect(energy).toHaveLength(1);
    await expectAllHours();
  });

  test("without any data does no harm, and costs little", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, { ...FLAT, startDate: "2027-06-01" }] });
    const program = await world.start({ meteringPoint: "A1" });
    await program.cycle();
    await expectAllHours();
    await world.hourly(program, at("2026-12-25T00:10"), 12 * HOUR_MS);
    const before = world.simulator.requests.length;
    await world.hourly(program, at("2026-12-26T00:10"));
    const ofEmpty = world.simulator.requests.slice(before).filter(({ path }) => path.includes("/A2/"));
    expect(ofEmpty.length).toBeLessThanOrEqual(2);
    await expectAllHours();
  });

  test("of a customer that is represented is left out where customers is own", async () => {
    const represented = { ...FLAT, customerNumber: "60987654", represented: true };
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, represented] });
    await (await world.start({ customers: "own" })).cycle();
    const meters = new Set((await meteredRows(world.database)).map(({ meter }) => meter));
    expect([...meters]).toEqual(["A1"]);
    expect(world.simulator.requests.filter(({ path }) => path.includes("/A2/"))).toEqual([]);
  });
});

test("METERING_POINT changed: energy_hourly has the hours of the other one, and what stays of the first is told", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
  await (await world.start({ meteringPoint: "A1" })).cycle();
  await expectFollowed("A1");
  world.nowEpochMs = at("2026-11-20T11:10");
  const program = await world.start({ meteringPoint: "A2" });
  await program.cycle();
  const rows = await meteredRows(world.database);
  const first = rows.filter(({ meter }) => meter === "A1");
  const second = rows.filter(({ meter }) => meter === "A2");
  const left = first.length - second.length;
  await expectFollowed("A2", left);
  const told = program.said.filter(({ level }) => level === "warn");
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ fields: { hours: left, previous: "A1", followed: "A2" } });
  await program.cycle();
  expect(program.said.filter(({ level }) => level === "warn")).toHaveLength(1);
});
