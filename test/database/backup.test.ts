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

  test("of every table or with a reason why not", async () => {
    const tables = await (await empty()).query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const known = [...BACKUP_TABLES.map(({ name }) => name), ...Object.keys(LEFT_OUT)].sort();
    expect(known).toEqual(tables.map(({ tablename }) => tablename));
  });
});
