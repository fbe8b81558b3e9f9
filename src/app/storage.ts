import { statfs } from "node:fs/promises";
import type { Configuration } from "../config/index.js";
import type { Database, StorageFacts } from "../database/index.js";
import { localDay } from "../energy/index.js";

/** The bytes that are free on the disk of a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

/** Where the data are, how much they are, and how much room is left. */
export interface Storage extends StorageFacts {
  /** On the disk of the state directory; `null`: the system does not say. */
  readonly freeBytes: number | null;
  readonly isNearlyFull: boolean;
}

/** PostgreSQL's write-ahead log alone may take as much (its max_wal_size). */
const LEAST_FREE_BYTES = 1024 ** 3;

const freeBytesOnDisk: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** @param freeBytesOf undefined: asks the system. Throws subclasses of `DatabaseError`. */
export async function readStorage(
  { stateDir }: Configuration,
  database: Database,
  freeBytesOf: FreeBytes | undefined,
  signal: AbortSignal,
): Promise<Storage> {
  const facts = await database.storage(signal);
  const freeBytes = await (freeBytesOf ?? freeBytesOnDisk)(stateDir).catch(() => null);
  return { ...facts, freeBytes, isNearlyFull: freeBytes !== null && freeBytes < LEAST_FREE_BYTES };
}

/** The facts in short sentences. A server's address is left out where strangers may read them. */
export function storageInWords(storage: Storage, { forStrangers = false } = {}): string[] {
  const { place, bytes, freeBytes, isNearlyFull, lastBackupEpochMs } = storage;
  const server =
    place.kind === "server" && !forStrangers
      ? `${place.database} on ${place.host}:${place.port}`
      : "a PostgreSQL server";
  const where = place.kind === "embedded" ? place.directory : server;
  const disk = place.kind === "embedded" ? "the disk" : "the disk of the state directory";
  const room = freeBytes === null ? [] : [`${inUnits(freeBytes)} free on ${disk}`];
  return [
    `the data are in ${where} (${inUnits(bytes)})`,
    ...(isNearlyFull
      ? [`${disk} is nearly full: ${inUnits(freeBytes ?? 0)} are left; make room, or move the state directory`]
      : room),
    lastBackupEpochMs === null
      ? "no backup was made yet"
      : `the last backup was made on ${localDay(lastBackupEpochMs)}`,
  ];
}

/** For a program to read. */
export function storageAsObject({ place, bytes, freeBytes, isNearlyFull, lastBackupEpochMs }: Storage): object {
  const lastBackup = lastBackupEpochMs === null ? null : new Date(lastBackupEpochMs).toISOString();
  return { ...place, bytes, freeBytes, isNearlyFull, lastBackup };
}

/** "45 MB" */
function inUnits(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
