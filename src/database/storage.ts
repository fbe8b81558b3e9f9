import { z } from "zod";
import type { Session } from "./connection/connection-pool.js";
import { readState } from "./sync-state.js";

/** Name in `sync_state`: when `backup` was last run to its end, ISO 8601 in UTC. */
export const LAST_BACKUP = "last backup";

/** Where the data are. */
export type StoragePlace =
  | { readonly kind: "embedded"; readonly directory: string }
  | { readonly kind: "server"; readonly host: string; readonly port: number; readonly database: string };

/** Where the data are, and how much they are. */
export interface StorageFacts {
  readonly place: StoragePlace;
  /** What the database takes on its disk, indexes included; 0 where there is none yet. */
  readonly bytes: number;
  /** When `backup` was last run to its end, milliseconds since the epoch; `null`: never. */
  readonly lastBackupEpochMs: number | null;
}

const sizeRow = z.object({ bytes: z.number(), hasState: z.boolean() });
const SIZE = `
  SELECT pg_database_size(current_database())::float8 AS bytes,
    to_regclass('public.sync_state') IS NOT NULL AS "hasState"`;

/** As `Database.storage` says. */
export async function readStorage(session: Session): Promise<Omit<StorageFacts, "place">> {
  const [size] = await session.query(sizeRow, SIZE);
  const { bytes, hasState } = sizeRow.parse(size);
  const lastBackup = hasState ? await readState(session, LAST_BACKUP) : undefined;
  const lastBackupEpochMs = lastBackup === undefined ? Number.NaN : Date.parse(lastBackup);
  return { bytes, lastBackupEpochMs: Number.isNaN(lastBackupEpochMs) ? null : lastBackupEpochMs };
}
