import { Temporal } from "temporal-polyfill";
import { afterEach, describe, expect, test } from "vitest";
import { storedRows, trueRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const meterOf = (index = 0) => world.simulator.household.meters[index]?.assetId ?? "";
/** Of the hours from an instant on: those stored are those that Caruna+ shows now. */
const expectAllHours = async (fromEpochMs = 0) => {
  const isAsked = ({ epochMs }: { epochMs: number }) => epochMs >= fromEpochMs;
  const stored = (await meteredRows(world.database)).filter(isAsked);
  expect(differences(stored, publishedRows(world.simulator, world.nowEpochMs).filter(isAsked))).toEqual([]);
};

describe("the first look", () => {
  test("brings every hour of several metering points with everything that Caruna+ tells of it", async () => {
    world = await EngineWorld.create("2026-04-20T10:00", {
      meters: [
        { product: "nightly", startDate: "2025-10-15" },
        { product: "general", startDate: "2026-03-20", solarKwp: 5 },
        { product: "seasonal", startDate: "2026-03-20" },
      ],
    });
    const program = await world.start();
    const result = await program.cycle();
    await expectAllHours();
    expect(result.inserted).toBe((await meteredRows(world.database)).length);
    expect(result).toMatchObject({ changed: 0, unchanged: 0, unpublished: 0 });
    const days = await world.database.query("SELECT count(*)::int AS days FROM energy_daily WHERE NOT is_complete");
    expect(days).toEqual([{ days: 0 }]);
  });

  test.each([
    ["nightly", ["day", "night"]],
    ["seasonal", ["night_winter", "other_times"]],
    ["general", ["other_times"]],
  ] as const)("splits a %s product by the calendar where Caruna+ gives no parts", async (product, tariffs) => {
    world = await EngineWorld.create("2026-04-02T10:00", {
      meters: [{ product, startDate: "2026-03-25" }],
      energyShape: "minimal",
    });
    const program = await world.start();
    await program.cycle();
    const rows = await meteredRows(world.database);
    const truth = publishedRows(world.simulator, world.nowEpochMs);
    const split = ({ epochMs, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff }: (typeof rows)[number]) => ({
      ...{ epochMs, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff },
    });
    expect(rows.map(split)).toEqual(truth.map(split));
    expect([...new Set(rows.map(({ tariff }) => tariff))].toSorted()).toEqual(tariffs);
    const sources = new Set(rows.map(({ split_source }) => split_source));
    expect([...sources]).toEqual([product === "general" ? null : "calendar"]);
  });

  test("brings the last days before the look back, newest first", async () => {
    world = await EngineWorld.create("2026-11-20T10:00", { meters: [{ startDate: "2026-08-01" }] });
    const program = await world.start();
    await program.engine.cycle({ withHistory: false }, new AbortController().signal);
    expect(await storedRows(world.database)).toEqual(
      trueRows(
        world.simulator,
        meterOf(),
        ["13", "14", "15", "16", "17", "18", "19"].map((day) => `2026-11-${day}`),
      ),
    );
    await program.cycle();
    await expectAllHours();
    const oldest = program.said.filter(({ message }) => message.startsWith("history: ")).map(({ message }) => message);
    expect(oldest).toEqual(oldest.toSorted().toReversed());
  });

  test("is over where BACKFILL is none, and every day from then on is brought all the same", async () => {
    world = await EngineWorld.create("2026-11-20T10:00", { meters: [{ startDate: "2026-08-01" }] });
    const program = await world.start({ plan: { backfill: "none" } });
    await program.cycle();
    world.nowEpochMs = at("2026-12-15T10:00");
    await program.cycle();
    const expected = publishedRows(world.simulator, world.nowEpochMs).filter(
      ({ epochMs }) => epochMs >= at("2026-11-13T00:00"),
    );
    expect(await meteredRows(world.database)).toEqual(expected);
  });

  test("goes back to the day that BACKFILL names", async () => {
    world = await EngineWorld.create("2026-11-20T10:00", { meters: [{ startDate: "2026-08-01" }] });
    const program = await world.start({ plan: { backfill: Temporal.PlainDate.from("2026-10-12") } });
    await program.cycle();
    const expected = publishedRows(world.simulator, world.nowEpochMs).filter(
      ({ epochMs }) => epochMs >= at("2026-10-12T00:00"),
    );
    expect(await meteredRows(world.database)).toEqual(expected);
  });
});

describe("a metering point whose history is loaded", () => {
  async function settledWorld(startDate = "2026-10-01") {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate }] });
    const program = await world.start();
    await program.cycle();
    return program;
  }

  test("costs not one request where nothing is due, not even a login", async () => {
    const program = await settledWorld();
    expect(await world.hourly(program, at("2026-11-21T07:50"))).toBe(0);
  });

  test("costs at most 40 requests in a day of hourly polling, logins included", async () => {
    const program = await settledWorld();
    await world.hourly(program, at("2026-11-22T00:10"));
    for (const day of ["2026-11-23", "2026-11-24"]) {
      const requests = await world.hourly(program, at(`${day}T00:10`));
      expect(requests).toBeLessThanOrEqual(40);
      expect(requests).toBeGreaterThan(0);
    }
    await expectAllHours();
  });

  test("has an hour that was revised two years back mended within a week, for at most 16 requests", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2024-11-10" }] });
    const program = await world.start();
    await program.cycle();
    const quiet = world.simulator.requests.length;
    await world.hourly(program, at("2026-11-27T10:10"));
    const ofQuietWeek = world.apiPathsSince(quiet).length;
    world.simulator.household.revise(meterOf(), at("2024-11-23T13:00"), 9.99);
    const before = world.simulator.requests.length;
    await world.hourly(program, at("2026-12-04T10:10"));
    await expectAllHours();
    // What a quiet week costs is there anyway: yesterday, two months a day, the years.
    expect(world.apiPathsSince(before).length - ofQuietWeek).toBeLessThanOrEqual(16);
    const told = program.said.filter(({ message }) => message.includes("other values than before"));
    expect(told).toHaveLength(1);
    expect(told[0]?.fields).toMatchObject({ meteringPoint: meterOf(), after: { kwhTotal: 9.99 } });
  });

  test("ends complete where a day is published in three pieces over three days", async () => {
    const program = await settledWorld();
    const hours = Array.from({ length: 24 }, (_, index) => at("2026-11-21T00:00") + index * HOUR_MS);
    const { household } = world.simulator;
    household.withhold(meterOf(), hours.slice(8));
    await world.hourly(program, at("2026-11-23T12:10"));
    household.release();
    household.withhold(meterOf(), hours.slice(16));
    await world.hourly(program, at("2026-11-24T12:10"));
    household.release();
    await world.hourly(program, at("2026-11-24T20:10"));
    await expectAllHours();
  });

  test("gains the hours that come after the last days are asked for no more", async () => {
    const program = await settledWorld();
    const hours = Array.from({ length: 5 }, (_, index) => at("2026-11-21T03:00") + index * HOUR_MS);
    world.simulator.household.withhold(meterOf(), hours);
    await world.hourly(program, at("2026-12-01T10:10"), 4 * HOUR_MS);
    world.simulator.household.release();
    await world.hourly(program, at("2026-12-03T10:10"), 4 * HOUR_MS);
    await expectAllHours();
  });

  test("has everything the same day after months of absence", async () => {
    const program = await settledWorld();
    world.nowEpochMs = at("2027-03-02T11:10");
    await program.cycle();
    const beforeYesterday = ({ epochMs }: { epochMs: number }) => epochMs < at("2027-03-01T00:00");
    const truth = publishedRows(world.simulator, world.nowEpochMs);
    expect(
      differences((await meteredRows(world.database)).filter(beforeYesterday), truth.filter(beforeYesterday)),
    ).toEqual([]);
    // A metering point that had no hours for a month is asked for yesterday in the afternoon.
    await world.hourly(program, at("2027-03-02T14:10"));
    await expectAllHours();
  });

  test.each([
    ["spring", "2027-03-27T10:10", "2027-03-30T10:10", "2027-03-20", 23],
    ["autumn", "2026-10-24T10:10", "2026-10-27T10:10", "2026-10-10", 25],
  ])("has the day of %s on which the clocks change whole", async (_, from, to, startDate, hours) => {
    world = await EngineWorld.create(from, { meters: [{ startDate }] });
    const program = await world.start();
    await world.hourly(program, at(to));
    await expectAllHours();
    const [changed] = await world.database.query(
      "SELECT hours_stored, is_complete FROM energy_daily WHERE hours_expected <> 24",
    );
    expect(changed).toEqual({ hours_stored: hours, is_complete: true });
  });

  test.each([
    ["a year ahead", 365 * DAY_MS],
    ["a month ahead", 31 * DAY_MS],
    ["a year behind", -365 * DAY_MS],
  ])("is complete again after the clock was %s for an hour", async (_, offsetMs) => {
    const program = await settledWorld();
    world.clockOffsetMs = offsetMs;
    await program.cycle();
    world.clockOffsetMs = 0;
    world.nowEpochMs += HOUR_MS;
    await world.hourly(program, at("2026-11-23T10:10"));
    await expectAllHours();
    world.simulator.household.revise(meterOf(), at("2026-10-20T13:00"), 9.99);
    await world.hourly(program, at("2026-11-25T10:10"), 4 * HOUR_MS);
    await expectAllHours();
  });

  test("is seen for the first time by a clock a year ahead, and has the days of an absence all the same", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-10-01" }] });
    world.clockOffsetMs = 365 * DAY_MS;
    // Without a look back only what is younger than the first sight is looked after.
    const program = await world.start({ plan: { backfill: "none" } });
    await program.cycle();
    world.clockOffsetMs = 0;
    await program.cycle();
    world.nowEpochMs = at("2026-12-11T10:10");
    await world.hourly(program, at("2026-12-12T10:10"), 4 * HOUR_MS);
    await expectAllHours(at("2026-11-20T00:00"));
  });

  test("keeps its day due that somebody asked for before it was over", async () => {
    const program = await settledWorld();
    await program.engine.load([Temporal.PlainDate.from("2026-11-20")], new AbortController().signal);
    await world.hourly(program, at("2026-11-21T12:10"));
    await expectAllHours();
  });

  test("has a total of Caruna+ that does not match its own hours told once, and asked after seldom", async () => {
    const program = await settledWorld("2026-11-01");
    const row = (day: string, kwh: number) => ({ timestamp: `${day}T00:00:00+02:00`, totalConsumption: kwh });
    const tellWrongly = () =>
      world.simulator.answerNext({
        pathIncludes: "/energy",
        answer: { status: 200, body: JSON.stringify([row("2026-11-10", 123.45)]), kind: "wrong month" },
      });
    // The first request of the morning is yesterday's day, so the month is asked for with that one out of the way.
    await world.hourly(program, at("2026-11-21T10:10"));
    for (let cycles = 0; cycles < 3; cycles += 1) {
      await world.database.query(
        "UPDATE metering_point_period SET next_ask_at = to_timestamp($1) WHERE span = 'month' AND starts_on = '2026-11-01'",
        [world.nowEpochMs / 1000],
      );
      tellWrongly();
      await program.cycle();
      world.nowEpochMs += HOUR_MS;
    }
    const told = program.said.filter(({ message }) => message.includes("does not match its own hours"));
    expect(told).toHaveLength(1);
    expect(told[0]?.fields).toMatchObject({ day: "2026-11-10", kwhTold: 123.45 });
    await expectAllHours();
    expect(world.simulator.requests.filter(({ kind }) => kind === "wrong month")).toHaveLength(3);
  });
});
