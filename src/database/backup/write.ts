import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { createTarPacker } from "modern-tar";
import { z } from "zod";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { readSetAsideTables } from "../hours/set-aside.js";
import {
  type BackupManifest,
  FORMAT,
  FORMAT_VERSION,
  MANIFEST_NAME,
  type ManifestPart,
  type ManifestTable,
} from "./manifest.js";
import { partsOf } from "./parts.js";
import { BACKUP_TABLES, quoted } from "./tables.js";

/** A part is in memory as a whole. */
const PART_BYTES = 2 * 1024 * 1024;
/** Hours compress well at any level; a higher one costs more time than it saves bytes. */
const GZIP_LEVEL = 4;

export interface BackupOptions {
  readonly createdAt: Date;
  /** Version of this program. */
  readonly program: string;
  /** Takes the bytes of the backup. */
  readonly write: (pieces: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Called with the rows written so far, of all that there were when the backup began (an estimate). */
  readonly onProgress: (rows: number) => void;
}

/**
 * Writes all tables as they are at one moment, in bounded memory, while other programs go on writing them. Throws subclasses
 * of `DatabaseError`, and what `write` throws.
 */
export async function writeBackup(
  pool: ConnectionPool,
  options: BackupOptions,
  signal: AbortSignal,
): Promise<BackupManifest> {
  return await pool.use(async (session) => {
    await session.execute(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
       SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
         set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
         set_config('extra_float_digits', '1', true)`,
    );
    try {
      const { readable, controller: tar } = createTarPacker();
      const packed = pipeline(readable, createGzip({ level: GZIP_LEVEL }), options.write, { signal });
      // Whoever of the two fails ends the other.
      const filled = fill(tar, session, options).catch((error: unknown) => {
        tar.error(error);
        throw error;
      });
      const [manifest] = await Promise.all([filled, packed]);
      return manifest;
    } finally {
      await session.execute("ROLLBACK").catch(() => undefined);
    }
  }, signal);
}

async function fill(tar: Tar, session: Session, options: BackupOptions): Promise<BackupManifest> {
  const tables: ManifestTable[] = [];
  let rowsBefore = 0;
  const own: readonly { readonly name: string; readonly comment?: string }[] = BACKUP_TABLES;
  for (const { name, comment } of [...own, ...(await readSetAsideTables(session))]) {
    const columns = await session.query(COLUMN, COLUMNS, [name]);
    // A table that a later version made, or that its owner has dropped.
    if (columns.length === 0) continue;
    const parts: ManifestPart[] = [];
    let rows = 0;
    const names = columns.map(({ column }) => column);
    for await (const part of partsOf(session.copyOut(copyText(name, names)), PART_BYTES)) {
      const content = Buffer.concat([headerOf(names), part.content]);
      const file = `${name}/${String(parts.length + 1).padStart(5, "0")}.csv`;
      await add(tar, file, content, options.createdAt);
      rows += part.rows;
      const sha256 = createHash("sha256").update(content).digest("hex");
      parts.push({ file, rows: part.rows, bytes: content.length, sha256 });
      options.onProgress(rowsBefore + rows);
    }
    rowsBefore += rows;
    const types = columns.map(({ type }) => type);
    tables.push({ name, columns: names, types, ...(comment === undefined ? {} : { comment }), rows, parts });
  }
  const manifest: BackupManifest = {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    createdAt: options.createdAt.toISOString(),
    program: options.program,
    schemaVersion: await readSchemaVersion(session),
    tables,
  };
  await add(tar, MANIFEST_NAME, Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`), options.createdAt);
  tar.finalize();
  return manifest;
}

type Tar = ReturnType<typeof createTarPacker>["controller"];

/** Waits where the reader of the tar lags behind, so that little of it is in memory. */
async function add(tar: Tar, name: string, content: Buffer, mtime: Date): Promise<void> {
  const entry = tar.add({ name, size: content.length, mtime, mode: 0o600, type: "file" }).getWriter();
  await entry.write(content);
  await entry.close();
}

function copyText(table: string, columns: readonly string[]): string {
  // A query, since COPY of a table itself leaves out the rows of its partitions.
  return `COPY (SELECT ${columns.map(quoted).join(", ")} FROM public.${quoted(table)}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')`;
}

function headerOf(columns: readonly string[]): Buffer {
  return Buffer.from(`${columns.map((name) => (/^\w+$/.test(name) ? name : quoted(name))).join(",")}\n`);
}

/** A row of the answer to `COLUMNS`. */
export const COLUMN = z.object({ column: z.string(), type: z.string() });
/** The columns of a table, without generated ones, which the database makes again. */
export const COLUMNS = `
SELECT attname AS column, format_type(atttypid, NULL) AS type FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass('public.' || quote_ident($1)) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum`;

/** The number of the newest file of sql/ that was run; 0 where none was (a table of the Python version alone). */
export async function readSchemaVersion(session: Session): Promise<number> {
  const [found] = await session.query(
    z.object({ exists: z.boolean() }),
    "SELECT to_regclass('public.caruna_integration_migration') IS NOT NULL AS exists",
  );
  if (found?.exists !== true) return 0;
  const [row] = await session.query(
    z.object({ version: z.number() }),
    "SELECT COALESCE(max(number), 0) AS version FROM public.caruna_integration_migration",
  );
  return row?.version ?? 0;
}
