import { afterEach, describe, expect, test } from "vitest";
import { storedRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, type Program } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const FIRST_RUN = "2025-08-10T10:10";
/** The first hour that the first run stored: seven days back. */
const FIRST_HOUR = at("2025-08-03T00:00");
const meterOf = () => world.simulator.household.meters[0]?.assetId ?? "";

/** `metering_point_hourly` holds what Caruna+ shows since an instant, and nothing from before. */
const expectAllHours = async (fromEpochMs = FIRST_HOUR) => {
  const expected = publishedRows(world.simulator, world.nowEpochMs).filter(({ epochMs }) => epochMs >= fromEpochMs);
  expect(differences(await meteredRows(world.database), expected)).toEqual([]);
};

/** What the scheduler does from now until an instant; requests of each run. */
async function schedule(program: Program, untilEpochMs: number, stepMs: number): Promise<number[]> {
  const requests: number[] = [];
  for (; world.nowEpochMs <= untilEpochMs; world.nowEpochMs += stepMs) {
    const before = world.simulator.requestCount;
    await program.sync();
    requests.push(world.simulator.requestCount - before);
  }
  world.nowEpochMs -= stepMs;
  return requests;
}

/** Runs on those days, at ten in the morning. */
async function runOn(program: Program, days: readonly string[]): Promise<void> {
  for (const day of days) {
    world.nowEpochMs = at(`${day}T10:10`);
    await schedule(program, world.nowEpochMs, DAY_MS);
  }
}

/** The hours between stored ones that `status` shows as missing, of the only metering point. */
async function gapsOf({ database }: Program) {
  const day = "2025-08-11";
  const [point] = await database.sync.status({ nowEpochMs: world.nowEpochMs, fromDay: day, toDay: day });
  return point?.gaps;
}

async function expectIdle(program: Program): Promise<void> {
  world.nowEpochMs += 5 * 60_000;
  expect(await schedule(program, world.nowEpochMs, HOUR_MS)).toEqual([0]);
}

/** A loop of old has filled `energy_hourly` since long before our first run. */
async function oldLoop(): Promise<void> {
  const rows = publishedRows(world.simulator, at("2025-07-30T00:00"), meterOf()).filter(
    ({ epochMs }) => epochMs >= at("2025-06-10T00:00"),
  );
  await world.database.query(
    "INSERT INTO energy_hourly (datetime, kwh_total) SELECT to_timestamp(hour), kwh FROM unnest($1::float8[], $2::float8[]) AS old (hour, kwh)",
    [rows.map(({ epochMs }) => epochMs / 1000), rows.map(({ kwh_total }) => kwh_total)],
  );
}

describe("runs of a scheduler, which never look back", () => {
  test.each([
    { away: "40 days", every: "hour", back: "2025-09-20T10:10", stepMs: HOUR_MS, runs: 6 },
    { away: "40 days", every: "day", back: "2025-09-20T10:10", stepMs: DAY_MS, runs: 2 },
    { away: "17 months", every: "day", back: "2027-01-12T10:10", stepMs: DAY_MS, runs: 2 },
  ])("bring every hour since their first after $away, one run every $every", async ({ back, stepMs, runs }) => {
    world = await EngineWorld.create(FIRST_RUN, { meters: [{ startDate: "2025-06-01" }] });
    await oldLoop();
    const before = await storedRows(world.database);
    const program = await world.start({ meteringPoint: meterOf() });
    await schedule(program, at("2025-08-11T10:10"), DAY_MS);
    world.nowEpochMs = at(back);
    const requests = await schedule(program, at(back) + (runs - 1) * stepMs, stepMs);
    await expectAllHours();
    // 500 of what is made up for, the last days and checks, and the login.
    for (const count of requests) expect(count).toBeLessThan(540);
    expect((await storedRows(world.database)).slice(0, before.length)).toEqual(before);
    await expectIdle(program);
  });

  test("find days between loaded ones that were never loaded, with the next run", async () => {
    world = await EngineWorld.create(FIRST_RUN, { meters: [{ startDate: "2025-06-01" }] });
    await (await world.start({ plan: { daysToLoad: 30 } })).sync();
    // These lie beyond the days that it is to load now.
    const program = await world.start();
    // The totals of month and year are compared by then, and would find nothing before tomorrow.
    await program.sync();
    await expectIdle(program);
    const days = "('2025-07-20', '2025-07-21')";
    await world.database.query(`
      DELETE FROM metering_point_period WHERE span = 'day' AND starts_on IN ${days};
      DELETE FROM metering_point_hourly WHERE (datetime AT TIME ZONE 'Europe/Helsinki')::date IN ${days};
    `);
    world.nowEpochMs += HOUR_MS;
    const result = await program.sync();
    expect(result).toMatchObject({ days: 2, inserted: 48 });
    await expectAllHours(at("2025-07-11T00:00"));
    await expectIdle(program);
  });

  test("have the newest day right within three days, whose hours were zeros at first", async () => {
    world = await EngineWorld.create("2025-08-12T06:10", { meters: [{ startDate: "2025-08-01" }], publishHour: 6 });
    const program = await world.start();
    const { household } = world.simulator;
    const hours = Array.from({ length: 24 }, (_, hour) => at("2025-08-11T00:00") + hour * HOUR_MS);
    for (const hour of hours) household.revise(meterOf(), hour, 0);
    await schedule(program, at("2025-08-12T09:10"), HOUR_MS);
    await expectAllHours(at("2025-08-05T00:00"));
    expect((await meteredRows(world.database)).filter(({ kwh_total }) => kwh_total === 0)).toHaveLength(24);
    for (const hour of hours) household.restore(meterOf(), hour);
    world.nowEpochMs = at("2025-08-14T07:10");
    await schedule(program, at("2025-08-14T10:10"), HOUR_MS);
    await expectAllHours(at("2025-08-05T00:00"));
  });
});

describe("a day of 25 hours that is sent as 24", () => {
  test("is settled and reported once, asked for no more, and its gap stays in the status", async () => {
    world = await EngineWorld.create("2025-10-25T10:10", {
      meters: [{ startDate: "2025-10-20" }],
      october: "first-only",
    });
    const program = await world.start();
    await runOn(program, ["2025-10-27", "2025-10-28", "2025-11-05", "2025-11-11", "2025-11-12", "2025-12-20"]);
    const short = program.said.filter(({ message }) => message.includes("fewer hours of this day"));
    expect(short.map(({ fields }) => fields)).toMatchObject([{ meteringPoint: meterOf(), day: "2025-10-26" }]);
    const [row] = await world.database.query(
      "SELECT next_ask_at, settled_at IS NOT NULL AS settled FROM metering_point_period WHERE span = 'day' AND starts_on = '2025-10-26'",
    );
    expect(row).toEqual({ next_ask_at: null, settled: true });
    const secondThree = Date.parse("2025-10-26T03:00+02:00");
    expect(await gapsOf(program)).toEqual([{ startEpochMs: secondThree, endEpochMs: secondThree + HOUR_MS }]);
  });
});

test("hours that stay missing are in the status until they come, however late", async () => {
  world = await EngineWorld.create("2025-08-10T10:10", { meters: [{ startDate: "2025-08-01" }] });
  const { household } = world.simulator;
  const missing = [at("2025-08-11T13:00"), at("2025-08-11T14:00")];
  household.withhold(meterOf(), missing);
  const program = await world.start();
  await runOn(program, ["2025-08-12", "2025-08-20", "2025-08-27", "2025-09-05", "2025-10-10"]);
  expect(await gapsOf(program)).toEqual([{ startEpochMs: missing[0], endEpochMs: at("2025-08-11T15:00") }]);
  household.release();
  await runOn(program, ["2025-10-11", "2025-10-12", "2025-11-15", "2025-11-16"]);
  expect(await gapsOf(program)).toEqual([]);
  await expectAllHours(at("2025-08-05T00:00"));
});

describe("a cycle", () => {
  test("keeps the answers of a round that an error has ended", async () => {
    world = await EngineWorld.create("2025-08-10T10:10", { meters: [{ startDate: "2025-07-20" }] });
    const program = await world.start();
    const { simulator } = world;
    const answered = () => simulator.requests.filter(({ kind }) => kind === "energy daily").length;
    simulator.answerNext({
      get pathIncludes() {
        return answered() >= 4 ? "/energy" : "no such path";
      },
      times: Number.POSITIVE_INFINITY,
      answer: { status: 429, headers: { "retry-after": "600" }, kind: "too many" },
    });
    await expect(program.sync()).rejects.toMatchObject({ name: "RateLimited" });
    const stored = await meteredRows(world.database);
    expect(stored.length).toBeGreaterThanOrEqual(3 * 24);
    // And remembered: these days are not asked for again.
    const asked = "SELECT count(*)::int AS days FROM metering_point_period WHERE span = 'day' AND asked_at IS NOT NULL";
    expect(await world.database.query(asked)).toEqual([{ days: stored.length / 24 }]);
  });

  test("leaves the pace between the requests of a backfill, and none between the others", async () => {
    world = await EngineWorld.create("2025-08-10T10:10", { meters: [{ startDate: "2025-07-20" }] });
    const waits: number[] = [];
    const program = await world.start({
      historyPaceMs: 1000,
      sleep: async (milliseconds) => {
        waits.push(milliseconds);
        world.nowEpochMs += milliseconds;
      },
    });
    await program.sync();
    const duringSync = waits.length;
    const started = world.nowEpochMs;
    const { days, months, years } = await program.engine.cycle({ withHistory: true }, new AbortController().signal);
    expect(days).toBeGreaterThan(10);
    expect(duringSync).toBeLessThanOrEqual(1);
    expect(world.nowEpochMs - started).toBeGreaterThanOrEqual((days + months + years - 3) * 1000);
  });

  test("asks for the list again where METERING_POINT names what it does not know yet", async () => {
    const house = { assetId: "A1", startDate: "2025-08-01" };
    world = await EngineWorld.create("2025-08-10T10:10", { meters: [house] });
    await (await world.start({ meteringPoint: "A1" })).sync();
    world.nowEpochMs += HOUR_MS;
    const both = await world.later({ meters: [house, { assetId: "A2", startDate: "2025-08-01" }] });
    await (await world.start({ meteringPoint: "A2" }, both)).sync().catch(() => undefined);
    expect(await world.database.query("SELECT id FROM metering_point ORDER BY id")).toEqual([
      { id: "A1" },
      { id: "A2" },
    ]);
  });

  test("costs no request where energy_hourly matches none of several metering points, once that is known", async () => {
    world = await EngineWorld.create("2025-08-10T10:10", {
      meters: [{ startDate: "2025-08-01" }, { startDate: "2025-08-01" }],
    });
    await world.database.query(
      "INSERT INTO energy_hourly (datetime, kwh_total) SELECT hour, 77 FROM generate_series($1::timestamptz, $2, '1 hour') AS hour",
      [new Date(at("2025-08-09T00:00")).toISOString(), new Date(at("2025-08-09T23:00")).toISOString()],
    );
    const program = await world.start();
    await program.sync();
    // The totals of the days that it has stored.
    await program.sync();
    await expectIdle(program);
    await program.cycle();
    await expectIdle(program);
    await runOn(program, ["2025-08-11", "2025-08-12"]);
    await expectAllHours(0);
  });
});
