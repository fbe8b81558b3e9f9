import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Logger } from "../../shared/logger.js";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import {
  MIGRATION_TABLE,
  readableTables,
  readTableState,
  requireRights,
  requireSuitableTable,
  type TableState,
} from "./tables.js";

/** One file of `sql/`. */
interface Migration {
  /** 1 of `001_energy_hourly.sql`. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** The same three folders up from `src/database/schema`, from `dist/database/schema`, and in an installed package. */
const SQL_DIRECTORY = fileURLToPath(new URL("../../../sql/", import.meta.url));
/** Two arbitrary numbers; whoever holds this advisory lock is the only one to migrate this database. */
const MIGRATION_LOCK = "20479, 2";

const numberRow = z.object({ number: z.number() });

/**
 * Brings the tables of a database to what this version needs, and makes sure that our role can work with them.
 *
 * Every file of `sql/` that is not recorded yet runs in a transaction of its own; programs that start at the same time
 * wait for each other. A role that may not make tables can still work with an `energy_hourly` that is there already.
 *
 * @throws {DatabaseRightsMissing} with all the GRANT statements to run.
 * @throws {DatabaseTableUnsuitable} with what `energy_hourly` lacks.
 */
export async function migrate(pool: ConnectionPool, logger: Logger, signal?: AbortSignal): Promise<void> {
  const { migrations, applied, pending } = await checkTables(pool, signal);
  for (const migration of pending) {
    const isDone = await pool.transaction((session) => apply(session, migration, applied), signal);
    if (isDone && applied.has(migration.number)) {
      logger.warn(
        { migration: migration.name },
        `Tables that were gone from the database were made anew: ${migration.name}`,
      );
    } else if (isDone) {
      logger.info({ migration: migration.name }, `The database was brought up to date: ${migration.name}`);
    }
  }
  const newest = Math.max(0, ...migrations.map(({ number }) => number));
  if ([...applied].some((number) => number > newest)) {
    logger.warn({}, "The database was brought up to date by a newer version of this program; update this one too");
  }
}

/**
 * Looks, and changes nothing: which tables there are, and which files of `sql/` are still to be run.
 *
 * @throws what `migrate` throws.
 */
export async function checkTables(pool: ConnectionPool, signal?: AbortSignal): Promise<TableCheck> {
  const state = await readTableState(pool, signal);
  const migrations = await readMigrations();
  const applied = state.mayUseSchema ? await readRecords(pool, state, signal) : new Set<number>();
  // Where the records may not be read, that is the right to ask for first.
  const isUnknown = state.hasMigrationTable && !(state.mayReadMigrations && state.mayUseSchema);
  const pending = isUnknown
    ? []
    : migrations.filter(({ number }) => (applied.has(number) ? isGone(number, state) : !isThereAlready(number, state)));
  requireRights(state, pending.length > 0);
  requireSuitableTable(state);
  return { state, migrations, applied, pending };
}

export interface TableCheck {
  readonly state: TableState;
  readonly migrations: readonly Migration[];
  readonly applied: ReadonlySet<number>;
  readonly pending: readonly Migration[];
}

/**
 * An original user's role has no right to make the table of records: what is there by other means (the original's own
 * table, or a file of `sql/` that an administrator ran by hand) needs none.
 */
function isThereAlready(number: number, state: TableState): boolean {
  return made(number, state) === true && !state.hasMigrationTable && !state.mayCreateInSchema;
}

/** Its owner has dropped or renamed something that was made once: the file that made it makes it again. */
function isGone(number: number, state: TableState): boolean {
  return made(number, state) === false;
}

/** Whether all is there that a file of `sql/` makes; undefined for a file that is not told of here. */
function made(number: number, state: TableState): boolean | undefined {
  const has = (...names: readonly string[]) => names.every((name) => state.engine.some((table) => table.name === name));
  const isThere: Readonly<Record<number, boolean>> = {
    1: state.kind !== null,
    2: state.hasLoginGuard,
    3: has("metering_point", "metering_point_hourly"),
    4: has("metering_point_period", "sync_state", "writer_lease"),
    5: has("energy_daily", "energy_monthly"),
  };
  return isThere[number];
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(SQL_DIRECTORY)).filter((name) => /^\d{3}_.*\.sql$/.test(name)).sort();
  return await Promise.all(
    names.map(async (name) => ({
      number: Number(name.slice(0, 3)),
      name,
      sql: await readFile(`${SQL_DIRECTORY}${name}`, "utf8"),
    })),
  );
}

/**
 * Reads which files were run, once our tables can be read: a statement that met a lock of another session later, outside
 * a transaction, would wait on the server after we have given it up, one more in every cycle.
 */
async function readRecords(pool: ConnectionPool, state: TableState, signal?: AbortSignal): Promise<Set<number>> {
  const tables = readableTables(state);
  if (tables.length === 0) return new Set();
  return await pool.transaction(async (session) => {
    await session.execute(`LOCK TABLE ${tables.join(", ")} IN ACCESS SHARE MODE`);
    return state.mayReadMigrations ? await readApplied(session) : new Set();
  }, signal);
}

async function readApplied(session: Session): Promise<Set<number>> {
  const rows = await session.query(numberRow, `SELECT number FROM ${MIGRATION_TABLE}`);
  return new Set(rows.map(({ number }) => number));
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
  if (!state?.exists) {
    await createMigrationTable(session);
  }
  const isRecorded = (await readApplied(session)).has(migration.number);
  if (isRecorded && !before.has(migration.number)) {
    return false;
  }
  await session.execute(migration.sql);
  if (!isRecorded) {
    const values = [migration.number, migration.name];
    await session.execute(`INSERT INTO ${MIGRATION_TABLE} (number, name) VALUES ($1, $2)`, values);
  }
  return true;
}

async function createMigrationTable(session: Session): Promise<void> {
  await session.execute(`
    CREATE TABLE ${MIGRATION_TABLE} (
      number integer PRIMARY KEY,
      name text NOT NULL,
      applied_at timestamp with time zone NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE ${MIGRATION_TABLE} IS 'The files of the folder sql/ of caruna-integration that were run on this database';
    COMMENT ON COLUMN ${MIGRATION_TABLE}.number IS 'The number that the name of the file begins with';
    COMMENT ON COLUMN ${MIGRATION_TABLE}.applied_at IS 'When it was run here';`);
}
