import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { BACKUP_TABLES, LEFT_OUT } from "../../src/database/backup/tables.js";
import { BackupUnreadable, checkBackup, Database, DatabaseInUse } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, createMigratedDatabase, type TestDatabase } from "../support/postgres.js";

const { signal } = new AbortController();
const databases: TestDatabase[] = [];

afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

const VERSION_0_1_0 = readFileSync(join(import.meta.dirname, "fixtures/version-0.1.0.sql"), "utf8");

/** A database with an old loop's rows, the hours of two metering points, and a clock change of each kind. */
async function filled(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  await database.query(VERSION_0_1_0);
  return database;
}

async function empty(): Promise<TestDatabase> {
  const database = await createMigratedDatabase();
  databases.push(database);
  return database;
}

async function migrated(): Promise<TestDatabase> {
  const database = await filled();
  await using(database, async () => {});
  return database;
}

async function using<Result>(
  { settings }: TestDatabase,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = new Database(settings, silentLogger);
  try {
    await database.check(signal);
    return await work(database);
  } finally {
    await database.stop();
  }
}

async function backUp(from: TestDatabase): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const write = async (source: AsyncIterable<Uint8Array>) => {
    for await (const piece of source) pieces.push(piece);
  };
  const options = { createdAt: new Date("2026-11-28T12:00:00Z"), program: "0.1.0", write, onProgress: () => {} };
  await using(from, (database) => database.backup(options, signal));
  return Buffer.concat(pieces);
}

async function* piecesOf(backup: Buffer) {
  for (let at = 0; at < backup.length; at += 10_000) yield backup.subarray(at, at + 10_000);
}

async function restore(backup: Buffer, into: TestDatabase): Promise<void> {
  const manifest = await checkBackup(piecesOf(backup), signal);
  await using(into, (database) =>
    database.restore({ manifest, open: () => piecesOf(backup), onProgress: () => {} }, signal),
  );
}

async function contentOf(database: TestDatabase): Promise<unknown> {
  const tables = ["energy_hourly", "metering_point", "metering_point_hourly", "metering_point_period", "sync_state"];
  const rows = [];
  for (const table of tables) {
    const [first] = await database.query(
      `SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text) AS rows FROM ${table} t`,
    );
    rows.push([table, first?.rows]);
  }
  return rows;
}

describe("a backup", () => {
  test("restored into an empty database gives every table back as it was, ids included", async () => {
    const from = await filled();
    const into = await empty();
    await restore(await backUp(from), into);
    expect(await contentOf(into)).toEqual(await contentOf(from));
  });

  test("can be restored twice, and the second time changes nothing", async () => {
    const from = await filled();
    const backup = await backUp(from);
    const before = await contentOf(from);
    await restore(backup, from);
    expect(await contentOf(from)).toEqual(before);
  });

  test("leaves later values and fills in what is missing", async () => {
    const database = await filled();
    const backup = await backUp(database);
    const [hour] = await database.query(
      "SELECT datetime FROM metering_point_hourly WHERE metering_point = 'FSK000127' ORDER BY 1 LIMIT 1",
    );
    const at = [hour?.datetime];
    await database.query(
      "UPDATE metering_point_hourly SET kwh_total = 77, eur_total = NULL, updated_at = now() + interval '1 day' WHERE metering_point = 'FSK000127' AND datetime = $1",
      at,
    );
    await database.query("DELETE FROM metering_point_hourly WHERE metering_point = 'FSK000227'");
    await restore(backup, database);
    const [later] = await database.query(
      "SELECT kwh_total, eur_total IS NOT NULL AS has_price FROM metering_point_hourly WHERE metering_point = 'FSK000127' AND datetime = $1",
      at,
    );
    expect(later).toEqual({ kwh_total: 77, has_price: true });
    expect(
      await database.query("SELECT count(*)::int AS n FROM metering_point_hourly WHERE metering_point = 'FSK000227'"),
    ).toEqual([{ n: 168 }]);
  });

  test("keeps values to the last bit, texts with quotes and line breaks, and the difference between NULL and an empty text", async () => {
    const from = await filled();
    const address = 'Kuja 1 "A"\nas. 2, äö; \\N';
    await from.query("UPDATE metering_point SET address = $1, product = '', fuse = NULL WHERE id = 'FSK000127'", [
      address,
    ]);
    await from.query("UPDATE metering_point_hourly SET kwh_total = 0.1 + 0.2, kwh_day = 5e-324, kwh_night = 'NaN'");
    const into = await empty();
    await restore(await backUp(from), into);
    expect(await contentOf(into)).toEqual(await contentOf(from));
  });

  test("has neither password hashes nor anything of the lease", async () => {
    const from = await filled();
    const [guard] = await from.query("SELECT encode(credentials_hash, 'hex') AS hash FROM login_guard");
    const text = gunzipSync(await backUp(from)).toString("latin1");
    expect(text).not.toContain(guard?.hash);
    expect(text).not.toContain("writer_lease");
  });

  test.each([
    ["cut off", (backup: Buffer) => backup.subarray(0, backup.length - 100)],
    ["empty", () => Buffer.alloc(0)],
    ["no gzip at all", () => Buffer.from("datetime,kwh_total\n")],
    ["without its manifest", (backup: Buffer) => gzipSync(gunzipSync(backup).subarray(0, -6000))],
    [
      "with a changed value",
      (backup: Buffer) => {
        const tar = gunzipSync(backup);
        tar[tar.indexOf("2026-11-2")] = 0x31;
        return gzipSync(tar);
      },
    ],
  ])("that is %s is refused, and nothing is changed", async (_, damage) => {
    const backup = damage(await backUp(await filled()));
    await expect(checkBackup(piecesOf(backup), signal)).rejects.toThrow(BackupUnreadable);
  });

  test("is not restored while a running program holds the lease", async () => {
    const from = await filled();
    const backup = await backUp(from);
    const into = await empty();
    await into.query(
      "INSERT INTO writer_lease (name, owner, epoch, expires_at) VALUES ('writer', 'nas:1:x', 1, now() + interval '1 minute')",
    );
    await expect(restore(backup, into)).rejects.toThrow(DatabaseInUse);
    expect(await into.query("SELECT 1 FROM metering_point_hourly")).toEqual([]);
  });

  test("that fails in the middle leaves the tables as they were", async () => {
    const from = await migrated();
    const into = await migrated();
    await into.query(
      "DELETE FROM metering_point_hourly; DELETE FROM metering_point_period; ALTER TABLE metering_point_period ADD CHECK (starts_on < '2026-11-25')",
    );
    const before = await contentOf(into);
    await expect(restore(await backUp(from), into)).rejects.toThrow("check constraint");
    expect(await contentOf(into)).toEqual(before);
  });

  test("that was replaced since it was checked is not restored", async () => {
    const from = await filled();
    const into = await empty();
    const checked = await backUp(from);
    const manifest = await checkBackup(piecesOf(checked), signal);
    await from.query("UPDATE metering_point_hourly SET kwh_total = 99 WHERE metering_point = 'FSK000227'");
    const other = await backUp(from);
    const restoring = using(into, (database) =>
      database.restore({ manifest, open: () => piecesOf(other), onProgress: () => {} }, signal),
    );
    await expect(restoring).rejects.toThrow(BackupUnreadable);
    expect(await into.query("SELECT 1 FROM metering_point_hourly")).toEqual([]);
  });

  test("merges a split as the writer does: from one source, as a whole, whichever of the two is later", async () => {
    const HOUR = "metering_point = 'FSK000127' AND datetime = '2026-11-22T10:00Z'";
    const set = (database: TestDatabase, values: string) =>
      database.query(`UPDATE metering_point_hourly SET ${values} WHERE ${HOUR}`);
    const split = "kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff, split_source";
    const byCaruna =
      "kwh_day = NULL, kwh_night = 2, kwh_night_winter = NULL, tariff = 'night', split_source = 'caruna'";
    const byCalendar =
      "kwh_day = 2, kwh_night = NULL, kwh_night_winter = NULL, tariff = 'day', split_source = 'calendar'";
    for (const isBackupLater of [true, false]) {
      const from = await migrated();
      const into = await migrated();
      const at = (isLater: boolean) => `kwh_total = 2, kwh_invoiced = NULL, updated_at = '2026-11-2${isLater ? 8 : 7}'`;
      await set(from, `${at(isBackupLater)}, ${byCalendar}`);
      await set(into, `${at(!isBackupLater)}, ${byCaruna}`);
      await restore(await backUp(from), into);
      // The calendar's split takes the place of Caruna+'s own only with another total.
      expect(await into.query(`SELECT ${split} FROM metering_point_hourly WHERE ${HOUR}`)).toEqual([
        { kwh_total: 2, kwh_day: null, kwh_night: 2, kwh_night_winter: null, tariff: "night", split_source: "caruna" },
      ]);
    }
  });

  test("shows in energy_hourly what was merged", async () => {
    const from = await migrated();
    const backup = async () => await backUp(from);
    const HOUR = "datetime = '2026-11-22T10:00Z'";
    await from.query(
      `UPDATE metering_point_hourly SET kwh_total = 55, updated_at = now() + interval '1 day' WHERE metering_point = 'FSK000127' AND ${HOUR}`,
    );
    const into = await migrated();
    await restore(await backup(), into);
    expect(await into.query(`SELECT kwh_total FROM energy_hourly WHERE ${HOUR}`)).toEqual([{ kwh_total: 55 }]);
  });

  test("has the tables that a switch has made, with what they are, and the columns that a user has added", async () => {
    const from = await migrated();
    await from.query(`
      ALTER TABLE energy_hourly ADD COLUMN note varchar(20), ADD COLUMN "order" numeric;
      UPDATE energy_hourly SET note = 'sauna', "order" = 1.50 WHERE datetime = '2026-11-22T10:00Z';
      CREATE TABLE energy_hourly_of_x_until_20261101 AS TABLE energy_hourly;
      COMMENT ON TABLE energy_hourly_of_x_until_20261101 IS
        'The rows of energy_hourly until 2026-11-01, when it was switched to another metering point: hours of metering point X'`);
    const into = await empty();
    const backup = await backUp(from);
    await restore(backup, into);
    await restore(backup, into);
    const kept = "SELECT * FROM energy_hourly_of_x_until_20261101 ORDER BY datetime";
    expect(await into.query(kept)).toEqual(await from.query(kept));
    expect(await contentOf(into)).toEqual(await contentOf(from));
    expect(
      await into.query("SELECT obj_description('energy_hourly_of_x_until_20261101'::regclass, 'pg_class') AS c"),
    ).toEqual([{ c: expect.stringContaining("hours of metering point X") }]);
  });

  test("never mixes the hours of two metering points in energy_hourly: those of the backup come into a table of their own", async () => {
    const from = await migrated();
    const into = await migrated();
    await into.query("UPDATE sync_state SET value = 'FSK000227' WHERE name = 'followed metering point'");
    await into.query("DELETE FROM energy_hourly WHERE datetime > '2026-11-22T10:00Z'");
    const before = await into.query("SELECT * FROM energy_hourly ORDER BY datetime");
    const backup = await backUp(from);
    await restore(backup, into);
    await restore(backup, into);
    const after = await into.query("SELECT * FROM energy_hourly ORDER BY datetime");
    const mirrored = await into.query(
      "SELECT datetime FROM metering_point_hourly WHERE metering_point = 'FSK000227' AND datetime > '2026-11-22T10:00Z'",
    );
    expect(after.slice(0, before.length).map(({ datetime }) => datetime)).toEqual(
      before.map(({ datetime }) => datetime),
    );
    expect(after.length).toBe(before.length + mirrored.length);
    const hours = "SELECT datetime, kwh_total FROM";
    expect(await into.query(`${hours} energy_hourly_of_fsk000127_until_20261128 ORDER BY 1`)).toEqual(
      await from.query(`${hours} energy_hourly ORDER BY 1`),
    );
    expect(await into.query("SELECT value FROM sync_state WHERE name = 'followed metering point'")).toEqual([
      { value: "FSK000227" },
    ]);
  });

  test("leaves it to the database that it is restored into which account loads a metering point", async () => {
    const from = await migrated();
    await from.query("UPDATE metering_point SET account = 'theirs', last_seen = now() + interval '1 day'");
    const into = await migrated();
    await into.query("INSERT INTO account (id, digest, salt) VALUES ('ours', '', '')");
    await into.query("UPDATE metering_point SET account = 'ours' WHERE id = 'FSK000127'");
    await into.query("DELETE FROM metering_point WHERE id = 'FSK000227'");
    await restore(await backUp(from), into);
    expect(await into.query("SELECT id, account FROM metering_point ORDER BY id")).toEqual([
      { id: "FSK000127", account: "ours" },
      { id: "FSK000227", account: null },
    ]);
  });

  test("can be made of a table that only the Python version has written; its rows never come among those of a metering point", async () => {
    const from = await createDatabase();
    databases.push(from);
    await from.query(`
      CREATE TABLE energy_hourly (id serial PRIMARY KEY, datetime timestamptz UNIQUE, kwh_total float8, tariff varchar);
      INSERT INTO energy_hourly (datetime, kwh_total) VALUES ('2023-04-01 00:00+03', 1.5)`);
    const pieces: Uint8Array[] = [];
    const write = async (source: AsyncIterable<Uint8Array>) => {
      for await (const piece of source) pieces.push(piece);
    };
    const database = new Database(from.settings, silentLogger);
    const options = { createdAt: new Date("2026-11-28T12:00:00Z"), program: "0.1.0", write, onProgress: () => {} };
    await database.backup(options, signal).finally(() => database.stop());
    const hour = "datetime = '2023-04-01 00:00+03'";
    const into = await empty();
    await restore(Buffer.concat(pieces), into);
    expect(await into.query(`SELECT kwh_total FROM energy_hourly WHERE ${hour}`)).toEqual([{ kwh_total: 1.5 }]);

    const mirroring = await migrated();
    await restore(Buffer.concat(pieces), mirroring);
    expect(await mirroring.query(`SELECT kwh_total FROM energy_hourly WHERE ${hour}`)).toEqual([]);
    expect(await mirroring.query("SELECT kwh_total FROM energy_hourly_until_20261128")).toEqual([{ kwh_total: 1.5 }]);
  });

  test("of every table or with a reason why not", async () => {
    const tables = await (await empty()).query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const known = [...BACKUP_TABLES.map(({ name }) => name), ...Object.keys(LEFT_OUT)].sort();
    expect(known).toEqual(tables.map(({ tablename }) => tablename));
  });
});
