import { z } from "zod";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { DatabaseError } from "../connection/errors.js";
import type { BackupManifest } from "./manifest.js";
import { type BackupPart, BackupUnreadable, readParts } from "./read.js";
import { BACKUP_TABLES, type BackupTable } from "./tables.js";
import { COLUMNS, quoted, SCHEMA_VERSION } from "./write.js";

/** Somebody writes to the database while it is to be restored. */
export class DatabaseInUse extends DatabaseError {
  constructor(owner: string) {
    super(
      `A running program (${owner}) writes to this database. End it, and restore again; one that was killed is ` +
        "forgotten after three minutes. Nothing was changed.",
    );
  }
}

export interface RestoreOptions {
  /** Checked before. */
  readonly manifest: BackupManifest;
  /** Opens the backup from its beginning. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Called with the rows read so far. */
  readonly onProgress: (rows: number) => void;
}

/**
 * Puts the rows of a backup into the tables, in one transaction: all of them, or none where it is interrupted. Where there
 * are rows already the newer of two counts, and NULL never overwrites a value. The tables must be there.
 *
 * @throws {DatabaseInUse} where a running program holds a lease.
 * @throws {BackupUnreadable} where the backup is of a newer version, or its values do not fit the tables.
 */
export async function restoreBackup(
  pool: ConnectionPool,
  { manifest, open, onProgress }: RestoreOptions,
  signal: AbortSignal,
): Promise<void> {
  await pool.transaction(async (session) => {
    await session.execute(
      `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
         set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
    );
    await keepWritersOut(session);
    await requireKnownSchema(session, manifest);
    const rowsOf = new Map(
      manifest.tables.flatMap(({ parts }) => parts.map(({ file, rows }) => [file, rows] as const)),
    );
    let staging: Staging | undefined;
    let rows = 0;
    const take = async ({ table: name, file, content }: BackupPart) => {
      if (staging?.name !== name) {
        await staging?.merge();
        staging = await stage(session, name, manifest);
      }
      await staging.add(content);
      rows += rowsOf.get(file) ?? 0;
      onProgress(rows);
    };
    await readParts(open(), take, signal);
    await staging?.merge();
  }, signal);
}

/** A lease that is taken now waits for the end of this transaction. */
async function keepWritersOut(session: Session): Promise<void> {
  await session.execute("LOCK TABLE public.writer_lease IN SHARE ROW EXCLUSIVE MODE");
  const [holder] = await session.query(
    z.object({ owner: z.string() }),
    "SELECT owner FROM public.writer_lease WHERE expires_at > now() LIMIT 1",
  );
  if (holder !== undefined) throw new DatabaseInUse(holder.owner);
}

async function requireKnownSchema(session: Session, { schemaVersion }: BackupManifest): Promise<void> {
  const [known] = await session.query(z.object({ version: z.number() }), SCHEMA_VERSION);
  if (known === undefined || schemaVersion <= known.version) return;
  throw new BackupUnreadable(
    "The backup is of a database that a newer version of the program has changed. Update the program first. Nothing was changed.",
  );
}

/** A temporary table that takes the rows of one table, and is merged into it when all have come. */
interface Staging {
  readonly name: string;
  add(csv: Buffer): Promise<void>;
  merge(): Promise<void>;
}

async function stage(session: Session, name: string, manifest: BackupManifest): Promise<Staging> {
  const table = BACKUP_TABLES.find((candidate) => candidate.name === name);
  const columns = manifest.tables.find((candidate) => candidate.name === name)?.columns;
  const there = (await session.query(z.object({ column: z.string() }), COLUMNS, [name])).map(({ column }) => column);
  const unknown = columns?.filter((column) => !there.includes(column)) ?? [];
  if (table === undefined || columns === undefined || unknown.length > 0) {
    const what = table === undefined ? `a table ${name}` : `columns of ${name} (${unknown.join(", ")})`;
    throw new BackupUnreadable(
      `The backup has ${what} that this database lacks. Update the program. Nothing was changed.`,
    );
  }
  const list = columns.map(quoted).join(", ");
  await session.execute("DROP TABLE IF EXISTS pg_temp.restored");
  await session.execute(
    `CREATE TEMPORARY TABLE restored ON COMMIT DROP AS SELECT ${list} FROM public.${quoted(name)} WITH NO DATA`,
  );
  return {
    name,
    async add(csv) {
      await session.copyIn(`COPY pg_temp.restored (${list}) FROM STDIN (FORMAT csv, HEADER true, ENCODING 'UTF8')`, [
        csv,
      ]);
    },
    async merge() {
      const [first] = await session.query(z.object({}), `SELECT FROM public.${quoted(name)} LIMIT 1`);
      await session.execute(first === undefined ? insertion(table, columns) : merger(table, columns));
      for (const column of table.counted ?? []) await session.execute(COUNT_ON, [`public.${name}`, column]);
    },
  };
}

/** Into a table without rows they go as they are. */
function insertion({ name }: BackupTable, columns: readonly string[]): string {
  const list = columns.map(quoted).join(", ");
  return `INSERT INTO public.${quoted(name)} (${list}) SELECT ${list} FROM pg_temp.restored`;
}

function merger({ name, key, restoredWins, counted = [] }: BackupTable, columns: readonly string[]): string {
  const merged = columns.filter((column) => !counted.includes(column));
  const list = merged.map(quoted).join(", ");
  const values = merged.filter((column) => !key.includes(column)).map(quoted);
  const changes = values.map(
    (column) => `${column} = CASE WHEN ${restoredWins}
    THEN COALESCE(EXCLUDED.${column}, kept.${column}) ELSE COALESCE(kept.${column}, EXCLUDED.${column}) END`,
  );
  return `
INSERT INTO public.${quoted(name)} AS kept (${list})
SELECT ${list} FROM pg_temp.restored WHERE ${key.map((column) => `${quoted(column)} IS NOT NULL`).join(" AND ")}
ON CONFLICT (${key.map(quoted).join(", ")}) DO UPDATE SET
  ${changes.join(",\n  ")}`;
}

/** The sequence of a column goes on behind the numbers that were restored. */
const COUNT_ON = `
SELECT setval(sequence, greatest(newest, 1)) FROM pg_get_serial_sequence($1, $2) AS sequence,
  LATERAL (SELECT max(id) AS newest FROM public.energy_hourly) AS there
WHERE sequence IS NOT NULL AND newest IS NOT NULL AND newest > COALESCE(pg_sequence_last_value(sequence::regclass), 0)`;
