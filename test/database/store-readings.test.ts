import pg from "pg";
import { expect, test } from "vitest";
import type { StoreResult } from "../../src/database/index.js";
import type { MeteredHour } from "../../src/energy/index.js";
import { newLeased } from "../support/leased.js";
import { meteredHour } from "../support/metered-hours.js";
import { mirroredHours } from "../support/stored-hours.js";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 2, 27, 22);
const AT_NIGHT = { kwhNight: 1.5, tariff: "night", parts: { nighttime: 1.5 }, splitSource: "caruna" } as const;
const BY_CALENDAR = { kwhDay: 1.5, tariff: "day", splitSource: "calendar" } as const;
/** Every field a value of its own. */
const FULL = meteredHour(START_MS, {
  ...{
    kwhTotal: 1,
    kwhDay: 2,
    kwhNight: 3,
    kwhNightWinter: 4,
    tariff: "night_winter",
    kwhInvoiced: 5,
    kwhProduction: 6,
  },
  ...{ kwhSold: 7, kwhCompensated: 8, temperatureCelsius: -9.5, eurTotal: 10, eurDistribution: 11, eurBase: 12 },
  ...{ eurTax: 13, eurVat: 14, status: 150, parts: { 'yö, "talvi" \\': 4, day: 2 }, splitSource: "caruna" },
});

const leased = newLeased();

const hour = (index: number, values: Partial<MeteredHour> = {}) => meteredHour(START_MS + index * HOUR_MS, values);

async function store(readings: readonly MeteredHour[], isFollowed = true, meteringPointId = "A"): Promise<StoreResult> {
  return await leased.database.sync.storeReadings(leased.lease, {
    hours: [{ meteringPointId, isFollowed, readings }],
  });
}

async function stored(meteringPointId = "A") {
  return await leased.database.sync.hoursOf(meteringPointId, 0, Date.UTC(2100, 0, 1));
}

async function followed() {
  return await mirroredHours(leased.testDatabase);
}

const versions = () =>
  leased.testDatabase.query(
    `SELECT xmin::text, ctid::text, updated_at FROM public.metering_point_hourly ORDER BY datetime`,
  );

test("stores every value in its column, and gives it back", async () => {
  await store([FULL]);
  expect(await stored()).toEqual([FULL]);
  const { startEpochMs: _, parts, ...values } = FULL;
  const inColumns = Object.entries(values).map(([field, value]) => [
    field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  expect(await leased.testDatabase.query("SELECT * FROM public.metering_point_hourly")).toMatchObject([
    { metering_point: "A", datetime: new Date(START_MS), parts, ...Object.fromEntries(inColumns) },
  ]);
});

test("writes the followed metering point into both tables, another into its own alone", async () => {
  await store([hour(0, AT_NIGHT)]);
  await store([hour(0, { kwhTotal: 7 }), hour(1, { kwhTotal: 8 })], false, "B");
  expect(await followed()).toMatchObject([{ startEpochMs: START_MS, kwhTotal: 1.5, kwhNight: 1.5, tariff: "night" }]);
  expect(await stored("A")).toMatchObject([{ kwhTotal: 1.5 }]);
  expect(await stored("B")).toMatchObject([{ kwhTotal: 7 }, { kwhTotal: 8 }]);
});

test("counts new, changed and unchanged hours of each table, and tells old and new values", async () => {
  await store([hour(0), hour(1)], false);
  const result = await store([hour(2), hour(1, { kwhTotal: 2 }), hour(0)]);
  expect(result).toMatchObject({ inserted: 1, changed: 1, unchanged: 1 });
  expect(result.changes).toEqual([
    {
      meteringPointId: "A",
      startEpochMs: START_MS + HOUR_MS,
      before: expect.objectContaining({ kwhTotal: 1.5 }),
      after: expect.objectContaining({ kwhTotal: 2 }),
    },
  ]);
  expect(result.mirrored).toBe(3);
});

test("does not write an hour that is stored just so", async () => {
  await store([FULL, hour(1, AT_NIGHT)]);
  const before = await versions();
  expect(await store([FULL, hour(1, AT_NIGHT)])).toMatchObject({ inserted: 0, changed: 0, unchanged: 2 });
  // With less told too: nothing would change.
  expect(await store([meteredHour(START_MS, { kwhTotal: 1 }), hour(1)])).toMatchObject({ unchanged: 2 });
  expect(await versions()).toEqual(before);
});

const { startEpochMs: _start, kwhTotal: _total, tariff: _tariff, ...OTHERS } = FULL;

test.each(Object.entries(OTHERS))(
  "writes %s where it is told, and keeps it where the reading has null",
  async (field, value) => {
    const without = hour(0, { kwhTotal: 1 });
    await store([without]);
    expect(await store([{ ...without, [field]: value }])).toMatchObject({ changed: 1 });
    expect(await store([without])).toMatchObject({ unchanged: 1 });
    expect(await stored()).toEqual([{ ...without, [field]: value }]);
  },
);

test("moves updated_at with a change alone", async () => {
  await store([hour(0), hour(1)]);
  const [first, second] = await versions();
  await store([hour(0, { temperatureCelsius: 3 }), hour(1)]);
  const [firstAfter, secondAfter] = await versions();
  expect(Number(firstAfter?.updated_at)).toBeGreaterThan(Number(first?.updated_at));
  expect(secondAfter).toEqual(second);
});

test("Caruna+'s parts take the place of the calendar's, in both tables and with nothing left of them", async () => {
  await store([hour(0, BY_CALENDAR)]);
  await store([hour(0, AT_NIGHT)]);
  const split = { kwhDay: null, kwhNight: 1.5, kwhNightWinter: null, tariff: "night" };
  expect(await stored()).toMatchObject([{ ...split, splitSource: "caruna" }]);
  expect(await followed()).toMatchObject([split]);
});

test("the calendar's split takes the place of Caruna+'s parts only with another total", async () => {
  await store([hour(0, AT_NIGHT), hour(1, AT_NIGHT)]);
  const result = await store([hour(0, BY_CALENDAR), hour(1, { ...BY_CALENDAR, kwhTotal: 2, kwhDay: 2 })]);
  expect(result).toMatchObject({ changed: 1, unchanged: 1, mirrored: 1 });
  const splits = [
    { kwhTotal: 1.5, kwhDay: null, kwhNight: 1.5, tariff: "night" },
    { kwhTotal: 2, kwhDay: 2, kwhNight: null, tariff: "day" },
  ];
  expect(await followed()).toMatchObject(splits);
  expect(await stored()).toMatchObject([
    { ...splits[0], splitSource: "caruna" },
    { ...splits[1], splitSource: "calendar" },
  ]);
});

test("the calendar's split takes the place of Caruna+'s parts where less is invoiced of the same total", async () => {
  await store([hour(0, { ...AT_NIGHT, kwhInvoiced: 1.5 })]);
  await store([hour(0, { ...BY_CALENDAR, kwhDay: 0, kwhInvoiced: 0 })]);
  expect(await stored()).toMatchObject([
    { kwhTotal: 1.5, kwhInvoiced: 0, kwhDay: 0, kwhNight: null, splitSource: "calendar" },
  ]);
});

test("keeps the split, its tariff and its source where the reading has none", async () => {
  await store([hour(0, AT_NIGHT)]);
  await store([hour(0, { kwhTotal: 1.6 })]);
  expect(await stored()).toMatchObject([{ kwhTotal: 1.6, kwhNight: 1.5, tariff: "night", splitSource: "caruna" }]);
});

test("takes the later of two readings of an hour, in any order of hours, years apart", async () => {
  const years = [12, 3, 0].map((year) => hour(year * 8_766, { kwhTotal: year }));
  expect(await store([...years, hour(0, { kwhTotal: 9 })])).toMatchObject({ inserted: 3 });
  expect(await store([hour(0, { kwhTotal: 9 }), ...years.slice(0, 2)])).toMatchObject({ unchanged: 3 });
  expect((await stored()).map(({ kwhTotal }) => kwhTotal)).toEqual([9, 3, 12]);
});

test("stores several metering points and thousands of hours in one transaction", async () => {
  const readings = Array.from({ length: 6_000 }, (_, index) => hour(index, { kwhTotal: index / 7 }));
  const hours = ["A", "B"].map((meteringPointId) => ({
    meteringPointId,
    isFollowed: meteringPointId === "A",
    readings,
  }));
  expect(await leased.database.sync.storeReadings(leased.lease, { hours })).toMatchObject({
    inserted: 12_000,
    mirrored: 6_000,
  });
  expect(
    await leased.testDatabase.query("SELECT count(DISTINCT xmin::text)::int FROM public.metering_point_hourly"),
  ).toEqual([{ count: 1 }]);
});

test("stores all of a batch or nothing", async () => {
  await leased.testDatabase.query("ALTER TABLE public.metering_point_period ADD CHECK (times_asked < 100)");
  const period = { meteringPointId: "A", span: "day", startsOn: "2026-03-28", nextAskEpochMs: null } as const;
  const rest = {
    askedEpochMs: 1,
    kwhTold: null,
    kwhStored: null,
    verifiedEpochMs: null,
    settledEpochMs: null,
    reported: null,
  };
  const hours = [{ meteringPointId: "A", isFollowed: true, readings: [hour(0)] }];
  const periods = [{ ...period, ...rest, timesAsked: 100, timesReported: 0, isHistory: false }];
  await expect(leased.database.sync.storeReadings(leased.lease, { hours, periods: () => periods })).rejects.toThrow(
    /check constraint/,
  );
  expect(await stored()).toEqual([]);
  expect(await followed()).toEqual([]);
});

/** A session that holds an advisory lock while the program runs into it. */
async function whileHeld(lock: string, storing: () => Promise<unknown>, meanwhile: string): Promise<void> {
  const client = new pg.Client({ ...leased.testDatabase.settings });
  await client.connect();
  await client.query(`SELECT pg_advisory_lock(${lock})`);
  const stored = storing();
  const waiting = `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`;
  while ((await client.query(waiting)).rows.length === 0);
  await client.query(meanwhile);
  await client.query(`SELECT pg_advisory_unlock(${lock})`);
  await stored;
  await client.end();
}

test.each([
  ["energy_hourly", "datetime, kwh_total", "to_timestamp($1), 7", null],
  ["metering_point_hourly", "metering_point, datetime, kwh_total, kwh_sold", "'A', to_timestamp($1), 7, 3", 3],
])(
  "a row that another program makes in %s meanwhile is merged with, not lost",
  async (table, columns, row, kwhSold) => {
    await leased.testDatabase.query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('application_name') = 'caruna-integration' THEN PERFORM pg_advisory_xact_lock(1); END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER hold BEFORE INSERT ON public.${table} FOR EACH STATEMENT EXECUTE FUNCTION hold();`);
    const intruder = `INSERT INTO public.${table} (${columns}) VALUES (${row.replace("$1", String(START_MS / 1000))})`;
    await whileHeld("1", () => store([hour(0), hour(1)]), intruder);
    expect(await followed()).toMatchObject([{ kwhTotal: 1.5 }, { kwhTotal: 1.5 }]);
    expect(await stored()).toMatchObject([{ kwhTotal: 1.5, kwhSold }, { kwhTotal: 1.5 }]);
  },
);

test("of one source, a part that is left out now is 0, and never NULL", async () => {
  await store([hour(0, { kwhDay: 1, kwhNight: 0.5, tariff: "day", splitSource: "caruna" })]);
  await store([hour(0, AT_NIGHT)]);
  expect(await stored()).toMatchObject([{ kwhTotal: 1.5, kwhDay: 0, kwhNight: 1.5, tariff: "night" }]);
  expect(await followed()).toMatchObject([{ kwhTotal: 1.5, kwhDay: 0, kwhNight: 1.5, tariff: "night" }]);
});

test("what the original's loop stored of an hour stays where Caruna+ does not report it", async () => {
  await leased.testDatabase.query(
    `INSERT INTO public.energy_hourly (datetime, kwh_total, kwh_night, tariff)
    VALUES (to_timestamp(${START_MS / 1000}), 1.4, 1.4, 'night')`,
  );
  await store([hour(0)]);
  expect(await followed()).toMatchObject([{ kwhTotal: 1.5, kwhNight: 1.4, tariff: "night" }]);
  await store([hour(0, { ...BY_CALENDAR })]);
  expect(await followed()).toMatchObject([{ kwhTotal: 1.5, kwhNight: null, kwhDay: 1.5, tariff: "day" }]);
});

test("one transaction at a time writes energy_hourly", async () => {
  const meanwhile = `INSERT INTO public.energy_hourly (datetime, kwh_total, kwh_night, tariff)
    VALUES (to_timestamp(${START_MS / 1000}), 7, 1, 'night')`;
  await whileHeld("20479, 4", () => store([hour(0)]), meanwhile);
  expect(await followed()).toMatchObject([{ kwhTotal: 1.5, kwhNight: 1 }]);
});

test("hours are compared as they would be stored: missing, other and extra", async () => {
  const until = START_MS + 3 * HOUR_MS;
  await store([hour(1, { temperatureCelsius: 3 }), hour(2)]);
  const compare = async (shown: readonly MeteredHour[]) =>
    await leased.database.sync.hoursThatDiffer("A", START_MS, until, shown);
  expect(await compare([hour(0), hour(1, { kwhTotal: 2 })])).toEqual([
    { startEpochMs: START_MS, what: "missing", kwhTold: 1.5, kwhStored: null },
    { startEpochMs: START_MS + HOUR_MS, what: "other", kwhTold: 2, kwhStored: 1.5 },
    { startEpochMs: START_MS + 2 * HOUR_MS, what: "extra", kwhTold: null, kwhStored: 1.5 },
  ]);
  expect(await compare([hour(1, { temperatureCelsius: 4 }), hour(2)])).toMatchObject([{ what: "other" }]);
  // Caruna+ reports no temperature any more: what is stored is more than it shows, and stays.
  expect(await compare([hour(1), hour(2)])).toMatchObject([{ what: "extra" }]);
});
