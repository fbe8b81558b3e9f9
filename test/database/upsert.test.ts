import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Database, DatabaseUnreachable } from "../../src/database/index.js";
import type { HourlyReading } from "../../src/energy/reading.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { storeHours } from "../support/stored-hours.js";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 2, 27, 22);

let testDatabase: TestDatabase;
let database: Database;

beforeEach(async () => {
  testDatabase = await createDatabase();
  database = new Database(testDatabase.settings, silentLogger);
  await database.start();
});

afterEach(async () => {
  await database.stop();
  await testDatabase.drop();
});

function reading(hour: number, values: Partial<HourlyReading> = {}): HourlyReading {
  return {
    startEpochMs: START_MS + hour * HOUR_MS,
    kwhTotal: 1.5,
    kwhDay: null,
    kwhNight: null,
    kwhNightWinter: null,
    tariff: "other_times",
    ...values,
  };
}

async function storedRows() {
  return await testDatabase.query(
    "SELECT datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff FROM public.energy_hourly ORDER BY datetime",
  );
}

/** From now on an INSERT takes longer than any test. */
async function holdInserts(): Promise<void> {
  await testDatabase.query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(300); RETURN NEW; END';
    CREATE TRIGGER hold BEFORE INSERT ON public.energy_hourly FOR EACH ROW EXECUTE FUNCTION hold();`);
}

async function untilHeld(): Promise<void> {
  const held = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  while ((await testDatabase.query(held)).length === 0);
}

test("stores every value of a reading in its column, at its instant", async () => {
  await storeHours(database, [
    reading(0, { kwhTotal: 6, kwhDay: 1, kwhNight: 2, kwhNightWinter: 3, tariff: "night_winter" }),
  ]);
  expect(await storedRows()).toEqual([
    {
      datetime: new Date(START_MS),
      kwh_total: 6,
      kwh_day: 1,
      kwh_night: 2,
      kwh_night_winter: 3,
      tariff: "night_winter",
    },
  ]);
});

test("keeps every bit of a value", async () => {
  const values = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 0, 4.35];
  await storeHours(
    database,
    values.map((kwhTotal, hour) => reading(hour, { kwhTotal })),
  );
  expect((await storedRows()).map((row) => row.kwh_total)).toEqual(values);
  const stored = await database.hoursBetween(START_MS, START_MS + 6 * HOUR_MS);
  expect(stored.map(({ kwhTotal }) => kwhTotal)).toEqual(values);
});

test("does not write an hour that is stored just so", async () => {
  await storeHours(database, [reading(0, { kwhNight: 1.5, tariff: "night" })]);
  const version = "SELECT xmin::text, ctid::text FROM public.energy_hourly";
  const before = await testDatabase.query(version);
  await storeHours(database, [reading(0, { kwhNight: 1.5, tariff: "night" })]);
  // Without its parts too: nothing would change.
  await storeHours(database, [reading(0)]);
  expect(await testDatabase.query(version)).toEqual(before);
});

test("keeps a value where the reading has null, and its tariff with it", async () => {
  await storeHours(database, [reading(0, { kwhNight: 1.5, tariff: "night" })]);
  const result = await storeHours(database, [reading(0, { kwhTotal: 1.6 })]);
  expect(result).toMatchObject({ changed: 1 });
  expect(await storedRows()).toMatchObject([{ kwh_total: 1.6, kwh_night: 1.5, kwh_day: null, tariff: "night" }]);
});

test("adds the parts and their tariff to an hour that had none", async () => {
  await storeHours(database, [reading(0)]);
  await storeHours(database, [reading(0, { kwhDay: 1.5, tariff: "day" })]);
  expect(await storedRows()).toMatchObject([{ kwh_total: 1.5, kwh_day: 1.5, tariff: "day" }]);
});

test("takes the tariff of a reading where the row has parts but no tariff", async () => {
  await testDatabase.query(
    "INSERT INTO public.energy_hourly (datetime, kwh_total, kwh_night) VALUES (to_timestamp($1), 1.5, 1.5)",
    [START_MS / 1000],
  );
  await storeHours(database, [reading(0)]);
  expect(await storedRows()).toMatchObject([{ kwh_night: 1.5, tariff: "other_times" }]);
});

test("takes the later of two readings of one hour", async () => {
  const result = await storeHours(database, [reading(0), reading(1), reading(0, { kwhTotal: 9 })]);
  expect(result).toMatchObject({ inserted: 2, changed: 0, unchanged: 0, mirrored: 2 });
  expect(await storedRows()).toMatchObject([{ kwh_total: 9 }, { kwh_total: 1.5 }]);
});

test("leaves rows alone that are not among the readings", async () => {
  await storeHours(database, [reading(0), reading(1)]);
  await storeHours(database, [reading(1, { kwhTotal: 3 })]);
  expect(await storedRows()).toMatchObject([{ kwh_total: 1.5 }, { kwh_total: 3 }]);
});

test("stores more hours than fit a batch, and none", async () => {
  const year = Array.from({ length: 8_760 }, (_, hour) => reading(hour, { kwhTotal: hour / 7 }));
  expect(await storeHours(database, year)).toMatchObject({ inserted: 8_760, changed: 0, unchanged: 0 });
  expect(await storeHours(database, year)).toMatchObject({ inserted: 0, changed: 0, unchanged: 8_760 });
  expect(await storeHours(database, [])).toMatchObject({ inserted: 0, changed: 0, unchanged: 0 });
});

test("stores the right instants whatever the time zone of the session", async () => {
  await testDatabase.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''America/St_Johns''', current_database()); END $$`,
  );
  const elsewhere = new Database(testDatabase.settings, silentLogger);
  await elsewhere.start();
  // Both of the two 03:00s of the October night.
  const [first, second] = [Date.UTC(2026, 9, 25, 0), Date.UTC(2026, 9, 25, 1)];
  await storeHours(elsewhere, [
    reading(0, { startEpochMs: first, kwhTotal: 1 }),
    reading(0, { startEpochMs: second, kwhTotal: 2 }),
  ]);
  const stored = await elsewhere.hoursBetween(first, second + 1);
  await elsewhere.stop();
  expect(stored).toEqual([
    { startEpochMs: first, kwhTotal: 1 },
    { startEpochMs: second, kwhTotal: 2 },
  ]);
  expect((await storedRows()).map((row) => row.datetime)).toEqual([new Date(first), new Date(second)]);
});

test("an abort before a batch writes nothing and throws its reason", async () => {
  const reason = new Error("the end");
  await expect(storeHours(database, [reading(0)], AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(await storedRows()).toEqual([]);
});

test("an abort while the server keeps a batch waiting does not wait for it", async () => {
  await holdInserts();
  const ending = new AbortController();
  const reason = new Error("the end");
  const storing = storeHours(database, [reading(0)], ending.signal);
  await untilHeld();
  ending.abort(reason);
  await expect(storing).rejects.toBe(reason);
  expect(await storedRows()).toEqual([]);
});

test("a connection that dies is replaced by the next call", async () => {
  await storeHours(database, [reading(0)]);
  await testDatabase.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'caruna-integration'",
  );
  // The first call may still meet the dead connection; it says so, and the program lives on.
  await database.hoursBetween(0, 1).catch((error: Error) => expect(error.name).toBe("DatabaseUnreachable"));
  expect(await storeHours(database, [reading(1)])).toMatchObject({ inserted: 1 });
});

test("a connection that is cut under a statement is an error of that call alone", async () => {
  await holdInserts();
  const { host, port } = testDatabase.settings;
  const links: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(port, host);
    client.pipe(server).pipe(client);
    // Both ends are cut on purpose below.
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    links.push(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const proxyPort = typeof address === "object" && address !== null ? address.port : 0;
  const throughProxy = new Database({ ...testDatabase.settings, port: proxyPort }, silentLogger);
  await throughProxy.start();
  const storing = storeHours(throughProxy, [reading(0)]);
  const isRefused = expect(storing).rejects.toThrow(DatabaseUnreachable);
  await untilHeld();
  for (const link of links) {
    link.resetAndDestroy();
  }
  await isRefused;
  expect(await throughProxy.newestStoredHours()).toEqual([]);
  await throughProxy.stop();
  proxy.close();
});

test("the newest stored hours are those of the newest well-filled local day", async () => {
  expect(await database.newestStoredHours()).toEqual([]);
  // From local midnight of 28 March (22:00 UTC): 24 hours, then 3 of the next day.
  await storeHours(
    database,
    Array.from({ length: 27 }, (_, hour) => reading(hour - 24, { kwhTotal: hour })),
  );
  const stored = await database.newestStoredHours();
  expect(stored.map(({ kwhTotal }) => kwhTotal)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
  expect(stored[0]?.startEpochMs).toBe(START_MS - 24 * HOUR_MS);
});
