import { afterEach, expect, test } from "vitest";
import { storedRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, type Program } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";
import { runTwoAccounts } from "./two-accounts.js";

// Two accounts of Caruna+ that load into one database.

let world: EngineWorld;
afterEach(async () => {
  // The two programs have a world of their own.
  if (world) await world.close();
});

const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-11-10" } as const;
const FLAT = { product: "general", assetId: "B1", startDate: "2026-11-12", customerNumber: "50777777" } as const;

const warnings = (program: Program) =>
  program.said.filter(({ level }) => level === "warn" || level === "info").map(({ message }) => message);
const loaders = async () =>
  Object.fromEntries(
    (await world.database.query("SELECT id, account FROM metering_point")).map(({ id, account }) => [id, account]),
  );

async function expectTruth(...simulators: readonly { readonly household: object }[]): Promise<void> {
  const all = [world.simulator, ...simulators];
  const truth = all.flatMap((one) => publishedRows(one as typeof world.simulator, world.nowEpochMs));
  expect(differences(await meteredRows(world.database), truth)).toEqual([]);
}

async function expectMirrored(assetId: string): Promise<void> {
  const there = new Map((await storedRows(world.database)).map((row) => [row.epochMs, row.kwh_total]));
  const wanted = (await meteredRows(world.database)).filter(({ meter }) => meter === assetId);
  expect(wanted.filter(({ epochMs, kwh_total }) => there.get(epochMs) !== kwh_total)).toEqual([]);
  expect(there.size).toBe(wanted.length);
}

test("each loads its own metering points, and energy_hourly is that of the first to claim it", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  const hers = await world.later({ meters: [FLAT] });
  const first = await world.start({ username: "he@example.com" });
  const second = await world.start({ username: "she@example.com" }, hers);
  for (let hour = 0; hour < 48; hour += 6, world.nowEpochMs += 6 * HOUR_MS) {
    await first.cycle();
    await second.cycle();
  }
  await first.cycle();
  await second.cycle();
  await expectTruth(hers);
  await expectMirrored("A1");
  expect(warnings(second).filter((message) => message.includes("of another account"))).toHaveLength(1);
  expect(warnings(first).filter((message) => message.includes("of another account"))).toEqual([]);
  const accounts = await world.database.query("SELECT id, digest::text, points_listed FROM account");
  expect(accounts).toHaveLength(2);
  expect(JSON.stringify(accounts)).not.toContain("example");
  // Not a request more than each needs alone.
  const before = [world.simulator.requests.length, hers.requests.length];
  world.nowEpochMs += HOUR_MS;
  await first.cycle();
  await second.cycle();
  expect([world.simulator.requests.length, hers.requests.length]).toEqual(before);
});

test("the account whose METERING_POINT is set has energy_hourly, and of two that are set the first", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  const hers = await world.later({ meters: [FLAT] });
  await (await world.start({ username: "he@example.com", meteringPoint: "A1" })).cycle();
  const second = await world.start({ username: "she@example.com", meteringPoint: "B1" }, hers);
  await second.cycle();
  await expectMirrored("A1");
  expect(warnings(second)).toContainEqual(
    expect.stringContaining("metering point A1 of another account, whose METERING_POINT"),
  );
  await expectTruth(hers);
});

test("a metering point that both list is loaded by the first until that one no longer lists it", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  const first = await world.start({ username: "he@example.com" });
  const second = await world.start({ username: "she@example.com" });
  await first.cycle();
  const before = world.apiPathsSince(0).length;
  await second.cycle();
  // The listing alone: customers' lists and contracts.
  expect(
    world
      .apiPathsSince(0)
      .slice(before)
      .filter((kind) => kind.startsWith("energy")),
  ).toEqual([]);
  expect(warnings(second)).toContainEqual(expect.stringContaining("another account of this database loads all"));
  const { A1: loader } = await loaders();
  world.nowEpochMs = at("2026-11-21T10:10");
  const without = await world.later({ meters: [FLAT] });
  const moved = await world.start({ username: "he@example.com" }, without);
  await moved.cycle();
  world.nowEpochMs = at("2026-11-22T10:10");
  await moved.cycle();
  await second.cycle();
  expect((await loaders()).A1).not.toBe(loader);
  await expectTruth(without);
  await expectMirrored("A1");
});

test("what an account loads that has not run for two days is taken over, with energy_hourly", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  await (await world.start({ username: "old@example.com" })).cycle();
  const { A1: loader } = await loaders();
  const second = await world.start({ username: "new@example.com" });
  await world.hourly(second, at("2026-11-22T09:10"));
  expect(await loaders()).toEqual({ A1: loader });
  await world.hourly(second, at("2026-11-22T11:10"));
  expect((await loaders()).A1).not.toBe(loader);
  await expectTruth();
  await expectMirrored("A1");
});

test("a new program waits while one of version 0.1.0 writes", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  let waits = 0;
  const program = await world.start({
    sleep: async () => {
      waits += 1;
      if (waits === 3) await world.database.query("UPDATE writer_lease SET expires_at = now() WHERE name = 'writer'");
    },
  });
  await world.database.query(
    "INSERT INTO writer_lease VALUES ('writer', 'elsewhere/12 1 abc 1', 3, now() + interval '1 minute')",
  );
  await program.cycle();
  expect(waits).toBeGreaterThanOrEqual(3);
  await expectTruth();
});

test("rows that version 0.1.0 left are adopted by the first account that lists them", async () => {
  world = await EngineWorld.create("2026-11-20T10:10", { meters: [HOUSE] });
  const first = await world.start();
  await first.cycle();
  await world.database.query(
    "UPDATE metering_point SET asset_id = NULL, kind = NULL, account = NULL; DELETE FROM account; DELETE FROM sync_state WHERE name LIKE '%claimed%'",
  );
  world.nowEpochMs += DAY_MS;
  const after = await world.start();
  await after.cycle();
  expect(await world.database.query("SELECT id, asset_id, kind FROM metering_point")).toEqual([
    { id: "A1", asset_id: "A1", kind: "consumption" },
  ]);
  await expectTruth();
  await expectMirrored("A1");
});

test("two programs beside each other, one of them killed at random, both converge", async () => {
  expect((await runTwoAccounts({ days: 4, stepHours: 6, seed: 3 })).kills).toBeGreaterThan(0);
});
