import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Configuration } from "../config/index.js";
import { type BackupManifest, checkBackup, Database } from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { FileRefused } from "../shared/output-file.js";
import { messageOf } from "./exit-codes.js";
import { NothingToQuery } from "./query.js";
import { databaseSettings } from "./state.js";

/** What a long job has done so far. */
export type OnProgress = (rows: number) => void;

export interface BackedUp {
  /** Rows of all tables. */
  readonly rows: number;
}

/**
 * Hands the backup of everything that is stored to `write`, as it is at this moment; a running program goes on meanwhile.
 * Throws `NothingToQuery`, subclasses of `DatabaseError`, and what `write` throws.
 */
export async function backUp(
  configuration: Configuration,
  logger: Logger,
  program: string,
  write: (pieces: AsyncIterable<Uint8Array>) => Promise<void>,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<BackedUp> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const createdAt = new Date();
    const manifest = await database.backup({ createdAt, program, write, onProgress }, signal);
    if (manifest === undefined || manifest.tables.length === 0) throw new NothingToQuery();
    // A role that may only read makes a good backup, too.
    if (manifest.schemaVersion > 0)
      await database.noteBackup(createdAt, signal).catch((error: unknown) => {
        logger.warn({ problem: messageOf(error) }, "the backup is whole; that it was made could not be remembered");
      });
    return { rows: rowsIn(manifest) };
  } finally {
    await database.stop();
  }
}

/** A backup that was read to its end and is whole, and the database that it would go into. */
export interface FoundBackup {
  readonly manifest: BackupManifest;
  /** Rows of all its tables. */
  readonly rows: number;
  /** Hours that the database has already. */
  readonly hoursThere: number;
}

/**
 * Reads a backup to its end and compares its checksums, and looks at the database; changes nothing. Throws `FileRefused`,
 * `BackupUnreadable` and subclasses of `DatabaseError`.
 */
export async function inspectBackup(
  configuration: Configuration,
  logger: Logger,
  file: string,
  signal: AbortSignal,
): Promise<FoundBackup> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new FileRefused(`There is no file ${file}; name the backup's file.`);
  if (!found.isFile()) throw new FileRefused(`${file} is no ordinary file; name the backup's file.`);
  const manifest = await checkBackup(createReadStream(file), signal);
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const inspection = await database.inspect(signal);
    const hoursThere = inspection.kind === "not made yet" ? 0 : (inspection.hours ?? 0);
    return { manifest, rows: rowsIn(manifest), hoursThere };
  } finally {
    await database.stop();
  }
}

/** Puts a backup that was inspected into the database, all of it or nothing. Throws as `Database.restore` does. */
export async function restore(
  configuration: Configuration,
  logger: Logger,
  file: string,
  manifest: BackupManifest,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<void> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    await database.restore({ manifest, open: () => createReadStream(file), onProgress }, signal);
    const { lastBackupEpochMs } = await database.storage(signal);
    const createdAt = new Date(manifest.createdAt);
    if (createdAt.getTime() > (lastBackupEpochMs ?? 0)) await database.noteBackup(createdAt, signal);
  } finally {
    await database.stop();
  }
}

function rowsIn({ tables }: BackupManifest): number {
  return tables.reduce((rows, table) => rows + table.rows, 0);
}
