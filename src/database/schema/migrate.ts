import { z } from "zod";
import type { Logger } from "../../shared/logger.js";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { DatabaseNewer } from "../connection/errors.js";
import { type Migration, readMigrations } from "./migrations.js";
import { advanceSequence } from "./sequence.js";
import {
  MIGRATION_TABLE,
  readableTables,
  readTableState,
  requireRights,
  requireSuitableTable,
  type TableState,
} from "./tables.js";

// How a migration is written. It is one new file of sql/, three digits and a name, of plain SQL without BEGIN and COMMIT:
// the program runs it in a transaction of its own, psql -f as it stands. It can run twice and after being interrupted
// anywhere (IF NOT EXISTS, or a DO block that looks first), names every object with its schema (public.…), and records
// itself at its end, whether versions of the program that lack the file may still write to the tables:
//
//   INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
//   VALUES (6, '006_example.sql', true)
//   ON CONFLICT (number) DO NOTHING;
//
// Nothing in the code repeats what a file makes: its statements CREATE TABLE, CREATE VIEW and ALTER TABLE … ADD COLUMN are
// read (see migrations.ts), so that what its owner has dropped or renamed is made again, a role without rights is told
// the GRANTs, and the owner of the tables the statements to run.

/** Two arbitrary numbers; whoever holds this advisory lock is the only one to migrate this database. */
const MIGRATION_LOCK = "20479, 2";

/** A file that was run on the database, as it recorded itself. */
const recordRow = z.object({ number: z.number(), name: z.string(), olderMayWrite: z.boolean() });
export type MigrationRecord = z.infer<typeof recordRow>;

/** Tables that version 0.1.0 made record nothing of older versions. */
const READ_RECORDS = `
  SELECT number, name, COALESCE((to_jsonb(record) ->> 'older_may_write')::boolean, true) AS "olderMayWrite"
  FROM ${MIGRATION_TABLE} AS record ORDER BY number`;

/**
 * Brings the tables of a database to what this version needs, and makes sure that our role can work with them.
 *
 * Every file of `sql/` that is not recorded yet runs in a transaction of its own; programs that start at the same time
 * wait for each other. A role that may not make tables can still work with those that are there already.
 *
 * @throws {DatabaseRightsMissing} with all the statements to run: GRANTs, and the files that only an owner can run.
 * @throws {DatabaseTableUnsuitable} with what `energy_hourly` lacks.
 * @throws {DatabaseNewer} where a newer version has changed the tables in a way that this one must not write to.
 */
export async function migrate(pool: ConnectionPool, logger: Logger, signal?: AbortSignal): Promise<CheckedTables> {
  const { migrations, state, applied, pending, unknown } = await checkTables(pool, signal);
  for (const migration of pending) {
    const isDone = await pool.transaction((session) => apply(session, migration, applied), signal);
    if (isDone && applied.has(migration.number)) {
      logger.warn(
        { migration: migration.name },
        `Tables that were gone from the database were made again: ${migration.name}`,
      );
    } else if (isDone) {
      logger.info({ migration: migration.name }, `The database was brought up to date: ${migration.name}`);
    }
  }
  await advanceSequence(pool, state, signal);
  if (unknown.length > 0) {
    logger.warn({}, "The database was brought up to date by a newer version of this program; update this one too");
  }
  const tables = migrations.flatMap(({ makesTables }) => makesTables.map((name) => `public.${name}`)).sort();
  const { columns } = await readFingerprint(pool, tables, signal);
  return { tables, columns, records: migrations.length + unknown.length };
}

/** What was found in order. */
export interface CheckedTables {
  /** Our tables, as SQL takes them. */
  readonly tables: readonly string[];
  /** The types of the columns of `energy_hourly`: PostgreSQL rounds what does not fit, and reports nothing. */
  readonly columns: string;
  /** How many files are recorded as run. */
  readonly records: number;
}

/**
 * Whether the tables can be read, and no newer version has changed them since they were checked. A table that is gone, and
 * a right that was taken away, are errors of PostgreSQL's own.
 */
export async function areAsChecked(
  pool: ConnectionPool,
  { tables, columns, records }: CheckedTables,
  signal?: AbortSignal,
): Promise<boolean> {
  const now = await readFingerprint(pool, tables, signal);
  return now.columns === columns && now.records === records;
}

const FINGERPRINT = `
  SELECT (SELECT count(*) FROM ${MIGRATION_TABLE})::int AS records,
    (SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum)
      FROM pg_catalog.pg_attribute WHERE attrelid = 'public.energy_hourly'::regclass) AS columns`;

async function readFingerprint(pool: ConnectionPool, tables: readonly string[], signal?: AbortSignal) {
  return await pool.transaction(async (session) => {
    await lock(session, tables);
    const [found] = await session.query(z.object({ records: z.number(), columns: z.string() }), FINGERPRINT);
    return found ?? { records: 0, columns: "" };
  }, signal);
}

/**
 * Waits until all of those tables can be read: a statement that met a lock of another session later, outside a transaction,
 * would wait on the server after we have given it up, one more in every cycle.
 */
async function lock(session: Session, tables: readonly string[]): Promise<void> {
  await session.execute(`LOCK TABLE ${tables.join(", ")} IN ACCESS SHARE MODE`);
}

export interface TableCheck {
  readonly migrations: readonly Migration[];
  readonly state: TableState;
  /** Numbers of the files that were run. */
  readonly applied: ReadonlySet<number>;
  /** Files that are still to be run, or once more. */
  readonly pending: readonly Migration[];
  /** Files that were run and that this version does not have. */
  readonly unknown: readonly MigrationRecord[];
}

/**
 * Looks, and changes nothing: which tables there are, and which files of `sql/` are still to be run.
 *
 * @throws what `migrate` throws.
 */
export async function checkTables(pool: ConnectionPool, signal?: AbortSignal): Promise<TableCheck> {
  const migrations = await readMigrations();
  const state = await readTableState(pool, migrations, signal);
  const mayRead = state.mayUseSchema ? readableTables(state) : [];
  const mayReadRecords = mayRead.includes(MIGRATION_TABLE);
  const read = async (session: Session) => {
    await lock(session, mayRead);
    return mayReadRecords ? await session.query(recordRow, READ_RECORDS) : [];
  };
  const records = mayRead.length === 0 ? [] : await pool.transaction(read, signal);
  const unknown = records.filter((record) => !migrations.some(({ number }) => number === record.number));
  const breaking = unknown.filter(({ olderMayWrite }) => !olderMayWrite);
  if (breaking.length > 0) throw new DatabaseNewer(breaking.map(({ name }) => name));
  const applied = new Set(records.map(({ number }) => number));
  // Where the records may not be read, that is the right to ask for first.
  const areRecordsHidden = !mayReadRecords && state.objects.some(({ name }) => MIGRATION_TABLE === `public.${name}`);
  const pending = areRecordsHidden ? [] : pendingOf(migrations, applied, state);
  requireRights(state, pending);
  requireSuitableTable(state);
  return { migrations, state, applied, pending, unknown };
}

/**
 * What was never run, and what made or added something that is gone now: dropped, or renamed by its owner. A file that
 * alters what another one makes again has to alter it again.
 */
function pendingOf(
  migrations: readonly Migration[],
  applied: ReadonlySet<number>,
  state: TableState,
): readonly Migration[] {
  const remade = new Set<string>();
  return migrations.filter(({ number, makes, adds, alters }) => {
    const missing = makes.filter((name) => !state.objects.some((object) => object.name === name));
    for (const name of missing) remade.add(name);
    const lacksColumn = adds.some(({ table, column }) => {
      const found = state.objects.find(({ name }) => name === table);
      return found !== undefined && !found.columns.includes(column);
    });
    return !applied.has(number) || missing.length > 0 || lacksColumn || alters.some((name) => remade.has(name));
  });
}

/**
 * @param before what was recorded when we looked.
 * @returns false where another program has run it since.
 */
async function apply(session: Session, migration: Migration, before: ReadonlySet<number>): Promise<boolean> {
  // Held to the end of the transaction, and so right behind a connection pooler too.
  await session.execute(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
  await session.execute("SET LOCAL search_path = pg_catalog");
  await session.execute("SET LOCAL client_min_messages = warning");
  const [state] = await session.query(
    z.object({ exists: z.boolean() }),
    `SELECT to_regclass('${MIGRATION_TABLE}') IS NOT NULL AS exists`,
  );
  const records = state?.exists ? await session.query(recordRow, READ_RECORDS) : [];
  if (records.some(({ number }) => number === migration.number) && !before.has(migration.number)) {
    return false;
  }
  await session.execute(migration.sql);
  return true;
}
