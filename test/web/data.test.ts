import { Temporal } from "temporal-polyfill";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Completeness, Overview, Series, SeriesBy } from "../../src/web/api.js";
import { collectedLog } from "../support/caruna.js";
import { at, EngineWorld, HOUR_MS, type Program } from "../sync/engine-world.js";
import { type Serving, type ServingOptions, serve } from "./serving.js";

/** A house with solar panels, and a flat of some days; everything is loaded. */
const HOUSE = { product: "nightly", startDate: "2025-12-28", solarKwp: 5, assetId: "HOUSE" } as const;
const FLAT = { product: "general", startDate: "2026-10-20", assetId: "FLAT" } as const;
const NOW = at("2026-11-02T10:00");
const FIRST = at("2025-12-28T00:00");

let world: EngineWorld;
let program: Program;
beforeAll(async () => {
  world = await EngineWorld.create("2026-11-02T10:00", { meters: [HOUSE, FLAT] });
  program = await world.start({ meteringPoint: "HOUSE" });
  await program.cycle();
});
afterAll(async () => await world.close());

const serving = async (options: ServingOptions = {}): Promise<Serving> =>
  await serve(program.database, { now: () => NOW, ...options });
const overview = async () => (await (await serving()).json("/api/overview")) as unknown as Overview;
const series = async (query: string) => (await (await serving()).json(`/api/series?${query}`)) as unknown as Series;
const completeness = async (query: string) =>
  (await (await serving()).json(`/api/completeness?${query}`)) as unknown as Completeness;

/** The hours of the house from one day to another, both included, told by the simulator alone. */
function truth(from: string, to: string) {
  const days: string[] = [];
  for (let day = Temporal.PlainDate.from(from); Temporal.PlainDate.compare(day, to) <= 0; day = day.add({ days: 1 }))
    days.push(day.toString());
  return days.flatMap((day) => world.simulator.household.truthOfDay("HOUSE", day));
}

type Hour = ReturnType<typeof truth>[number];

function periodOf(epochMs: number, by: SeriesBy): number {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO("Europe/Helsinki");
  if (by === "hour") return epochMs / 1000;
  const day = local.startOfDay();
  const first = by === "day" ? day : by === "month" ? day.with({ day: 1 }) : day.with({ month: 1, day: 1 });
  return first.epochMilliseconds / 1000;
}

/** The columns that these hours must lead to. */
function columnsOf(hours: readonly Hour[], by: SeriesBy) {
  const groups = new Map<number, Hour[]>();
  for (const hour of hours) {
    const period = periodOf(hour.startEpochMs, by);
    groups.set(period, [...(groups.get(period) ?? []), hour]);
  }
  const sum = (of: (hour: Hour) => number | null | undefined) =>
    [...groups.values()].map((group) => {
      const values = group.map(of).filter((value) => value !== null && value !== undefined);
      return values.length === 0 ? null : values.reduce((one, other) => one + other, 0);
    });
  const mean = sum(({ temperatureCelsius }) => temperatureCelsius);
  return {
    start: [...groups.keys()],
    kwhTotal: sum(({ kwhTotal }) => kwhTotal),
    kwhDay: sum(({ parts }) => parts.daytime),
    kwhNight: sum(({ parts }) => parts.nighttime),
    kwhNightWinter: sum(() => null),
    kwhProduction: sum(({ productionKwh }) => productionKwh),
    celsius: [...groups.values()].map((group, index) => (mean[index] ?? 0) / group.length),
    eurTotal: sum(({ fees }) => fees.totalFee),
    hours: [...groups.values()].map((group) => group.length),
  };
}

/** To a millionth, as floating point numbers added up in another order are. */
function expectSame(found: Series, expected: ReturnType<typeof columnsOf>): void {
  for (const [name, values] of Object.entries(expected)) {
    const column = Object.entries(found).find(([column]) => column === name)?.[1] ?? [];
    expect(column.length, name).toBe(values.length);
    for (const [index, value] of values.entries()) {
      const told = column[index];
      if (value === null || told === null || told === undefined) expect(told, `${name} ${index}`).toBe(value);
      else expect(told, `${name} ${index}`).toBeCloseTo(value, 6);
    }
  }
}

describe("/api/series tells the sums of Caruna+'s own hours", () => {
  const last = "2026-11-01";

  test.each(["day", "month", "year"] as const)("by %s, from the first hour to the newest", async (by) => {
    const found = await series(`point=HOUSE&by=${by}`);
    expectSame(found, columnsOf(truth("2025-12-28", last), by));
  });

  test("by hour, on a day with an hour that comes twice and on one that lacks an hour", async () => {
    for (const [from, to, hours] of [
      ["2026-10-24", "2026-10-26", 73],
      ["2026-03-28", "2026-03-30", 71],
    ] as const) {
      const found = await series(`point=HOUSE&by=hour&from=${from}&to=${to}`);
      expect(found.start).toHaveLength(hours);
      expectSame(found, columnsOf(truth(from, to), "hour"));
      expect(new Set(found.hoursExpected)).toEqual(new Set([1]));
    }
  });

  test("a period that is cut by the days asked for holds what lies inside", async () => {
    const found = await series("point=HOUSE&by=month&from=2026-03-20&to=2026-04-02");
    expectSame(found, columnsOf(truth("2026-03-20", "2026-04-02"), "month"));
    expect(found.start).toEqual([at("2026-03-01T00:00") / 1000, at("2026-04-01T00:00") / 1000]);
    expect(found.hoursExpected).toEqual([12 * 24 - 1, 48]);
  });

  test("the hours that a period has are those of a wall clock", async () => {
    const days = await series("point=HOUSE&by=day");
    const ofDay = (day: string) => days.hoursExpected[days.start.indexOf(at(`${day}T00:00`) / 1000)];
    expect(["2026-03-28", "2026-03-29", "2026-10-25"].map(ofDay)).toEqual([24, 23, 25]);
    const months = await series("point=HOUSE&by=month");
    expect(months.hoursExpected.slice(0, 4)).toEqual([744, 744, 672, 743]);
  });

  test("outside of what is stored there is nothing", async () => {
    expect((await series("point=HOUSE&by=day&from=2020-01-01&to=2020-12-31")).start).toEqual([]);
    expect((await series("point=HOUSE&by=day&from=2030-01-01")).start).toEqual([]);
    expect((await series("point=HOUSE&by=hour&from=2020-01-01&to=2020-01-02")).start).toEqual([]);
  });

  test("a server that would compile each question for longer than it takes to answer is told not to", async () => {
    await world.database.query(`
      ALTER TABLE metering_point_hourly RENAME TO away;
      DO $$ BEGIN
        EXECUTE format(
          $view$CREATE VIEW metering_point_hourly AS SELECT %s, CASE WHEN current_setting('jit') = 'off' THEN kwh_total END AS kwh_total FROM away$view$,
          (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
            WHERE attrelid = 'away'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'kwh_total'));
      END $$`);
    try {
      expect((await series("point=HOUSE&by=month")).kwhTotal).toHaveLength(12);
    } finally {
      await world.database.query("DROP VIEW metering_point_hourly; ALTER TABLE away RENAME TO metering_point_hourly");
    }
  });

  test("a product without parts has its total alone", async () => {
    const { kwhTotal, kwhDay, kwhNight, kwhProduction } = await series("point=FLAT&by=day");
    expect(kwhTotal).toHaveLength(13);
    expect(kwhTotal.every((kwh) => kwh !== null && kwh > 0)).toBe(true);
    expect(new Set([...kwhDay, ...kwhNight, ...kwhProduction])).toEqual(new Set([null]));
  });
});

test("/api/overview tells each metering point, the cycles and the guard", async () => {
  const found = await overview();
  expect(found).toMatchObject({
    now: NOW,
    version: "1.2.3",
    lastCycle: { ended: NOW, problem: null },
    nextCycle: NOW + HOUR_MS,
    guard: { heldUntil: null, rejected: null },
    problems: [],
  });
  const [flat, house] = found.points;
  const hours = (at("2026-11-02T00:00") - FIRST) / HOUR_MS;
  expect(house).toEqual({
    id: "HOUSE",
    address: "Mäntykuja 7, 02780 Espoo",
    product: "Yösiirto 25 A",
    fuse: "3x25",
    gsrn: world.simulator.household.meter("HOUSE").gsrn,
    isFollowed: true,
    firstHour: FIRST,
    lastHour: at("2026-11-01T23:00"),
    hours,
    hoursExpected: hours,
    gaps: [],
    gapHours: 0,
    verified: NOW,
    nextAsk: expect.any(Number),
    lookBack: { days: 0, months: 0, years: 0 },
  });
  expect(flat).toMatchObject({ id: "FLAT", isFollowed: false, firstHour: at("2026-10-20T00:00") });
});

test.each([
  ["rejected", NOW],
  ["no answer", null],
] as const)(
  "/api/overview says of a login that is paused (%s) whether the password was rejected",
  async (kind, rejected) => {
    const guard = program.database.loginGuard(["http://127.0.0.1", "demo@example.com", "demo"], () => NOW);
    const post = await guard.begin(new AbortController().signal, false);
    if (post.pause !== undefined) throw new Error("the login is paused already");
    const nothing = { words: undefined, found: undefined, transcriptFile: undefined, retryAfterSeconds: undefined };
    await post.end({ kind, ...nothing });
    expect((await overview()).guard).toMatchObject({ kind, rejected, posted: NOW });
    await world.database.query("DELETE FROM login_guard");
  },
);

test("the customer number is told nowhere", async () => {
  const { customerNumber } = world.simulator.household.meter("HOUSE");
  const server = await serving();
  const paths = [
    "/api/overview",
    "/metrics",
    "/api/series?point=HOUSE&by=month",
    "/download.csv?point=FLAT",
    "/readyz",
  ];
  for (const path of paths) expect((await server.ask(path)).body, path).not.toContain(customerNumber);
});

describe("/api/completeness tells every day of a year", () => {
  test("which are there and proven, which are not there, and which are still to come", async () => {
    const { days } = await completeness("point=HOUSE&year=2026");
    expect(days).toHaveLength(365);
    expect(days.find(({ day }) => day === "2026-10-25")).toEqual({
      ...{ day: "2026-10-25", hours: 25, expected: 25, state: "verified" },
    });
    expect(days.find(({ day }) => day === "2026-03-29")).toMatchObject({ hours: 23, expected: 23, state: "verified" });
    const until = days.findIndex(({ day }) => day === "2026-11-02");
    expect(new Set(days.slice(0, until).map(({ state }) => state))).toEqual(new Set(["verified"]));
    expect(new Set(days.slice(until).map(({ state }) => state))).toEqual(new Set(["future"]));
    const before = await completeness("point=HOUSE&year=2025");
    expect(before.days.slice(-5).map(({ state }) => state)).toEqual(["missing", ...Array(4).fill("verified")]);
  });
});

describe("hours that are not there", () => {
  const away = "metering_point = 'FLAT' AND datetime";

  test("leave a gap in the series, in the calendar and in the overview", async () => {
    const query = world.database.query.bind(world.database);
    await query(
      `DELETE FROM metering_point_hourly WHERE ${away} >= '2026-10-20 22:00 Europe/Helsinki' AND datetime < '2026-10-22 01:00 Europe/Helsinki'`,
    );
    await query(`DELETE FROM metering_point_hourly WHERE ${away} = '2026-10-23 05:00 Europe/Helsinki'`);
    const days = await series("point=FLAT&by=day&to=2026-10-23");
    expect(days.hours).toEqual([22, 0, 23, 23]);
    expect(days.hoursExpected).toEqual([24, 24, 24, 24]);
    expect(days.kwhTotal[1]).toBeNull();
    expect(days.celsius[1]).toBeNull();
    const hours = await series("point=FLAT&by=hour&from=2026-10-20&to=2026-10-23");
    expect(hours.start).toHaveLength(96);
    expect(hours.hours.reduce((one, other) => one + other, 0)).toBe(68);
    const states = (await completeness("point=FLAT&year=2026")).days.filter(({ day }) => /2026-10-2[0-4]/.test(day));
    expect(states.map(({ state }) => state)).toEqual(["partial", "missing", "partial", "partial", "verified"]);
    const [flat] = (await overview()).points;
    expect(flat).toMatchObject({
      gaps: [
        { start: at("2026-10-23T05:00"), end: at("2026-10-23T06:00") },
        { start: at("2026-10-20T22:00"), end: at("2026-10-22T01:00") },
      ],
      gapHours: 28,
    });
  });
});

describe("/download.csv", () => {
  test("holds every hour of the days asked for, as Caruna+ told it", async () => {
    const { headers, body, status } = await (await serving()).ask(
      "/download.csv?point=HOUSE&from=2026-10-25&to=2026-10-26",
    );
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(headers["content-disposition"]).toBe('attachment; filename="energy_HOUSE_2026-10-25_2026-10-26.csv"');
    const [head = "", ...lines] = body.trimEnd().split("\r\n");
    expect(lines).toHaveLength(49);
    const total = head.split(",").indexOf("kwh_total");
    expect(lines.map((line) => Number(line.split(",")[total]))).toEqual(
      truth("2026-10-25", "2026-10-26").map(({ kwhTotal }) => kwhTotal),
    );
  });

  test("holds all of them where no day is named, for a spreadsheet of Finland where one is wanted", async () => {
    const server = await serving();
    const all = await server.ask("/download.csv?point=HOUSE&locale=fi");
    const hours = (at("2026-11-02T00:00") - FIRST) / HOUR_MS;
    expect(all.body.trimEnd().split("\r\n")).toHaveLength(hours + 1);
    expect(all.body.startsWith("\uFEFF")).toBe(true);
    expect((await server.ask("/download.csv?point=HOUSE&locale=sv")).body).toBe(all.body);
  });

  test("a file that cannot be had to its end is broken off, not made to look whole", async () => {
    const server = await serving();
    await server.json("/api/overview");
    await world.database.query("ALTER TABLE metering_point_hourly RENAME TO away");
    try {
      await expect(server.ask("/download.csv?point=HOUSE")).rejects.toThrow();
      expect(server.log.entries.map(({ message }) => message)).toEqual(["a download was broken off"]);
    } finally {
      await world.database.query("ALTER TABLE away RENAME TO metering_point_hourly");
    }
  });
});

test("names of files hold no sign that a header could be broken with", async () => {
  await world.database.query(
    `INSERT INTO metering_point (id, customer, address, first_seen, last_seen) VALUES ('a"b/../c', '1', '', now(), now())`,
  );
  const { headers } = await (await serving()).ask(`/download.csv?point=${encodeURIComponent('a"b/../c')}`);
  await world.database.query(`DELETE FROM metering_point WHERE id = 'a"b/../c'`);
  expect(headers["content-disposition"]).toBe('attachment; filename="energy_abc.csv"');
});

test("what fails is told in words and with its status, and the next one may succeed", async () => {
  const server = await serving();
  await world.database.query("ALTER TABLE metering_point RENAME TO away");
  const { status, body } = await server.ask("/api/overview");
  await world.database.query("ALTER TABLE away RENAME TO metering_point");
  expect(status).toBe(503);
  expect(JSON.parse(body).error).toMatch(/metering_point/);
  expect((await server.ask("/api/overview")).status).toBe(200);
});

test("before the database is open every answer says so, and the page itself is there", async () => {
  const { Database } = await import("../../src/database/index.js");
  const closed = new Database(world.database.settings, collectedLog());
  const server = await serve(closed);
  const { status, body } = await server.ask("/api/overview");
  expect(status).toBe(503);
  expect(JSON.parse(body).error).toContain("Try again in a moment");
  expect((await server.ask("/")).status).toBe(200);
  expect(JSON.parse((await server.ask("/readyz")).body)).toEqual({
    ready: false,
    reasons: ["the database does not answer"],
  });
});
