import { Temporal } from "temporal-polyfill";
import { afterEach, describe, expect, test } from "vitest";
import { movedHouse } from "../../src/database/index.js";
import { MeteringPointDiffers } from "../../src/sync/index.js";
import { storedRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, problemOf } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => {
  await world.close();
});

const { signal } = new AbortController();

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

describe("METERING_POINT that is changed to another meter", () => {
  const { signal } = new AbortController();
  const kept = () => world.database.query("SELECT count(*)::int AS rows FROM energy_hourly_of_a1_until_20261120");

  test("is refused until the user switches, which keeps the rows of before in a table of their own", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
    await (await world.start({ meteringPoint: "A1" })).cycle();
    await expectFollowed("A1");
    const before = await storedRows(world.database);
    world.nowEpochMs = at("2026-11-20T11:10");
    const program = await world.start({ meteringPoint: "A2" });
    const problem = await problemOf(program);
    expect(problem).toBeInstanceOf(MeteringPointDiffers);
    expect(problem?.message).toMatch(
      /metering point A1\) than metering point A2.*switch-metering-point.*METERING_POINT=A1/,
    );
    expect(await storedRows(world.database)).toEqual(before);
    // It is known now, and costs no request.
    const requests = world.simulator.requests.length;
    expect(await problemOf(program)).toBeInstanceOf(MeteringPointDiffers);
    expect(world.simulator.requests.length).toBe(requests);
    expect(await program.engine.switchMeteringPoint(signal)).toMatchObject({
      ...{ meteringPointId: "A2", previous: "A1", keptIn: "energy_hourly_of_a1_until_20261120", kept: before.length },
    });
    await expectFollowed("A2");
    expect(await kept()).toEqual([{ rows: before.length }]);
    await program.cycle();
    await expectFollowed("A2");
    expect(await program.engine.switchMeteringPoint(signal)).toBeUndefined();
  });

  test("is refused in the table of an old loop too, whose rows are kept as those of an unknown one", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
    const elsewhere = await world.start({ meteringPoint: "A1" });
    await elsewhere.cycle();
    await world.database.query("DELETE FROM sync_state; DELETE FROM metering_point_hourly; DELETE FROM metering_point");
    const program = await world.start({ meteringPoint: "A2" });
    expect(await problemOf(program)).toBeInstanceOf(MeteringPointDiffers);
    expect(await program.engine.switchMeteringPoint(signal)).toMatchObject({
      ...{ previous: null, keptIn: "energy_hourly_until_20261120" },
    });
    await program.cycle();
    await expectFollowed("A2");
  });

  test("is taken where hours differ here and there, or cannot be compared", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await (await world.start()).cycle();
    await world.database.query(
      "DELETE FROM sync_state; UPDATE energy_hourly SET kwh_total = 99 WHERE extract(hour FROM datetime) IN (3, 4)",
    );
    await (await world.start({ meteringPoint: "A1" })).cycle();
    await expectFollowed("A1");
    // Long before there was a contract.
    await world.database.query(
      "DELETE FROM sync_state; DELETE FROM energy_hourly; INSERT INTO energy_hourly (datetime, kwh_total) SELECT hour, 1 FROM generate_series('2020-01-01'::timestamptz, '2020-01-07', '1 hour') AS hour",
    );
    await (await world.start({ meteringPoint: "A1" })).cycle();
    await expectFollowed("A1", 145);
  });
});

describe("a metering point whose asset id changes", () => {
  test.each([["A1"], ["A9"], ["643003600000000017"]])("goes on as the same one, named as %s", async (meteringPoint) => {
    const house = { ...HOUSE, gsrn: "643003600000000017" };
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [house, FLAT] });
    await (await world.start({ meteringPoint: "A1" })).cycle();
    world.nowEpochMs = at("2026-11-23T10:10");
    const renamed = await world.later({ meters: [{ ...house, assetId: "A9" }, FLAT] });
    const program = await world.start({ meteringPoint }, renamed);
    await program.cycle();
    expect(await world.database.query("SELECT id, asset_id FROM metering_point ORDER BY id")).toEqual([
      { id: "A1", asset_id: "A9" },
      { id: "A2", asset_id: "A2" },
    ]);
    const published = publishedRows(renamed, world.nowEpochMs).map((row) => ({
      ...row,
      meter: row.meter === "A9" ? "A1" : row.meter,
    }));
    expect(differences(await meteredRows(world.database), published)).toEqual([]);
    await expectFollowed("A1");
    expect(await program.verify()).toMatchObject({ differences: [], meteringPoints: 2 });
  });
});

describe("moving house", () => {
  const ended = (endDate: string) => ({
    ...{ id: "SA1", assetId: "A1", customerId: "50123456", productDescription: "Yösiirto 25 A", productId: "VS025" },
    ...{ startDate: "2026-10-10T00:00:00Z", endDate },
  });

  test("is reported once a day with the line to set, and so it is by what reads the database", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE, FLAT] });
    world.simulator.answerNext({
      pathIncludes: "/contracts",
      times: Number.POSITIVE_INFINITY,
      answer: {
        status: 200,
        body: JSON.stringify({ invoicingBases: [], contracts: [ended("2026-11-10T21:59:59Z")] }),
        kind: "contracts",
      },
    });
    const program = await world.start({ meteringPoint: "A1" });
    const reported = () => program.said.filter(({ message }) => message.includes("there is another one"));
    await world.hourly(program, at("2026-11-20T14:10"));
    expect(reported()).toHaveLength(1);
    expect(reported()[0]?.message).toMatch(
      /A1: its contract ended on 2026-11-10.*set METERING_POINT=A2 .*switch-metering-point/,
    );
    await world.hourly(program, at("2026-11-21T14:10"), 6 * HOUR_MS);
    expect(reported()).toHaveLength(2);
    const known = await program.database.sync.meteringPoints();
    expect(movedHouse(known, "A1", "2026-11-21", world.nowEpochMs)?.nextStep).toContain("METERING_POINT=A2");
    expect(movedHouse(known, "A1", "2026-11-10", world.nowEpochMs)).toBeUndefined();
    expect(movedHouse(known, "A2", "2026-11-21", world.nowEpochMs)).toBeUndefined();
  });
});

test("the first start says what the table of the Python program's last version is", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [FLAT] });
  await world.database.query('CREATE TABLE carunaplus_energy_hourly ("timestamp" timestamptz PRIMARY KEY)');
  const program = await world.start();
  await program.cycle();
  await program.cycle();
  expect(program.said.filter(({ message }) => message.includes("carunaplus_energy_hourly"))).toHaveLength(1);
});

test("rows of metering_point_hourly that somebody else wrote there, and that are no hour, do no harm", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  const program = await world.start();
  await program.cycle();
  await world.database.query(`
    INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total)
    VALUES ('A1', '-infinity', 1), ('A1', 'infinity', 1), ('A1', '2026-11-12 10:15 Europe/Helsinki', 0),
      ('A1', '2026-10-11 10:00 Europe/Helsinki', NULL)
    ON CONFLICT (metering_point, datetime) DO UPDATE SET kwh_total = EXCLUDED.kwh_total;
    DELETE FROM metering_point_hourly WHERE datetime = '2026-11-12 11:00 Europe/Helsinki'`);
  const restarted = await world.start();
  const { differences: found } = await restarted.verify();
  expect(found.map(({ startsOn, hours }) => [startsOn.toString(), hours]).sort()).toEqual([
    ["2026-10-11", { missing: 1, other: 0, extra: 0 }],
    ["2026-11-12", { missing: 1, other: 0, extra: 1 }],
  ]);
  for (let day = 0; day < 3; day += 1) {
    world.nowEpochMs += DAY_MS;
    await restarted.cycle();
  }
  const { sync, history } = restarted.database;
  const days = { fromDay: "2026-11-12", toDay: "2026-11-12" };
  expect(await sync.status({ nowEpochMs: world.nowEpochMs, ...days })).toMatchObject([{ id: "A1" }]);
  const whole = { meteringPointId: "A1", by: "year", fromDay: undefined, toDay: undefined } as const;
  expect(await history.series(whole)).toHaveLength(1);
  expect(await world.database.query("SELECT id FROM energy_hourly WHERE NOT isfinite(datetime)")).toEqual([]);
  await world.database.query(
    "DELETE FROM metering_point_hourly WHERE NOT isfinite(datetime) OR extract(minute FROM datetime) = 15",
  );
  await expectAllHours();
});

test.each([
  ["real", ["energy_hourly"]],
  ["numeric(9, 1)", ["energy_hourly", "metering_point_hourly"]],
] as const)(
  "hours are compared as columns of type %s keep them, by verify and by what is stored",
  async (type, tables) => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
    await (await world.start()).cycle();
    await world.database.query("DROP VIEW energy_daily, energy_monthly");
    for (const table of tables)
      await world.database.query(`ALTER TABLE ${table} ALTER kwh_total TYPE ${type}, ALTER kwh_day TYPE ${type}`);
    const program = await world.start();
    const versions = () =>
      Promise.all(tables.map((table) => world.database.query(`SELECT xmin::text FROM ${table} ORDER BY datetime`)));
    const before = await versions();
    expect((await program.verify({ everyHour: true })).differences).toEqual([]);
    const days = [Temporal.PlainDate.from("2026-11-17"), Temporal.PlainDate.from("2026-11-18")];
    expect(await program.engine.load(days, signal)).toMatchObject({ inserted: 0, changed: 0, unchanged: 48 });
    expect(await versions()).toEqual(before);
    await world.database.query(
      "UPDATE energy_hourly SET kwh_total = kwh_total + 1 WHERE datetime = (SELECT max(datetime) FROM energy_hourly)",
    );
    expect((await program.verify()).differences).toHaveLength(1);
  },
);
