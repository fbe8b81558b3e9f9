import { afterEach, describe, expect, test } from "vitest";
import type { Refusal, SimulatorOptions } from "../../src/simulator/index.js";
import { serve } from "../web/serving.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, problemOf } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const OWN = "50123456";
const COMPANY = "60987654";
const HOUSE = { assetId: "A1", startDate: "2026-11-10", product: "nightly" } as const;
const STAIRS = {
  assetId: "A2",
  startDate: "2026-11-10",
  product: "general",
  customerNumber: COMPANY,
  represented: true,
} as const;
const WITHDRAWN: Refusal = { customerNumber: COMPANY, status: 403 };
/** So that each password post is one that a refusal has caused. */
const LONG_LIVED = { tokenLifetimeSeconds: 400 * 24 * 3600 };

const create = (options: SimulatorOptions) => EngineWorld.create("2026-11-20T10:10", { ...LONG_LIVED, ...options });
const expectAllHours = async (...assetIds: string[]) => {
  const stored = await meteredRows(world.database);
  for (const assetId of assetIds) {
    const ofPoint = stored.filter(({ meter }) => meter === assetId);
    expect(differences(ofPoint, publishedRows(world.simulator, world.nowEpochMs, assetId))).toEqual([]);
  }
};
const requestsTo = (part: string, since = 0) =>
  world.simulator.requests.slice(since).filter(({ path }) => path.includes(part)).length;

describe("a represented customer whose right was withdrawn", () => {
  test.each([403, 404, 400, 500])(
    "before the first start (%s): the others are loaded, and it costs next to nothing",
    async (status) => {
      world = await create({ meters: [HOUSE, STAIRS], refusals: [{ ...WITHDRAWN, status }] });
      const program = await world.start();
      await program.cycle();
      await expectAllHours("A1");
      const warnings = program.said.filter(({ message }) => message.includes("does not show a customer"));
      expect(warnings).toMatchObject([{ fields: { customer: "…654", since: "2026-11-20" } }]);
      expect(JSON.stringify(program.said)).not.toContain(COMPANY);
      // The three lists; where the server is out of order each is tried four times.
      const tries = status === 500 ? 4 : 1;
      const ofToken = 1;
      expect(requestsTo(COMPANY)).toBeLessThanOrEqual(3 * tries + ofToken);
      const before = world.simulator.requests.length;
      await world.hourly(program, at("2026-11-21T10:10"), 2 * HOUR_MS);
      expect(requestsTo(COMPANY, before)).toBeLessThanOrEqual(3 * tries + ofToken);
      const onSecondDay = world.simulator.requests.length;
      await world.hourly(program, at("2026-11-28T07:10"), 24 * HOUR_MS);
      expect(requestsTo(COMPANY, onSecondDay)).toBe(0);
      await world.hourly(program, at("2026-11-29T10:10"), 6 * HOUR_MS);
      expect(requestsTo(COMPANY, onSecondDay)).toBeGreaterThan(0);
      await expectAllHours("A1");
      expect(world.simulator.passwordPosts).toBe(1);
      // Once a day, and with each day's first cycle.
      const days = program.said.filter(({ message }) => message.includes("does not show a customer")).length;
      expect([9, 10]).toContain(days);
    },
  );

  test.each([403, 404, 400, 500])(
    "after it was loaded (%s): no cycle fails for long, no password post, few requests",
    async (status) => {
      world = await create({ meters: [HOUSE, STAIRS] });
      const program = await world.start({ meteringPoint: "A1" });
      await program.cycle();
      await expectAllHours("A1", "A2");
      world.simulator.set({ refusals: [{ ...WITHDRAWN, status }] });
      const before = world.simulator.requests.length;
      const problems: unknown[] = [];
      for (; world.nowEpochMs <= at("2026-11-29T10:10"); world.nowEpochMs += 8 * HOUR_MS)
        problems.push(await problemOf(program));
      await expectAllHours("A1");
      expect(world.simulator.passwordPosts).toBe(1);
      // Nine days. A 403 and a 404 say that the right is gone; with the others its metering point is tried now and then.
      const isWithdrawn = status === 403 || status === 404;
      expect(requestsTo(COMPANY, before)).toBeLessThanOrEqual(isWithdrawn ? 30 : 400);
      expect(problems.filter((problem) => problem !== undefined).length).toBeLessThanOrEqual(isWithdrawn ? 2 : 60);
    },
  );

  test("and given back: its metering points are loaded again, with what was missed", async () => {
    world = await create({ meters: [HOUSE, STAIRS], refusals: [WITHDRAWN] });
    const program = await world.start({ meteringPoint: "A1" });
    await program.cycle();
    world.simulator.set({ refusals: [] });
    await world.hourly(program, at("2026-11-21T10:10"), 12 * HOUR_MS);
    await expectAllHours("A1", "A2");
    expect(program.said.filter(({ message }) => message.includes("shows again"))).toHaveLength(1);
    const rows = await world.database.query("SELECT customer, times FROM access_refusal");
    expect(rows).toEqual([{ customer: COMPANY, times: 0 }]);
  });

  test("is shown on the page", async () => {
    world = await create({ meters: [HOUSE, STAIRS], refusals: [WITHDRAWN] });
    const program = await world.start();
    await program.cycle();
    const { problems } = await (await serve(program.database, { now: () => world.nowEpochMs })).json("/api/overview");
    expect(problems).toMatchObject([
      {
        message: expect.stringContaining(`customer ${COMPANY}`),
        nextStep: expect.stringContaining("CARUNA_CUSTOMERS"),
      },
    ]);
  });

  test("is remembered by the next program", async () => {
    world = await create({ meters: [HOUSE, STAIRS], refusals: [WITHDRAWN] });
    await (await world.start()).cycle();
    const before = world.simulator.requests.length;
    for (let start = 0; start < 5; start += 1) {
      world.nowEpochMs += HOUR_MS;
      const program = await world.start();
      await program.cycle();
      expect(program.said.filter(({ message }) => message.includes("does not show a customer"))).toEqual([]);
    }
    expect(requestsTo(COMPANY, before)).toBe(0);
  });
});

describe("customers that the settings leave out", () => {
  test("are asked nothing at all", async () => {
    world = await create({ meters: [HOUSE, STAIRS], refusals: [WITHDRAWN] });
    const program = await world.start({ customers: "own" });
    await program.cycle();
    await world.hourly(program, at("2026-11-22T10:10"), 12 * HOUR_MS);
    expect(requestsTo(COMPANY)).toBe(0);
    await expectAllHours("A1");
  });

  test("are asked nothing more from the first cycle on under other settings", async () => {
    world = await create({ meters: [HOUSE, STAIRS] });
    await (await world.start({ meteringPoint: "A1" })).cycle();
    await expectAllHours("A1", "A2");
    world.nowEpochMs += HOUR_MS;
    const before = world.simulator.requests.length;
    const program = await world.start({ meteringPoint: "A1", customers: [OWN] });
    await program.cycle();
    await world.hourly(program, at("2026-11-22T10:10"), 12 * HOUR_MS);
    expect(requestsTo(COMPANY, before)).toBe(0);
    await expectAllHours("A1");
  });
});

describe("the only customer", () => {
  test.each([404, 500])(
    "whose lists answer %s: what is known goes on, and the lists are asked for ever more seldom",
    async (status) => {
      world = await create({ meters: [HOUSE] });
      const program = await world.start();
      await program.cycle();
      world.simulator.set({ refusals: [{ resources: ["assets", "metering points"], status }] });
      const before = world.simulator.requests.length;
      for (let hour = 0; hour < 72; hour += 6, world.nowEpochMs += 6 * HOUR_MS) {
        const problem = await problemOf(program);
        if (status !== 500) expect(problem).toBeUndefined();
      }
      world.simulator.set({ refusals: [] });
      world.nowEpochMs += 8 * DAY_MS;
      await program.cycle();
      await expectAllHours("A1");
      if (status === 404) expect(requestsTo("/assets", before) - requestsTo("/energy", before)).toBeLessThanOrEqual(10);
      expect(world.simulator.passwordPosts).toBe(1);
    },
  );

  test("one of whose lists is out of order: the other serves", async () => {
    world = await create({ meters: [HOUSE], refusals: [{ resources: ["metering points"], status: 500 }] });
    const program = await world.start();
    await program.cycle();
    await world.hourly(program, at("2026-11-22T10:10"), 12 * HOUR_MS);
    await expectAllHours("A1");
  });
});

describe("a metering point that is refused", () => {
  test("starves no other, however much of it is due", async () => {
    const old = { ...HOUSE, startDate: "2025-09-01" };
    world = await create({ meters: [old, { ...HOUSE, assetId: "B1" }] });
    const program = await world.start({ meteringPoint: "B1", plan: { backfill: "none" } });
    await program.cycle();
    world.simulator.set({ refusals: [{ assetId: "A1", resources: ["energy daily"], status: 403 }] });
    await world.database.query(
      `INSERT INTO metering_point_period (metering_point, span, starts_on, next_ask_at)
      SELECT 'A1', 'day', day, 'epoch' FROM generate_series('2025-09-01'::date, '2026-11-19', '1 day') AS day
      ON CONFLICT (metering_point, span, starts_on) DO UPDATE SET next_ask_at = EXCLUDED.next_ask_at`,
    );
    await world.database.query("DELETE FROM metering_point_hourly WHERE metering_point = 'B1'");
    await world.database.query(
      "UPDATE metering_point_period SET next_ask_at = 'epoch' WHERE metering_point = 'B1' AND span = 'day'",
    );
    world.nowEpochMs += HOUR_MS;
    const before = world.simulator.requests.length;
    await problemOf(program);
    const loaded = new Set((await meteredRows(world.database)).map(({ meter }) => meter));
    expect(loaded).toContain("B1");
    expect(requestsTo("A1/energy", before)).toBeLessThanOrEqual(8);
    expect(world.simulator.passwordPosts).toBe(1);
  });

  test("is asked for after 1 h, 6 h, a day, then a week, and says so once a day", async () => {
    world = await create({
      meters: [HOUSE, { ...HOUSE, assetId: "B1" }],
      refusals: [{ assetId: "A1", status: 403 }],
    });
    const program = await world.start({ meteringPoint: "B1" });
    const asked: number[] = [];
    for (let hour = 0; hour < 33; hour += 1, world.nowEpochMs += HOUR_MS) {
      const before = world.simulator.requests.length;
      await problemOf(program);
      if (requestsTo("A1/energy", before) > 0) asked.push(hour);
    }
    expect(asked).toEqual([0, 1, 7, 31]);
    await expectAllHours("B1");
    expect(program.said.filter(({ message }) => message.includes("does not show a metering point"))).toHaveLength(2);
    world.simulator.set({ refusals: [] });
    world.nowEpochMs += 8 * DAY_MS;
    await program.cycle();
    await world.hourly(program, world.nowEpochMs + 12 * HOUR_MS, 4 * HOUR_MS);
    await expectAllHours("A1", "B1");
    expect(world.simulator.passwordPosts).toBe(1);
  });

  test("for some of its periods alone is loaded all the same", async () => {
    world = await create({ meters: [HOUSE], refusals: [{ resources: ["energy yearly"], status: 403 }] });
    const program = await world.start();
    for (; world.nowEpochMs < at("2026-11-23T12:00"); world.nowEpochMs += 4 * HOUR_MS) await problemOf(program);
    const stored = await meteredRows(world.database);
    const expected = publishedRows(world.simulator, world.nowEpochMs, "A1");
    expect(differences(stored, expected)).toEqual([]);
    expect(world.simulator.passwordPosts).toBe(1);
  });
});

test("one metering point that is out of order among others is no outage: eight failures in a row of all are", async () => {
  const meters = ["A1", "B1", "C1"].map((assetId) => ({ ...HOUSE, assetId, startDate: "2026-11-06" }));
  world = await create({ meters, refusals: [{ assetId: "B1", status: 500 }] });
  const program = await world.start({ meteringPoint: "A1", plan: { backfill: "none", daysToLoad: 14 } });
  const { signal } = new AbortController();
  await expect(program.engine.cycle({ withHistory: false }, signal)).rejects.toMatchObject({ name: "SomeFailed" });
  // Fourteen days, four tries of each.
  expect(requestsTo("B1/energy")).toBeLessThanOrEqual(14 * 4);
  await expectAllHours("A1", "C1");
  world.simulator.set({ refusals: [{ resources: ["energy daily"], status: 500 }] });
  await world.database.query("UPDATE metering_point_period SET next_ask_at = 'epoch' WHERE span = 'day'");
  const before = world.simulator.requests.length;
  await expect(program.engine.cycle({ withHistory: false }, signal)).rejects.toMatchObject({
    name: "CarunaUnreachable",
  });
  // Eight and those that were under way.
  expect(requestsTo("/energy", before)).toBeLessThanOrEqual(15 * 4);
});

describe("energy before the contract", () => {
  test.each(["empty", "null", 204, 400, 403, 404] as const)(
    "(%s) is nothing, and not asked for again",
    async (beforeContract) => {
      world = await create({ meters: [{ ...HOUSE, startDate: "2026-09-20" }], beforeContract });
      const program = await world.start();
      await program.cycle();
      await expectAllHours("A1");
      const years = await world.database.query(
        "SELECT starts_on::text, next_ask_at IS NULL AS is_over FROM metering_point_period WHERE span = 'year' ORDER BY 1",
      );
      expect(years).toEqual([
        { starts_on: "2024-01-01", is_over: true },
        { starts_on: "2025-01-01", is_over: true },
        { starts_on: "2026-01-01", is_over: false },
      ]);
      const before = world.simulator.requests.length;
      await world.hourly(program, at("2026-11-29T10:10"), 6 * HOUR_MS);
      const yearly = world.apiPathsSince(before).filter((kind) => kind === "energy yearly");
      expect(yearly.length).toBeLessThanOrEqual(2);
      expect((await program.verify()).differences).toEqual([]);
      expect(world.simulator.passwordPosts).toBe(1);
    },
  );

  test("does not end a backfill that is asked for", async () => {
    world = await create({ meters: [{ ...HOUSE, startDate: "2026-09-20" }], beforeContract: 403 });
    const program = await world.start();
    await program.cycle();
    const { signal } = new AbortController();
    await expect(program.engine.lookBack(signal)).resolves.toMatchObject({ years: 3 });
  });

  test("whose contract is not known is nothing after some tries", async () => {
    world = await create({
      meters: [{ ...HOUSE, startDate: "2026-09-20" }],
      beforeContract: 404,
      refusals: [{ resources: ["contracts"], status: 403 }],
    });
    const program = await world.start();
    for (; world.nowEpochMs < at("2026-11-22T10:10"); world.nowEpochMs += 3 * HOUR_MS) await problemOf(program);
    await problemOf(program);
    await expectAllHours("A1");
    const failing = "SELECT starts_on FROM metering_point_period WHERE span = 'year' AND times_asked > 0";
    expect(await world.database.query(failing)).toEqual([]);
    expect(world.simulator.passwordPosts).toBe(1);
  });
});
