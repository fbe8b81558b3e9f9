import { z } from "zod";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { CLAIMED_BY, FOLLOWED, readFollowed } from "../hours/follow.js";
import { ALL_HOURS, mirrorHours } from "../hours/mirror.js";
import { finishSetAsideTable, isSetAside, setAsideComment, setAsideName } from "../hours/set-aside.js";
import { keepWritersOut } from "../lease.js";
import type { BackupManifest, ManifestTable } from "./manifest.js";
import { type BackupPart, BackupUnreadable, readParts } from "./read.js";
import { type BackupTable, backupTable, quoted } from "./tables.js";
import { COLUMN, COLUMNS, readSchemaVersion } from "./write.js";

export interface RestoreOptions {
  /** Checked before. */
  readonly manifest: BackupManifest;
  /** Opens the backup from its beginning. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Called with the rows read so far. */
  readonly onProgress: (rows: number) => void;
  /** Whether the accounts are those of the backup, whatever loads a metering point: for a server in place of another. */
  readonly isSameInstallation?: boolean;
}

/**
 * Puts the rows of a backup into the tables, in one transaction: all of them, or none where it is interrupted. Where there
 * are rows already both are merged by the rules of the writer, what Caruna+ showed later being read last. The tables must be there.
 *
 * @throws {DatabaseInUse} where a running program holds a lease.
 * @throws {BackupUnreadable} where the backup is of a newer version, or its values do not fit the tables.
 */
export async function restoreBackup(
  pool: ConnectionPool,
  { manifest, open, onProgress, isSameInstallation = false }: RestoreOptions,
  signal: AbortSignal,
): Promise<void> {
  await pool.transaction(async (session) => {
    await session.execute(
      `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
         set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
    );
    await keepWritersOut(session);
    await requireKnownSchema(session, manifest);
    const restoration = new Restoration(session, manifest);
    let rows = 0;
    const take = async (part: BackupPart, expectedRows: number) => {
      await restoration.add(part);
      rows += expectedRows;
      onProgress(rows);
    };
    await readParts(open(), manifest, take, signal);
    await restoration.end();
    if (!isSameInstallation) await session.execute(RELEASE_POINTS);
  }, signal);
}

async function requireKnownSchema(session: Session, { schemaVersion }: BackupManifest): Promise<void> {
  if (schemaVersion <= (await readSchemaVersion(session))) return;
  throw new BackupUnreadable(
    "The backup is of a database that a newer version of the program has changed. Update the program first. Nothing was changed.",
  );
}

/** The rows of one table on their way into it. */
interface Staged {
  /** Of the table in the backup. */
  readonly name: string;
  readonly columns: readonly string[];
}

/** Takes the parts of a backup in their order: each table goes into a temporary one, and is merged when it is complete. */
class Restoration {
  readonly #session: Session;
  readonly #manifest: BackupManifest;
  #staged: Staged | undefined;
  /** The metering point that the backup's `energy_hourly` mirrors; undefined where that is not known. */
  #mirroredThere: string | undefined;
  /** Whether hours of the backup met hours that were there: what came of them is to be seen in `energy_hourly`. */
  #hasMergedHours = false;

  constructor(session: Session, manifest: BackupManifest) {
    this.#session = session;
    this.#manifest = manifest;
  }

  async add({ table, content }: BackupPart): Promise<void> {
    if (this.#staged?.name !== table) {
      await this.#merge();
      this.#staged = await this.#stage(table);
    }
    const list = this.#staged.columns.map(quoted).join(", ");
    const text = `COPY pg_temp.restored (${list}) FROM STDIN (FORMAT csv, HEADER true, ENCODING 'UTF8')`;
    await this.#session.copyIn(text, [content]);
  }

  async end(): Promise<void> {
    await this.#merge();
    const followed = await readFollowed(this.#session);
    if (this.#hasMergedHours && followed !== undefined) await mirrorHours(this.#session, followed, ALL_HOURS);
  }

  async #stage(name: string): Promise<Staged> {
    const { columns, comment, types } = this.#tableOf(name);
    const table = backupTable(name, comment);
    if (table === undefined) throw lacking(`a table ${name}`);
    if (isSetAside(name, comment)) await this.#makeSetAside(name, comment ?? "");
    await this.#addColumns(name, columns, types);
    const list = columns.map(quoted).join(", ");
    await this.#session.execute("DROP TABLE IF EXISTS pg_temp.restored");
    await this.#session.execute(
      `CREATE TEMPORARY TABLE restored ON COMMIT DROP AS SELECT ${list} FROM public.${quoted(name)} WITH NO DATA`,
    );
    return { name, columns };
  }

  #tableOf(name: string): ManifestTable {
    const table = this.#manifest.tables.find((candidate) => candidate.name === name);
    if (table === undefined) throw lacking(`a table ${name}`);
    return table;
  }

  /** A user may have added columns of their own. */
  async #addColumns(name: string, columns: readonly string[], types: readonly string[] | undefined): Promise<void> {
    const there = (await this.#session.query(COLUMN, COLUMNS, [name])).map(({ column }) => column);
    for (const [index, column] of columns.entries()) {
      if (there.includes(column)) continue;
      const [found] = await this.#session.query(
        z.object({ type: z.string().nullable() }),
        "SELECT to_regtype($1)::text AS type",
        [types?.[index] ?? ""],
      );
      if (found === undefined || found.type === null) throw lacking(`the column ${column} of ${name}`);
      await this.#session.execute(`ALTER TABLE public.${quoted(name)} ADD COLUMN ${quoted(column)} ${found.type}`);
    }
  }

  async #makeSetAside(name: string, comment: string): Promise<void> {
    const [found] = await this.#session.query(
      z.object({ exists: z.boolean() }),
      "SELECT to_regclass('public.' || quote_ident($1)) IS NOT NULL AS exists",
      [name],
    );
    if (found?.exists === true) return;
    await this.#session.execute(`CREATE TABLE public.${quoted(name)} AS TABLE public.energy_hourly WITH NO DATA`);
    await finishSetAsideTable(this.#session, name, comment);
  }

  async #merge(): Promise<void> {
    if (this.#staged === undefined) return;
    const { name, columns } = this.#staged;
    if (name === "sync_state") await this.#takeMirrored();
    const isBeside = name === "energy_hourly" && (await this.#isOfAnotherPoint());
    const into = isBeside ? await this.#besideEnergyHourly() : name;
    const table = backupTable(name, this.#tableOf(name).comment);
    if (table === undefined) throw lacking(`a table ${name}`);
    const target = { ...table, name: into };
    const [first] = await this.#session.query(z.object({}), `SELECT FROM public.${quoted(into)} LIMIT 1`);
    if (first !== undefined && name === "metering_point_hourly") this.#hasMergedHours = true;
    await this.#session.execute(first === undefined ? insertion(target, columns) : merger(target, columns));
    for (const column of table.counted ?? []) await this.#session.execute(COUNT_ON, [`public.${name}`, column]);
  }

  /** Which metering point is mirrored stays as it is here, where `energy_hourly` has rows. */
  async #takeMirrored(): Promise<void> {
    const [found] = await this.#session.query(
      z.object({ value: z.string() }),
      "SELECT value FROM pg_temp.restored WHERE name = $1",
      [FOLLOWED],
    );
    this.#mirroredThere = found?.value;
    if (await this.#hasEnergyHourly())
      await this.#session.execute("DELETE FROM pg_temp.restored WHERE name IN ($1, $2)", [FOLLOWED, CLAIMED_BY]);
  }

  /** Hours of another metering point, or of who knows which, must not come among those that `energy_hourly` has. */
  async #isOfAnotherPoint(): Promise<boolean> {
    const here = await readFollowed(this.#session);
    return (await this.#hasEnergyHourly()) && here !== this.#mirroredThere;
  }

  async #hasEnergyHourly(): Promise<boolean> {
    return (await this.#session.query(z.object({}), "SELECT FROM public.energy_hourly LIMIT 1")).length > 0;
  }

  /** A table for the rows of the backup's `energy_hourly`; by its name that of an earlier restoration of the same backup. */
  async #besideEnergyHourly(): Promise<string> {
    const day = this.#manifest.createdAt.slice(0, 10);
    const name = setAsideName(this.#mirroredThere, day);
    await this.#makeSetAside(name, setAsideComment(this.#mirroredThere, day));
    return name;
  }
}

function lacking(what: string): BackupUnreadable {
  return new BackupUnreadable(
    `The backup has ${what}, which this database lacks and this program cannot make. Update the program. Nothing was changed.`,
  );
}

/** Into a table without rows they go as they are. */
function insertion({ name }: BackupTable, columns: readonly string[]): string {
  const list = columns.map(quoted).join(", ");
  return `INSERT INTO public.${quoted(name)} (${list}) SELECT ${list} FROM pg_temp.restored`;
}

/** A row that is as it would become is not written again. */
function merger({ name, key, merged, counted = [] }: BackupTable, columns: readonly string[]): string {
  const taken = columns.filter((column) => !counted.includes(column));
  const list = taken.map(quoted).join(", ");
  const values = taken.filter((column) => !key.includes(column));
  const expressions = merged(values);
  const changes = values.map((column, index) => `${quoted(column)} = ${expressions[index]}`);
  const kept = values.map((column) => `kept.${quoted(column)}`);
  return `
INSERT INTO public.${quoted(name)} AS kept (${list})
SELECT ${list} FROM pg_temp.restored WHERE ${key.map((column) => `${quoted(column)} IS NOT NULL`).join(" AND ")}
ON CONFLICT (${key.map(quoted).join(", ")}) DO UPDATE SET
  ${changes.join(",\n  ")}
WHERE ROW (${kept.join(", ")})::text IS DISTINCT FROM ROW (${expressions.join(", ")})::text`;
}

/** An account that this database does not know loads nothing here. */
const RELEASE_POINTS = `
UPDATE public.metering_point SET account = NULL
WHERE account IS NOT NULL AND NOT EXISTS (SELECT FROM public.account WHERE account.id = metering_point.account)`;

/** The sequence of a column goes on behind the numbers that were restored. */
const COUNT_ON = `
SELECT setval(sequence, greatest(newest, 1)) FROM pg_get_serial_sequence($1, $2) AS sequence,
  LATERAL (SELECT max(id) AS newest FROM public.energy_hourly) AS there
WHERE sequence IS NOT NULL AND newest IS NOT NULL AND newest > COALESCE(pg_sequence_last_value(sequence::regclass), 0)`;
