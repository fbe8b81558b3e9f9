import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database, DatabaseNewer, DatabaseRightsMissing, type ServerSettings } from "../../src/database/index.js";
import { type Migration, readMigrations } from "../../src/database/schema/migrations.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

// The upgrade of the tables of version 0.1.0, with data, to those of today.

const FIXTURE = await readFile(new URL("fixtures/version-0.1.0.sql", import.meta.url), "utf8");
const MIGRATIONS = await readMigrations();
const OLD_TABLES = [
  "energy_hourly",
  "login_guard",
  "metering_point",
  "metering_point_hourly",
  "metering_point_period",
  "sync_state",
  "writer_lease",
];

let database: TestDatabase;
let opened: Database[];
let roles: string[];
/** Of a database that this version has made. */
let fresh: Rows;

beforeAll(async () => {
  const empty = await createDatabase();
  for (const { sql } of MIGRATIONS) await empty.query(sql);
  fresh = await schema(empty.query.bind(empty));
  await empty.drop();
});

beforeEach(async () => {
  opened = [];
  roles = [];
  database = await createDatabase();
  await database.query(FIXTURE);
});

afterEach(async () => {
  for (const one of opened) await one.stop();
  await database.query(roles.map((role) => `DROP OWNED BY ${role}; DROP ROLE ${role};`).join("\n"));
  await database.drop();
});

async function start(settings: ServerSettings = database.settings): Promise<Database> {
  const one = new Database(settings, silentLogger);
  opened.push(one);
  await one.start();
  return one;
}

type Rows = Readonly<Record<string, unknown>>[];

/** What every row of the old tables said, by table. */
async function readAll(tables: readonly string[] = OLD_TABLES): Promise<Record<string, Rows>> {
  const rows: Record<string, Rows> = {};
  for (const table of tables) rows[table] = await database.query(`SELECT * FROM public.${table} ORDER BY 1, 2`);
  return rows;
}

/** Every column that was there says what it said; new ones may be beside it. */
function expectKept(after: Record<string, Rows>, before: Record<string, Rows>): void {
  for (const [table, rows] of Object.entries(before)) {
    expect(after[table], table).toEqual(rows.map((row) => expect.objectContaining(row)));
  }
}

/** The tables, columns, keys and indexes that there are. */
async function schema(query = database.query.bind(database)): Promise<Rows> {
  return await query(`
    SELECT relname::text, relkind::text,
      ARRAY(SELECT format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull) FROM pg_attribute
        WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped ORDER BY attname) AS columns
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'i') ORDER BY relname`);
}

async function expectCurrent(): Promise<void> {
  expect(await schema()).toEqual(fresh);
  expect(await database.query("SELECT number FROM public.caruna_integration_migration ORDER BY number")).toEqual(
    MIGRATIONS.map(({ number }) => ({ number })),
  );
}

/** As psql takes a file: one statement after the other, each in a transaction of its own. */
function statementsOf({ sql }: Migration): string[] {
  return [...sql.matchAll(/(?:\$\$[\s\S]*?\$\$|'[^']*'|[^;])+;/g)].map(([statement]) => statement);
}

test("by the owner of the tables keeps every value", async () => {
  const before = await readAll();
  await start();
  expectKept(await readAll(), before);
  await expectCurrent();
});

test("by a role that owns none of them tells the statements for the owner, ALTER and GRANT, all at once", async () => {
  const role = `visitor_${database.settings.database}`;
  roles.push(role);
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'salasana'`);
  // What version 0.1.0 asked for.
  for (const table of OLD_TABLES) await database.query(`GRANT SELECT, INSERT, UPDATE ON public.${table} TO ${role}`);
  await database.query(
    `GRANT DELETE ON public.login_guard TO ${role}; GRANT SELECT ON public.caruna_integration_migration TO ${role};
    GRANT USAGE ON SEQUENCE public.energy_hourly_id_seq TO ${role}`,
  );
  const settings = { ...database.settings, user: role, password: "salasana" };
  const before = await readAll();
  const error: unknown = await start(settings).catch((problem: unknown) => problem);
  const statements = error instanceof DatabaseRightsMissing ? error.statements : [];
  expect(statements.join("\n")).toContain("ALTER TABLE public.caruna_integration_migration");
  expect(String(error)).toContain("ADD COLUMN IF NOT EXISTS older_may_write");
  for (const statement of statements) await database.query(statement);
  await start(settings);
  expectKept(await readAll(), before);
  await expectCurrent();
});

test("with the SQL run by hand, twice, leaves the program nothing to do", async () => {
  const before = await readAll();
  for (let run = 0; run < 2; run += 1)
    for (const statement of MIGRATIONS.flatMap(statementsOf)) await database.query(statement);
  const one = new Database(database.settings, silentLogger);
  opened.push(one);
  expect(await one.inspect()).toMatchObject({ pending: [] });
  await one.start();
  expectKept(await readAll(), before);
  await expectCurrent();
});

describe("with tables that a user changed", () => {
  test.each([["before the upgrade"], ["after the upgrade"]])("makes again what was dropped %s", async (when) => {
    if (when === "after the upgrade") await start();
    for (const table of OLD_TABLES) {
      await database.query(`DROP TABLE public.${table} CASCADE`);
      await start();
      await expectCurrent();
    }
  });

  test("keeps the others where one was dropped", async () => {
    const others = OLD_TABLES.filter((other) => other !== "metering_point");
    const before = await readAll(others);
    await database.query("DROP TABLE public.metering_point CASCADE");
    await start();
    expectKept(await readAll(others), before);
  });

  test("keeps what they added and widened", async () => {
    await database.query(
      OLD_TABLES.map((table) => `ALTER TABLE public.${table} ADD COLUMN remark text DEFAULT 'mine'`).join(";"),
    );
    await database.query(`
      ALTER TABLE public.energy_hourly ALTER COLUMN tariff TYPE text, ALTER COLUMN kwh_total TYPE numeric;
      CREATE INDEX mine ON public.metering_point_hourly (datetime);
      ALTER TABLE public.metering_point ALTER COLUMN product TYPE varchar(200);
      CREATE VIEW public.mine_too AS SELECT * FROM public.metering_point;`);
    const before = await readAll();
    await start();
    expectKept(await readAll(), before);
    expect(await database.query("SELECT DISTINCT remark FROM public.mine_too")).toEqual([{ remark: "mine" }]);
  });

  test("adds a column again that was dropped", async () => {
    await start();
    await database.query("ALTER TABLE public.caruna_integration_migration DROP COLUMN older_may_write");
    await start();
    await expectCurrent();
  });
});

describe("interrupted", () => {
  test("between two files goes on with the next", async () => {
    const before = await readAll();
    for (const migration of MIGRATIONS.slice(0, -1)) await database.query(migration.sql);
    await start();
    expectKept(await readAll(), before);
    await expectCurrent();
  });

  test("after any statement of the SQL that is run by hand is completed by running it again", async () => {
    const before = await readAll();
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      const all = MIGRATIONS.flatMap(statementsOf);
      const query = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
      await query("BEGIN");
      for (const statement of all) await query(statement);
      const whole = await schema(query);
      await query("ROLLBACK");
      for (let done = 1; done < all.length; done += 1) {
        await query("BEGIN");
        for (const statement of [...all.slice(0, done), ...all]) await query(statement);
        expect(await schema(query), `after ${all[done - 1]}`).toEqual(whole);
        await query("ROLLBACK");
      }
    } finally {
      await client.end();
    }
    expectKept(await readAll(), before);
  });
});

describe("a database that a newer version has changed", () => {
  const newer = (olderMayWrite: boolean) =>
    database.query(
      `INSERT INTO public.caruna_integration_migration VALUES (900, '900_future.sql', now(), ${olderMayWrite})`,
    );

  test("is written to where that version allows it", async () => {
    await start();
    await newer(true);
    await expect(start()).resolves.toBeInstanceOf(Database);
  });

  test("is refused with a sentence where it does not, and doctor's look says the same", async () => {
    await start();
    await newer(false);
    await expect(start()).rejects.toThrow(DatabaseNewer);
    await expect(start()).rejects.toThrow(/newer version.*900_future\.sql.*Nothing was written\. Update this program/);
    const one = new Database(database.settings, silentLogger);
    opened.push(one);
    await expect(one.inspect()).rejects.toThrow(DatabaseNewer);
  });
});

test("every file records itself, with its own number and name, as its last statement", () => {
  for (const migration of MIGRATIONS) {
    expect(statementsOf(migration).at(-1)?.trim(), migration.name).toMatch(
      new RegExp(
        `^INSERT INTO public\\.caruna_integration_migration \\(number, name, older_may_write\\)\\s+VALUES \\(${migration.number}, '${migration.name}', (true|false)\\)\\s+ON CONFLICT \\(number\\) DO NOTHING;$`,
      ),
    );
  }
});
