import { afterEach, beforeEach, expect, test } from "vitest";
import { Database, DatabaseTableUnsuitable, type ServerSettings } from "../../src/database/index.js";
import type { HourlyReading } from "../../src/energy/reading.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { storeHours } from "../support/stored-hours.js";

let testDatabase: TestDatabase;
const opened: Database[] = [];
beforeEach(async () => {
  testDatabase = await createDatabase();
  await (await databaseAs(testDatabase.settings)).check();
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.stop();
  await testDatabase.drop();
});

async function databaseAs(settings: ServerSettings): Promise<Database> {
  const database = new Database(settings, silentLogger);
  opened.push(database);
  return database;
}

/** As COPY or a CSV import brings them: with their ids. */
async function copyRows(): Promise<void> {
  await testDatabase.query(`INSERT INTO public.energy_hourly (id, datetime, kwh_total, tariff)
    SELECT hour, timestamptz '2026-01-01 00:00Z' + hour * interval '1 hour', 1, 'other_times' FROM generate_series(1, 50) AS hour`);
}

const readingAt = (startEpochMs: number): HourlyReading => ({
  ...{ startEpochMs, kwhTotal: 1, kwhDay: null, kwhNight: null, kwhNightWinter: null, tariff: "other_times" },
});

const insertNext = () =>
  testDatabase.query(
    "INSERT INTO public.energy_hourly (datetime, kwh_total) VALUES (now(), 1) RETURNING id::int AS id",
  );

test("a sequence that was left behind is set behind the greatest id when an hour is stored, and otherwise left alone", async () => {
  const newest = "SELECT max(id)::int AS id FROM public.energy_hourly";
  const [database] = opened;
  if (database === undefined) throw new Error("no database was opened");
  await copyRows();
  expect(await storeHours(database, [readingAt(Date.UTC(2026, 5, 1))])).toMatchObject({ inserted: 1 });
  expect(await testDatabase.query(newest)).toEqual([{ id: 51 }]);
  await testDatabase.query("SELECT setval('public.energy_hourly_id_seq', 900)");
  await (await databaseAs(testDatabase.settings)).check();
  expect(await storeHours(database, [readingAt(Date.UTC(2026, 6, 1))])).toMatchObject({ inserted: 1 });
  expect(await testDatabase.query(newest)).toEqual([{ id: 901 }]);
});

test("where the rights do not allow it, the statement is named, and it is the right one", async () => {
  await copyRows();
  const user = `reader_${testDatabase.settings.database}`;
  await testDatabase.query(`CREATE ROLE ${user} LOGIN PASSWORD 'salasana'; GRANT USAGE ON SCHEMA public TO ${user};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user};
    GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${user}`);
  try {
    const database = await databaseAs({ ...testDatabase.settings, user, password: "salasana" });
    const error = await database.check().then(
      () => undefined,
      (problem: unknown) => problem,
    );
    if (!(error instanceof DatabaseTableUnsuitable)) throw error;
    expect(error.statements).toEqual([expect.stringContaining("setval")]);
    for (const statement of error.statements) await testDatabase.query(statement);
    await database.check();
    expect(await insertNext()).toEqual([{ id: 51 }]);
    await database.stop();
  } finally {
    await testDatabase.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  }
});
