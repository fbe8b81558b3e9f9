import { expect, test } from "vitest";
import { Database, type SeenMeteringPoint } from "../../src/database/index.js";
import type { MeteredHour } from "../../src/energy/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { newLeased } from "../support/leased.js";
import { meteredHour } from "../support/metered-hours.js";
import { mirroredHours } from "../support/stored-hours.js";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 23, 6) + 123;
/** Local midnight of 1 January 2026. */
const NEW_YEAR_MS = Date.UTC(2025, 11, 31, 22);

const leased = newLeased();

const HOME: SeenMeteringPoint = {
  assetId: "A",
  kind: "consumption",
  customer: "1000",
  gsrn: "643007572000000001",
  address: "Kotitie 1, 02100 Espoo",
  product: "Yösiirto 25 A",
  fuse: "3x25",
  contractFrom: "2019-05-01",
  contractTo: null,
};

async function store(readings: readonly MeteredHour[], meteringPointId = "A", isFollowed = false): Promise<void> {
  await leased.database.sync.storeReadings(leased.lease, {
    hours: [{ meteringPointId, isFollowed, readings }],
  });
}

const hours = (startEpochMs: number, count: number, values: Partial<MeteredHour> = {}) =>
  Array.from({ length: count }, (_, index) => meteredHour(startEpochMs + index * HOUR_MS, values));

test("remembers a metering point, when it was seen first and last, and its stored hours", async () => {
  await leased.database.sync.seeMeteringPoints(
    leased.lease,
    [HOME, { ...HOME, assetId: "B", gsrn: null, contractTo: "2026-01-31" }],
    NOW_MS,
  );
  await store(hours(NEW_YEAR_MS, 5));
  await leased.database.sync.seeMeteringPoints(leased.lease, [HOME], NOW_MS + HOUR_MS);
  const seen = { firstSeenEpochMs: NOW_MS, hasPeriods: false };
  const ends = { oldestHourEpochMs: NEW_YEAR_MS, newestHourEpochMs: NEW_YEAR_MS + 4 * HOUR_MS };
  const loaded = { account: "account", accountRunEpochMs: null };
  const unlisted = { assetId: "B", gsrn: null, contractTo: "2026-01-31", account: null, accountRunEpochMs: null };
  const none = { oldestHourEpochMs: null, newestHourEpochMs: null };
  expect(await leased.database.sync.meteringPoints()).toEqual([
    { ...HOME, ...seen, ...loaded, id: "A", lastSeenEpochMs: NOW_MS + HOUR_MS },
    { ...HOME, ...seen, ...unlisted, id: "B", lastSeenEpochMs: NOW_MS },
  ]);
  expect([...(await leased.database.sync.storedEnds(["A", "B"]))]).toEqual([
    ["A", ends],
    ["B", none],
  ]);
});

test("one that moves to another customer keeps its hours, and what is left out stays known", async () => {
  await leased.database.sync.seeMeteringPoints(leased.lease, [{ ...HOME, contractTo: "2026-12-31" }], NOW_MS);
  await store(hours(NEW_YEAR_MS, 1));
  const nothing = { gsrn: null, address: "", product: null, fuse: null, contractFrom: null, contractTo: null };
  await leased.database.sync.seeMeteringPoints(leased.lease, [{ ...HOME, ...nothing, customer: "2000" }], NOW_MS);
  const expected = { ...HOME, customer: "2000", contractTo: "2026-12-31" };
  expect(await leased.database.sync.meteringPoints()).toMatchObject([expected]);
  expect((await leased.database.sync.storedEnds(["A"])).get("A")).toMatchObject({ newestHourEpochMs: NEW_YEAR_MS });
  // A contract that goes on after all.
  await leased.database.sync.seeMeteringPoints(leased.lease, [HOME], NOW_MS);
  expect(await leased.database.sync.meteringPoints()).toMatchObject([{ contractTo: null }]);
});

test("sums by local day count 23, 24 and 25 hours, and parts where there are any", async () => {
  // From local midnight of 28 March to that of 31 March, and of 25 October to 26 October.
  await store(hours(Date.UTC(2026, 2, 27, 22), 24 + 23 + 24, { kwhNight: 0.5 }));
  await store(hours(Date.UTC(2026, 9, 24, 21), 25));
  await store(hours(Date.UTC(2026, 2, 28), 9), "B");
  const spring = await leased.database.sync.sumsByDay("A", "2026-03-28", "2026-03-29");
  const parts = { kwhDay: null, kwhNightWinter: null };
  expect(spring).toMatchObject([
    { startsOn: "2026-03-28", hours: 24, kwhTotal: 36, kwhNight: 12, ...parts },
    { startsOn: "2026-03-29", hours: 23, kwhTotal: 34.5, kwhNight: 11.5, ...parts },
  ]);
  expect(await leased.database.sync.sumsByDay("A", "2026-10-01", "2026-10-31")).toMatchObject([
    { startsOn: "2026-10-25", hours: 25, kwhTotal: 37.5, kwhNight: null, ...parts },
  ]);
});

test("a row that starts at no full hour counts as none, whatever the time zone of the session", async () => {
  await store(hours(Date.UTC(2026, 9, 24, 21), 25));
  await leased.testDatabase.query(
    "INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total) VALUES ('A', '2026-10-25 10:30Z', 1)",
  );
  const settings = { ...leased.testDatabase.settings, sessionOptions: "-c TimeZone=America/St_Johns" };
  const elsewhere = new Database(settings, silentLogger);
  await elsewhere.start();
  const days = { fromDay: "2026-10-25", toDay: "2026-10-25" };
  const sums = await elsewhere.sync.sumsByDay("A", days.fromDay, days.toDay);
  const series = await elsewhere.history.series({ meteringPointId: "A", by: "hour", ...days });
  await elsewhere.stop();
  expect(sums).toMatchObject([{ hours: 25, kwhTotal: 38.5 }]);
  expect(series.map(({ hours: count }) => count)).toEqual(Array(25).fill(1));
});

test("sums by local month begin and end with the local year", async () => {
  await store(hours(NEW_YEAR_MS - HOUR_MS, 1 + 31 * 24 + 5));
  await store(hours(Date.UTC(2026, 11, 31, 21), 2));
  const sums = await leased.database.sync.sumsByMonth("A", 2026);
  expect(sums.map(({ startsOn, hours: count }) => [startsOn, count])).toEqual([
    ["2026-01-01", 744],
    ["2026-02-01", 5],
    ["2026-12-01", 1],
  ]);
});

test("energy_daily and energy_monthly tell how many of how many hours are there", async () => {
  await store(hours(Date.UTC(2026, 2, 27, 22), 24 + 23 + 1, { temperatureCelsius: 2, eurTotal: 0.25 }));
  await store(hours(Date.UTC(2026, 9, 24, 21), 25));
  const daily =
    "SELECT day::text, kwh_total, temperature_celsius, eur_total, hours_stored, hours_expected, is_complete";
  expect(await leased.testDatabase.query(`${daily} FROM public.energy_daily ORDER BY day`)).toEqual(
    [
      ["2026-03-28", 36, 2, 6, 24, 24, true],
      ["2026-03-29", 34.5, 2, 5.75, 23, 23, true],
      ["2026-03-30", 1.5, 2, 0.25, 1, 24, false],
      ["2026-10-25", 37.5, null, null, 25, 25, true],
    ].map(([day, kwh_total, temperature_celsius, eur_total, hours_stored, hours_expected, is_complete]) => ({
      ...{ day, kwh_total, temperature_celsius, eur_total, hours_stored, hours_expected, is_complete },
    })),
  );
  const monthly = "SELECT month::text, hours_stored, hours_expected, is_complete FROM public.energy_monthly ORDER BY 1";
  expect(await leased.testDatabase.query(monthly)).toEqual([
    { month: "2026-03-01", hours_stored: 48, hours_expected: 743, is_complete: false },
    { month: "2026-10-01", hours_stored: 25, hours_expected: 745, is_complete: false },
  ]);
});

test("every table, view and column of the engine says what it is", async () => {
  const silent = await leased.testDatabase.query(`
    SELECT relname::text, attname::text FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
      AND relname NOT IN ('energy_hourly', 'caruna_integration_migration')
      AND (col_description(pg_class.oid, attnum) IS NULL OR obj_description(pg_class.oid) IS NULL)`);
  expect(silent).toEqual([]);
});

test("energy_hourly that begins to follow gets the stored hours, and keeps what it has beside them", async () => {
  await leased.testDatabase.query(
    `INSERT INTO public.energy_hourly (datetime, kwh_total, kwh_night, tariff) VALUES
      (to_timestamp($1), 1.5, 1.5, 'night'), (to_timestamp($1 - 3600), 9, NULL, 'other_times')`,
    [NEW_YEAR_MS / 1000],
  );
  await store(hours(NEW_YEAR_MS, 3));
  const followed = await leased.database.sync.followMeteringPoint(leased.lease, "A", false);
  expect(followed).toEqual({ previous: null, written: 2, others: 1 });
  expect(await mirroredHours(leased.testDatabase)).toMatchObject([
    { kwhTotal: 9 },
    { kwhTotal: 1.5, kwhNight: 1.5, tariff: "night" },
    { kwhTotal: 1.5, tariff: "other_times" },
    { kwhTotal: 1.5, tariff: "other_times" },
  ]);
  expect(await leased.database.sync.followedMeteringPoint()).toBe("A");
  expect(await leased.database.sync.followMeteringPoint(leased.lease, "A", false)).toEqual({
    previous: "A",
    written: 0,
    others: 0,
  });
});

test("energy_hourly that follows another metering point keeps nothing of the former in an hour of both", async () => {
  await leased.database.sync.followMeteringPoint(leased.lease, "A", false);
  await store(hours(NEW_YEAR_MS, 3, { kwhNight: 1.5, tariff: "night", splitSource: "caruna" }), "A", true);
  await store(hours(NEW_YEAR_MS, 2, { kwhTotal: 4 }), "B");
  expect(await leased.database.sync.followMeteringPoint(leased.lease, "B", false)).toEqual({
    previous: "A",
    written: 2,
    others: 1,
  });
  expect(await mirroredHours(leased.testDatabase)).toMatchObject([
    { kwhTotal: 4, kwhNight: null, tariff: "other_times" },
    { kwhTotal: 4, kwhNight: null, tariff: "other_times" },
    { kwhTotal: 1.5, kwhNight: 1.5, tariff: "night" },
  ]);
});

test("remembers a value under a name", async () => {
  expect(await leased.database.sync.remembered("metering points listed at")).toBeUndefined();
  await leased.database.sync.remember(leased.lease, "metering points listed at", "1");
  await leased.database.sync.remember(leased.lease, "metering points listed at", "2");
  expect(await leased.database.sync.remembered("metering points listed at")).toBe("2");
});
