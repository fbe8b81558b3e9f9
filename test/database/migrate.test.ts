import { afterEach, beforeEach, expect, test } from "vitest";
import {
  Database,
  DatabaseRightsMissing,
  DatabaseTableUnsuitable,
  type ServerSettings,
} from "../../src/database/index.js";
import { readMigrations } from "../../src/database/schema/migrations.js";
import type { HourlyReading } from "../../src/energy/reading.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { storeHours } from "../support/stored-hours.js";

/** As the original program's users have run it, byte for byte but for the sequence's name. */
const originalTable = (sequence: string) => `
CREATE TABLE IF NOT EXISTS public.energy_hourly (
  id bigint NOT NULL DEFAULT nextval('${sequence}'::regclass),
  datetime timestamp with time zone,
  kwh_total double precision, kwh_night double precision, kwh_day double precision, kwh_night_winter double precision,
  tariff character varying COLLATE pg_catalog."default",
  CONSTRAINT energy_hourly_pkey PRIMARY KEY (id),
  CONSTRAINT datetime UNIQUE (datetime)
)`;

const MIGRATIONS = await readMigrations();
/** Ours, but for the original's own and the record of migrations. */
const OUR_TABLES = MIGRATIONS.flatMap(({ makesTables }) => makesTables)
  .filter((table) => table !== "energy_hourly" && table !== "caruna_integration_migration")
  .sort();
const grantsOnOurTables = (role: string) =>
  OUR_TABLES.map((table) => {
    const rights = table === "login_guard" ? "SELECT, INSERT, UPDATE, DELETE" : "SELECT, INSERT, UPDATE";
    return `GRANT ${rights} ON public.${table} TO ${role};`;
  });

const READING: HourlyReading = {
  startEpochMs: Date.UTC(2026, 0, 1),
  kwhTotal: 1,
  kwhDay: null,
  kwhNight: null,
  kwhNightWinter: null,
  tariff: "other_times",
};

let testDatabase: TestDatabase;
let roles: string[];
let opened: Database[];

beforeEach(async () => {
  testDatabase = await createDatabase();
  roles = [];
  opened = [];
});

afterEach(async () => {
  for (const database of opened) {
    await database.stop();
  }
  await testDatabase.query(roles.map((role) => `DROP OWNED BY ${role}; DROP ROLE ${role};`).join("\n"));
  await testDatabase.drop();
});

async function startAs(settings: ServerSettings): Promise<Database> {
  const database = new Database(settings, silentLogger);
  opened.push(database);
  await database.start();
  return database;
}

/** A role that may do nothing but log in, with a name that must be quoted. */
async function createRole(): Promise<{ settings: ServerSettings; role: string }> {
  const user = `Heikki "${testDatabase.settings.database}"`;
  const role = `"${user.replaceAll('"', '""')}"`;
  roles.push(role);
  await testDatabase.query(`CREATE ROLE ${role} LOGIN PASSWORD 'salasana'`);
  return { role, settings: { ...testDatabase.settings, user, password: "salasana" } };
}

async function missingStatements(settings: ServerSettings): Promise<readonly string[]> {
  const error: unknown = await startAs(settings).catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(DatabaseRightsMissing);
  return error instanceof DatabaseRightsMissing ? error.statements : [];
}

async function schemaOf(): Promise<unknown> {
  return await testDatabase.query(`
    SELECT relname::text, relkind::text, pg_get_userbyid(relowner)::text AS owner, relacl::text,
      (SELECT string_agg(pg_get_constraintdef(oid) || conname, ';' ORDER BY conname) FROM pg_constraint WHERE conrelid = pg_class.oid) AS constraints,
      (SELECT string_agg(attname || format_type(atttypid, atttypmod) || attnotnull, ';' ORDER BY attnum) FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0) AS columns
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND (relname LIKE 'energy_hourly%' OR relname = 'datetime') ORDER BY relname`);
}

test("an empty database gets the very table that the original's statement makes", async () => {
  await startAs(testDatabase.settings);
  const ours = await schemaOf();
  await testDatabase.query("DROP TABLE public.energy_hourly");
  await testDatabase.query("CREATE SEQUENCE energy_hourly_id_seq");
  await testDatabase.query(originalTable("energy_hourly_id_seq"));
  expect(ours).toEqual(await schemaOf());
  expect(
    await testDatabase.query("SELECT number, name FROM public.caruna_integration_migration ORDER BY number"),
  ).toEqual(MIGRATIONS.map(({ number, name }) => ({ number, name })));
});

test("dropping our table takes its sequence along", async () => {
  await startAs(testDatabase.settings);
  await testDatabase.query("DROP TABLE public.energy_hourly");
  expect(await schemaOf()).toEqual([]);
});

test("a sequence that was made beforehand is used and stays on its own", async () => {
  await testDatabase.query("CREATE SEQUENCE public.energy_hourly_id_seq START 500");
  const database = await startAs(testDatabase.settings);
  await storeHours(database, [READING]);
  expect(await testDatabase.query("SELECT id FROM public.energy_hourly")).toEqual([{ id: "500" }]);
});

test.each(["energy_hourly_id_seq", '"Omat laskurit"."Tunti"'])(
  "an original table that counts with %s gains hours and keeps its own, unchanged in every way",
  async (sequence) => {
    await testDatabase.query('CREATE SCHEMA "Omat laskurit"');
    await testDatabase.query(`CREATE SEQUENCE ${sequence}`);
    await testDatabase.query(originalTable(sequence));
    await testDatabase.query(
      "INSERT INTO public.energy_hourly (datetime, kwh_total, tariff) SELECT t, 0.5, 'other_times' FROM generate_series('2023-01-01'::timestamptz, '2025-12-31', '1 hour') AS t",
    );
    const before = await schemaOf();
    const rows =
      "SELECT count(*)::int, sum(kwh_total), max(xmin::text) FROM public.energy_hourly WHERE datetime < '2026-01-01'";
    const rowsBefore = await testDatabase.query(rows);
    const database = await startAs(testDatabase.settings);
    expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
    expect(await schemaOf()).toEqual(before);
    expect(await testDatabase.query(rows)).toEqual(rowsBefore);
  },
);

test("an original user's role is told every missing right at once, and works once they are given", async () => {
  await testDatabase.query("CREATE SEQUENCE energy_hourly_id_seq");
  await testDatabase.query(originalTable("energy_hourly_id_seq"));
  const { role, settings } = await createRole();
  expect(await missingStatements(settings)).toEqual([
    `GRANT CREATE ON SCHEMA public TO ${role};`,
    `GRANT SELECT, INSERT, UPDATE ON public.energy_hourly TO ${role};`,
    `GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${role};`,
  ]);
  await testDatabase.query(
    `GRANT INSERT ON public.energy_hourly TO ${role}; GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${role};`,
  );
  const statements = await missingStatements(settings);
  expect(statements).toEqual([
    `GRANT CREATE ON SCHEMA public TO ${role};`,
    `GRANT SELECT, UPDATE ON public.energy_hourly TO ${role};`,
  ]);
  await testDatabase.query(statements.join("\n"));
  const database = await startAs(settings);
  await storeHours(database, [READING]);
  expect(await storeHours(database, [{ ...READING, kwhTotal: 2 }])).toMatchObject({ changed: 1 });
});

test("a role that may make no tables needs none, where an administrator ran the files of sql/ by hand", async () => {
  for (const { sql } of MIGRATIONS) await testDatabase.query(sql);
  const { role, settings } = await createRole();
  const statements = await missingStatements(settings);
  expect(statements).toEqual([
    `GRANT SELECT, INSERT, UPDATE ON public.energy_hourly TO ${role};`,
    `GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${role};`,
    ...grantsOnOurTables(role),
    `GRANT SELECT ON public.caruna_integration_migration TO ${role};`,
  ]);
  await testDatabase.query(statements.join("\n"));
  const database = await startAs(settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
});

test("a role that may make no tables is told so where there are none", async () => {
  const { role, settings } = await createRole();
  const statements = await missingStatements(settings);
  expect(statements).toEqual([`GRANT CREATE ON SCHEMA public TO ${role};`]);
  await testDatabase.query(statements.join("\n"));
  const database = await startAs(settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
});

test("a role without the schema gets the whole list", async () => {
  await startAs(testDatabase.settings);
  await testDatabase.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
  const { role, settings } = await createRole();
  const statements = await missingStatements(settings);
  expect(statements).toEqual([
    `GRANT USAGE ON SCHEMA public TO ${role};`,
    `GRANT SELECT, INSERT, UPDATE ON public.energy_hourly TO ${role};`,
    `GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${role};`,
    ...grantsOnOurTables(role),
    `GRANT SELECT ON public.caruna_integration_migration TO ${role};`,
  ]);
  await testDatabase.query(statements.join("\n"));
  const database = await startAs(settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
});

test("programs that start at once on an empty database all come up, and migrate it once", async () => {
  await Promise.all(Array.from({ length: 6 }, () => startAs(testDatabase.settings)));
  expect(await testDatabase.query("SELECT count(*)::int FROM public.caruna_integration_migration")).toEqual([
    { count: MIGRATIONS.length },
  ]);
});

test("a search_path that leads elsewhere changes nothing", async () => {
  await testDatabase.query("CREATE SCHEMA decoy");
  await testDatabase.query("CREATE TABLE decoy.energy_hourly (datetime text)");
  await testDatabase.query(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = decoy', current_database()); END $$",
  );
  const database = await startAs(testDatabase.settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
  expect(await testDatabase.query("SELECT count(*)::int FROM public.energy_hourly")).toEqual([{ count: 1 }]);
});

test("a table that lacks columns and the constraint is named with the statements that mend it", async () => {
  await testDatabase.query(
    "CREATE TABLE public.energy_hourly (datetime timestamptz, kwh_total float8, tariff varchar, kwh_night float8)",
  );
  const error: unknown = await startAs(testDatabase.settings).catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(DatabaseTableUnsuitable);
  const statements = error instanceof DatabaseTableUnsuitable ? error.statements : [];
  expect(String(error)).toMatch(/kwh_day is missing.*kwh_night_winter is missing.*no unique constraint/);
  await testDatabase.query(statements.join("\n"));
  const database = await startAs(testDatabase.settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
});

test.each([
  ["of some rows alone", "CREATE UNIQUE INDEX ON public.energy_hourly (datetime) WHERE kwh_total IS NOT NULL"],
  ["that waits for the commit", "ALTER TABLE public.energy_hourly ADD UNIQUE (datetime) DEFERRABLE"],
  ["of two columns", "CREATE UNIQUE INDEX ON public.energy_hourly (datetime, tariff)"],
  ["that is not unique", "CREATE INDEX ON public.energy_hourly (datetime)"],
])("an index %s does not stand for the unique constraint on datetime", async (_, statement) => {
  const parts = "kwh_total float8, kwh_night float8, kwh_day float8, kwh_night_winter float8";
  await testDatabase.query(`CREATE TABLE public.energy_hourly (datetime timestamptz, ${parts}, tariff varchar)`);
  await testDatabase.query(statement);
  const error: unknown = await startAs(testDatabase.settings).catch((problem: unknown) => problem);
  expect(String(error)).toMatch(/no unique constraint/);
  await testDatabase.query(error instanceof DatabaseTableUnsuitable ? error.statements.join("\n") : "");
  const database = await startAs(testDatabase.settings);
  expect(await storeHours(database, [READING])).toMatchObject({ inserted: 1 });
});

test("a datetime without a time zone is refused, not guessed at", async () => {
  await testDatabase.query(
    originalTable("x")
      .replace(/ DEFAULT .*?\)/, "")
      .replace("timestamp with time zone", "timestamp"),
  );
  await expect(startAs(testDatabase.settings)).rejects.toThrow(/datetime is a "timestamp without time zone"/);
});

test("a view in place of the table is refused", async () => {
  await testDatabase.query("CREATE VIEW public.energy_hourly AS SELECT now() AS datetime");
  await expect(startAs(testDatabase.settings)).rejects.toThrow(/no table/);
});
