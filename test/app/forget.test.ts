import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ForgetPlan, forget, loadConfiguration, type ToForget } from "../../src/app/index.js";
import { OF_POINT } from "../../src/database/forget.js";
import { AccountIdentity, Database, DatabaseInUse, DatabaseRightsMissing } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { startSimulator } from "../../src/simulator/index.js";
import { atTheEnd, clientFor } from "../support/caruna.js";
import { createCopy, createDatabase, type TestDatabase } from "../support/postgres.js";
import { databaseSettings, workingDirectory } from "../support/program.js";

const { signal } = new AbortController();
const VERSION_0_1_0 = readFileSync(join(import.meta.dirname, "../database/fixtures/version-0.1.0.sql"), "utf8");
const BASE_URL = "https://plus.caruna.fi";
const USER = "somebody@example.com";
/** What `energy_hourly` of the fixture mirrors, and another one. */
const [MIRRORED, OTHER] = ["FSK000127", "FSK000227"];

/** Tables of today with the rows of the fixture. */
let filled: TestDatabase;
beforeAll(async () => {
  filled = await createDatabase();
  await filled.query(VERSION_0_1_0);
  const migrated = new Database(filled.settings, silentLogger);
  await migrated.start();
  await migrated.stop();
});
afterAll(() => filled.drop());

let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;
beforeEach(async () => {
  database = await createCopy(filled);
  folder = workingDirectory();
});
afterEach(async () => {
  await database.drop();
  folder.remove();
});

/** Runs a forgetting, which is confirmed unless told otherwise; returns what it showed and what it removed. */
async function run(wanted: ToForget | string, changes: Record<string, string> = {}, isConfirmed = true) {
  const configuration = loadConfiguration({
    environment: { CARUNA_USER: USER, STATE_DIR: folder.path, ...databaseSettings(database), ...changes },
    workingDirectory: folder.path,
    needsAccount: false,
  });
  const named = typeof wanted === "string" ? ({ kind: "metering point", named: wanted } as const) : wanted;
  let shown: ForgetPlan | undefined;
  const confirm = async (plan: ForgetPlan) => {
    shown = plan;
    return isConfirmed;
  };
  const removed = await forget(configuration, silentLogger, named, confirm, signal);
  return { shown, removed };
}

/** Adds the account of the settings as a cycle would, which loads those metering points, and returns its id. */
async function addAccount(ids: readonly string[], username = USER): Promise<string> {
  const started = new Database(database.settings, silentLogger);
  try {
    await started.start();
    const { id } = await started.sync.account(new AccountIdentity(BASE_URL, username));
    await database.query("UPDATE metering_point SET account = $1 WHERE id = ANY ($2)", [id, ids]);
    return id;
  } finally {
    await started.stop();
  }
}

const count = async (text: string) => {
  const [row] = await database.query(`SELECT count(*)::int AS n FROM ${text}`);
  return row?.n;
};

/** Everything in the tables but for `id`'s own rows, by table, as text. */
async function rowsWithout(id: string): Promise<unknown> {
  const rows = [];
  for (const [table, where] of [
    ["metering_point", "id <> $1"],
    ["metering_point_hourly", "metering_point <> $1"],
    ["metering_point_period", "metering_point <> $1"],
    ["login_guard", "$1::text IS NOT NULL"],
  ] as const)
    rows.push(await database.query(`SELECT * FROM ${table} WHERE ${where} ORDER BY 1, 2, 3`, [id]));
  return rows;
}

test("a metering point goes with its hours, what it is mirrored in, and its marks; nothing else does", async () => {
  await database.query("INSERT INTO energy_hourly (datetime, kwh_total) VALUES ('2020-01-01 00:00+02', 4)");
  const before = await rowsWithout(MIRRORED);
  const { shown, removed } = await run(MIRRORED);
  expect(removed).toEqual(shown);
  const [point] = shown?.points ?? [];
  expect(point).toMatchObject({ id: MIRRORED, hours: 312, mirrored: 312, comesBack: "not listed now" });
  expect(point?.oldestHourEpochMs).toBeLessThan(point?.newestHourEpochMs ?? 0);
  for (const table of ["metering_point_hourly", "metering_point_period", "access_refusal"])
    expect(await count(`${table} WHERE metering_point = '${MIRRORED}'`)).toBe(0);
  expect(await count(`metering_point WHERE id = '${MIRRORED}'`)).toBe(0);
  expect(await rowsWithout(MIRRORED)).toEqual(before);
});

test("rows of energy_hourly that the program has not stored itself stay, and with them whose the table is", async () => {
  await database.query("INSERT INTO energy_hourly (datetime, kwh_total) VALUES ('2020-01-01 00:00+02', 4)");
  const others = await count(
    `energy_hourly WHERE datetime NOT IN (SELECT datetime FROM metering_point_hourly WHERE metering_point = '${MIRRORED}')`,
  );
  const { removed } = await run(MIRRORED);
  expect(removed?.otherRows).toBe(others);
  expect(await count("energy_hourly")).toBe(others);
  expect(await count("sync_state WHERE name = 'followed metering point'")).toBe(1);
});

test("with the last row of energy_hourly it is forgotten which metering point the table mirrors", async () => {
  await database.query(
    `DELETE FROM energy_hourly WHERE datetime NOT IN (SELECT datetime FROM metering_point_hourly WHERE metering_point = '${MIRRORED}')`,
  );
  expect((await run(MIRRORED)).removed?.otherRows).toBe(0);
  expect(await count("sync_state WHERE name LIKE 'followed metering point%'")).toBe(0);
});

test("of a metering point that is not mirrored energy_hourly keeps every row", async () => {
  const before = await count("energy_hourly");
  expect((await run(OTHER)).removed?.points[0]).toMatchObject({ mirrored: null });
  expect(await count("energy_hourly")).toBe(before);
});

test("a table that a switch has made goes with the last hour of the metering point", async () => {
  await database.query(`
    CREATE TABLE energy_hourly_of_fsk000227_until_20261101 AS
      SELECT h.* FROM energy_hourly h JOIN metering_point_hourly m USING (datetime) WHERE m.metering_point = '${OTHER}';
    COMMENT ON TABLE energy_hourly_of_fsk000227_until_20261101 IS
      'The rows of energy_hourly until 2026-11-01, when it was switched to another metering point: hours of metering point ${OTHER}'`);
  const rows = await count("energy_hourly_of_fsk000227_until_20261101");
  expect(rows).toBeGreaterThan(0);
  const { removed } = await run(OTHER);
  expect(removed?.points[0]?.setAside).toEqual([{ table: "energy_hourly_of_fsk000227_until_20261101", rows }]);
  expect(await database.query("SELECT to_regclass('energy_hourly_of_fsk000227_until_20261101') AS t")).toEqual([
    { t: null },
  ]);
});

test("it is found by its GSRN, and one that is not there is refused without a word of the others", async () => {
  const [{ gsrn = "" } = {}] = await database.query("SELECT gsrn FROM metering_point WHERE id = $1", [OTHER]);
  expect((await run(String(gsrn), {}, false)).shown?.points.map(({ id }) => id)).toEqual([OTHER]);
  const error = await run("FSK999").catch(String);
  expect(error).toContain("There is no metering point FSK999 in this database");
  expect(error).not.toContain("FSK000");
});

test("nothing is changed where it is not confirmed, and while a program writes", async () => {
  const hours = await count("metering_point_hourly");
  await database.query(
    "INSERT INTO writer_lease (name, owner, epoch, expires_at) VALUES ('writer of x', 'nas 1 x', 1, now() + interval '1 minute')",
  );
  await expect(run(MIRRORED)).rejects.toThrow(DatabaseInUse);
  expect(await count("metering_point_hourly")).toBe(hours);
});

test("a write that is under way under a lease that has run out is waited for, and its hours go too", async () => {
  await database.query(
    "INSERT INTO writer_lease (name, owner, epoch, expires_at) VALUES ('writer of x', 'nas 1 x', 1, '-infinity')",
  );
  const { host, port, user, password, database: name } = database.settings;
  const writer = new pg.Client({ host, port, user, password, database: name });
  await writer.connect();
  await writer.query("BEGIN; SELECT FROM writer_lease WHERE name = 'writer of x' FOR UPDATE");
  await writer.query(
    "INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total) VALUES ($1, '2019-05-05 10:00Z', 1)",
    [MIRRORED],
  );
  const forgetting = run(MIRRORED);
  for (let isWaiting = false; !isWaiting; ) {
    const locks = await database.query(
      "SELECT FROM pg_locks WHERE relation = 'writer_lease'::regclass AND NOT granted",
    );
    isWaiting = locks.length > 0;
  }
  await writer.query("COMMIT");
  await writer.end();
  expect((await forgetting).removed?.points[0]?.hours).toBe(313);
  expect(await count(`metering_point_hourly WHERE metering_point = '${MIRRORED}'`)).toBe(0);
});

test("an account goes with all that it loads, what it loaded before, its failed logins and its marks", async () => {
  const id = await addAccount([MIRRORED]);
  await database.query("INSERT INTO sync_state (name, value) VALUES ($1, 'all')", [`metering points listed of ${id}`]);
  await database.query("INSERT INTO writer_lease VALUES ($1, 'gone', 3, '-infinity')", [`writer of ${id}`]);
  await database.query(
    `INSERT INTO access_refusal (account, customer, times, reason, refused_since, asked_at, next_ask_at)
    VALUES ($1, '12345', 1, 'x', now(), now(), now())`,
    [id],
  );
  const { removed } = await run({ kind: "account" });
  expect(removed?.points.map((point) => point.id)).toEqual([MIRRORED, OTHER]);
  for (const table of ["metering_point", "metering_point_hourly", "metering_point_period", "access_refusal", "account"])
    expect([table, await count(table)]).toEqual([table, 0]);
  expect(await count(`sync_state WHERE name LIKE '%${id}'`)).toBe(0);
  expect(await count(`writer_lease WHERE name LIKE '%${id}'`)).toBe(0);
});

test("of several accounts one goes, and what nobody lists any more stays", async () => {
  await addAccount([OTHER], "another@example.com");
  await addAccount([MIRRORED]);
  await database.query(
    'INSERT INTO metering_point SELECT (jsonb_populate_record(p, \'{"id": "LEFT", "account": null}\')).* FROM metering_point p LIMIT 1',
  );
  const { removed } = await run({ kind: "account" });
  expect(removed).toMatchObject({ points: [{ id: MIRRORED }], pointsOfNobody: 1 });
  expect((await database.query("SELECT id FROM metering_point ORDER BY id")).map(({ id }) => id)).toEqual([
    OTHER,
    "LEFT",
  ]);
  expect(await count("account")).toBe(1);
});

test("a failed login is forgotten with the account, those of other accounts are not", async () => {
  const simulator = await startSimulator();
  atTheEnd(() => simulator.stop());
  const started = new Database(database.settings, silentLogger);
  atTheEnd(() => started.stop());
  await started.start();
  for (const username of [USER, "another@example.com"]) {
    const guard = started.loginGuard([BASE_URL, username, "wrong"], Date.now);
    const { client } = clientFor(simulator, { username, password: "wrong", guard });
    await expect(client.logIn({ signal, force: false })).rejects.toThrow("rejected");
  }
  const before = await count("login_guard");
  expect((await run({ kind: "account" })).removed).toMatchObject({ points: [], guardEntries: 1 });
  expect(await count("login_guard")).toBe(Number(before) - 1);
  await expect(run({ kind: "account" })).rejects.toThrow("This database knows no account of CARUNA_USER");
});

test("what would load it again is said", async () => {
  await addAccount([MIRRORED]);
  const [{ customer = "" } = {}] = await database.query("SELECT customer FROM metering_point WHERE id = $1", [
    MIRRORED,
  ]);
  const comesBack = async (changes: Record<string, string>) =>
    (await run(MIRRORED, changes, false)).shown?.points[0]?.comesBack;
  expect(await comesBack({})).toBe("while it is listed");
  expect(await comesBack({ CARUNA_CUSTOMERS: String(customer) })).toBe("while it is listed");
  expect(await comesBack({ CARUNA_CUSTOMERS: "99999999" })).toBe("left out by CARUNA_CUSTOMERS");
});

test("a role that may not remove rows is told the statements, and nothing is changed", async () => {
  const role = `forgetter_${Date.now()}`;
  await database.query(`
    CREATE ROLE ${role} LOGIN PASSWORD 'salasana';
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT DELETE ON login_guard TO ${role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role};`);

  try {
    const limited = { DB_USER: role, DB_PASSWORD: "salasana" };
    const error = await run(OTHER, limited).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseRightsMissing);
    expect(error instanceof DatabaseRightsMissing && error.statements).toEqual(
      ["access_refusal", "metering_point", "metering_point_hourly", "metering_point_period"].map(
        (table) => `GRANT DELETE ON public.${table} TO ${role};`,
      ),
    );
    await database.query(error instanceof DatabaseRightsMissing ? error.statements.join("\n") : "");
    expect((await run(OTHER, limited)).removed?.points).toHaveLength(1);
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test("every table with rows of a metering point is among those that are emptied", async () => {
  const columns = await database.query(
    `SELECT table_name AS name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'metering_point' ORDER BY 1`,
  );
  const emptied = OF_POINT.map(({ table }) => table).filter((table) => table !== "metering_point");
  expect(columns.map(({ name }) => name)).toEqual(emptied.sort());
});
