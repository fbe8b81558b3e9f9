import { z } from "zod";
import { quoteIdentifier } from "../connection/connection-errors.js";
import type { ConnectionPool } from "../connection/connection-pool.js";
import { DatabaseRightsMissing, DatabaseTableUnsuitable } from "../connection/errors.js";
import type { Migration } from "./migrations.js";

const RECORDS = "caruna_integration_migration";
/** Records which files of `sql/` have been run on a database. */
export const MIGRATION_TABLE = `public.${RECORDS}`;
/** Rows of these are taken out too; all other tables of ours are read, and rows are added and changed. */
const DELETED_FROM: readonly string[] = ["login_guard"];

const columnSchema = z.object({
  name: z.string(),
  /** That which a domain is made of; with its length, e.g. `character varying(20)`. */
  type: z.string(),
  /** Must have a value, and is given none where a row does not bring one. */
  isDemanded: z.boolean(),
});
const sequenceSchema = z.object({ name: z.string(), mayUse: z.boolean() });
const stateSchema = z.object({
  role: z.string(),
  database: z.string(),
  mayUseSchema: z.boolean(),
  mayCreateInSchema: z.boolean(),
  /** PostgreSQL's letter for what `public.energy_hourly` is: r a table, p a partitioned one, v a view; null: nothing. */
  kind: z.string().nullable(),
  columns: z.array(columnSchema),
  sequences: z.array(sequenceSchema),
  hasUniqueDatetime: z.boolean(),
  /** A unique constraint on datetime that is checked at the commit; ON CONFLICT fails where there is one. */
  deferrableUnique: z.string().nullable(),
  /** Those of our tables and views that are there. */
  objects: z.array(
    z.object({
      name: z.string(),
      isTable: z.boolean(),
      /** Whether our role may alter it. */
      isOwned: z.boolean(),
      columns: z.array(z.string()),
      missingRights: z.array(z.enum(["SELECT", "INSERT", "UPDATE", "DELETE"])),
    }),
  ),
});

/** What of our tables there is in a database, and what our role may do with them. Names are quoted as SQL takes them. */
export type TableState = z.infer<typeof stateSchema>;

/**
 * Asks the catalogs alone, which every role may read. An index serves ON CONFLICT only where it is unique, immediate,
 * whole and on that column alone. The sequences are those that a column default uses, whatever their name and owner.
 */
const STATE = `
SELECT
  quote_ident(current_user) AS role,
  quote_ident(current_database()) AS database,
  has_schema_privilege('public', 'USAGE') AS "mayUseSchema",
  has_schema_privilege('public', 'CREATE') AS "mayCreateInSchema",
  hourly.relkind::text AS kind,
  COALESCE((
    SELECT json_agg(json_build_object(
      'name', attname,
      'type', CASE WHEN typbasetype = 0 THEN format_type(atttypid, atttypmod) ELSE format_type(typbasetype, typtypmod) END,
      'isDemanded', (attnotnull OR typnotnull) AND NOT atthasdef AND attidentity = ''
    ) ORDER BY attnum)
    FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_type ON pg_type.oid = atttypid
    WHERE attrelid = hourly.oid AND attnum > 0 AND NOT attisdropped
  ), '[]') AS columns,
  COALESCE((
    SELECT json_agg(json_build_object(
      'name', format('%I.%I', schema.nspname, sequence.relname),
      'mayUse', has_sequence_privilege(sequence.oid, 'USAGE') OR has_sequence_privilege(sequence.oid, 'UPDATE')
    ))
    FROM pg_catalog.pg_attrdef AS column_default
    JOIN pg_catalog.pg_depend AS depends
      ON depends.classid = 'pg_catalog.pg_attrdef'::regclass AND depends.objid = column_default.oid
      AND depends.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class AS sequence ON sequence.oid = depends.refobjid AND sequence.relkind = 'S'
    JOIN pg_catalog.pg_namespace AS schema ON schema.oid = sequence.relnamespace
    WHERE column_default.adrelid = hourly.oid
  ), '[]') AS sequences,
  EXISTS (
    SELECT FROM pg_catalog.pg_index
    JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = hourly.oid AND indisunique AND indimmediate AND indisvalid
      AND indpred IS NULL AND indnkeyatts = 1 AND attname = 'datetime'
  ) AS "hasUniqueDatetime",
  (
    SELECT quote_ident(conname) FROM pg_catalog.pg_constraint
    JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
    WHERE conrelid = hourly.oid AND contype IN ('u', 'p') AND condeferrable AND attname = 'datetime'
    LIMIT 1
  ) AS "deferrableUnique",
  COALESCE((
    SELECT json_agg(json_build_object(
      'name', relname,
      'isTable', relkind IN ('r', 'p', 'f'),
      'isOwned', pg_has_role(relowner, 'USAGE'),
      'columns', ARRAY(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped),
      'missingRights', ARRAY(
        SELECT needed FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
        WHERE relkind <> 'v' AND NOT has_table_privilege(pg_class.oid, needed)
      )
    ))
    FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1)
  ), '[]') AS objects
FROM (SELECT) AS always
LEFT JOIN pg_catalog.pg_class AS hourly
  ON hourly.relname = 'energy_hourly' AND hourly.relnamespace = 'public'::regnamespace`;

const NEEDED_COLUMNS = {
  datetime: "timestamp with time zone",
  kwh_total: "double precision",
  kwh_night: "double precision",
  kwh_day: "double precision",
  kwh_night_winter: "double precision",
  tariff: "character varying",
} as const;

/** @param migrations the files that say which tables and views are ours. */
export async function readTableState(
  pool: ConnectionPool,
  migrations: readonly Migration[],
  signal: AbortSignal | undefined,
): Promise<TableState> {
  const names = migrations.flatMap(({ makes }) => makes);
  const [state] = await pool.use((session) => session.query(stateSchema, STATE, [names]), signal);
  return stateSchema.parse(state);
}

/** Those of our tables that are there and that our role may read, as SQL takes them. */
export function readableTables(state: TableState): string[] {
  return state.objects
    .filter(({ isTable, missingRights }) => isTable && !missingRights.includes("SELECT"))
    .map(({ name }) => `public.${name}`)
    .sort();
}

/** The rights on a table of ours that the program needs in its daily work; of the record of migrations only to read. */
function neededRights(table: string): readonly string[] {
  if (table === RECORDS) return ["SELECT"];
  return ["SELECT", "INSERT", "UPDATE", ...(DELETED_FROM.includes(table) ? ["DELETE"] : [])];
}

/**
 * @param pending files of `sql/` that are still to be run: with the right to make tables, or by the owner of those that
 * they alter.
 * @throws {DatabaseRightsMissing} with every statement that is missing, at once.
 */
export function requireRights(state: TableState, pending: readonly Migration[]): void {
  const needsOwner = pending.some((migration) => altersOfOthers(migration, state));
  const runsFiles = pending.length > 0 && !needsOwner;
  const tables = state.objects.filter(({ isTable }) => isTable);
  // What somebody else makes is that one's.
  const future = needsOwner ? pending.flatMap(({ makesTables }) => makesTables) : [];
  const missing = new Map<string, readonly string[]>(future.map((name) => [name, neededRights(name)]));
  for (const { name, missingRights } of tables) {
    const needed = [...neededRights(name), ...(runsFiles && name === RECORDS ? ["INSERT"] : [])];
    missing.set(
      name,
      needed.filter((right) => missingRights.some((one) => one === right)),
    );
  }
  const rightsOn = (name: string): [string, readonly string[]] => [`public.${name}`, missing.get(name) ?? []];
  const others = [...missing.keys()].filter((name) => name !== "energy_hourly" && name !== RECORDS).sort();
  const grants: [object: string, rights: readonly string[]][] = [
    [
      "SCHEMA public",
      [...(state.mayUseSchema ? [] : ["USAGE"]), ...(runsFiles && !state.mayCreateInSchema ? ["CREATE"] : [])],
    ],
    rightsOn("energy_hourly"),
    ...state.sequences.map(({ name, mayUse }): [string, string[]] => [`SEQUENCE ${name}`, mayUse ? [] : ["USAGE"]]),
    ...others.map(rightsOn),
    rightsOn(RECORDS),
  ];
  const statements = [
    ...(needsOwner ? pending.map(({ sql }) => sql.trim()) : []),
    ...grants
      .filter(([, rights]) => rights.length > 0)
      .map(([object, rights]) => `GRANT ${rights.join(", ")} ON ${object} TO ${state.role};`),
  ];
  if (statements.length > 0) throw new DatabaseRightsMissing(state.role, state.database, statements);
}

/** Whether a file alters a table that is there and that is not our role's; what it makes it leaves alone where it is. */
function altersOfOthers({ makes, alters, adds }: Migration, state: TableState): boolean {
  return state.objects.some(
    ({ name, isOwned, columns }) =>
      !isOwned &&
      (makes.includes(name)
        ? adds.some(({ table, column }) => table === name && !columns.includes(column))
        : alters.includes(name)),
  );
}

/** Every row that is written brings these. */
const ALWAYS_GIVEN: readonly string[] = ["datetime", "kwh_total", "tariff"];
const LONGEST_TARIFF = "night_winter".length;

/** Whether a column can take what is written to it, without a loss that nobody would see; a column of the owner's own can. */
function suits({ name, type }: z.infer<typeof columnSchema>): boolean {
  if (name === "datetime") return /^timestamp(\(\d\))? with time zone$/.test(type);
  if (name === "tariff") {
    const [, length] = /^(?:text|character varying(?:\((\d+)\))?)$/.exec(type) ?? [type, "0"];
    return length === undefined || Number(length) >= LONGEST_TARIFF;
  }
  // Rounded by its owner's wish; a whole number of kWh is none.
  if (name.startsWith("kwh_") && name in NEEDED_COLUMNS)
    return /^(double precision|real|numeric(\(\d+,[1-9]\d*\))?)$/.test(type);
  return true;
}

/** The type as it must be, and how its values are taken over. */
function asNeeded(name: string): string {
  if (name === "datetime")
    return "timestamp with time zone USING datetime::timestamp AT TIME ZONE 'UTC'; -- or 'Europe/Helsinki', if it holds local times";
  return name === "tariff" ? "text USING tariff::text;" : `double precision USING ${name}::double precision;`;
}

/** @throws {DatabaseTableUnsuitable} where `energy_hourly` is there, but not such that hours can be stored in it. */
export function requireSuitableTable(state: TableState): void {
  if (state.kind === null) {
    return;
  }
  const problems: string[] = [];
  const statements: string[] = [];
  const report = (problem: string, statement: string) => {
    problems.push(problem);
    statements.push(statement);
  };
  if (state.kind !== "r" && state.kind !== "p") {
    report("it is no table (a view, perhaps)", "ALTER TABLE public.energy_hourly RENAME TO energy_hourly_old;");
    throw new DatabaseTableUnsuitable(problems, statements);
  }
  for (const [name, type] of Object.entries(NEEDED_COLUMNS)) {
    if (!state.columns.some((column) => column.name === name)) {
      report(`the column ${name} is missing`, `ALTER TABLE public.energy_hourly ADD COLUMN ${name} ${type};`);
    }
  }
  for (const { name, type } of state.columns.filter((column) => !suits(column))) {
    report(
      `the column ${name} is a "${type}"`,
      `ALTER TABLE public.energy_hourly ALTER COLUMN ${name} TYPE ${asNeeded(name)}`,
    );
  }
  for (const { name } of state.columns.filter(({ name, isDemanded }) => isDemanded && !ALWAYS_GIVEN.includes(name))) {
    const statement = `ALTER TABLE public.energy_hourly ALTER COLUMN ${quoteIdentifier(name)}`;
    if (name === "id")
      report(
        "the column id counts no more",
        `${statement} SET DEFAULT nextval('public.energy_hourly_id_seq'); -- make that sequence where there is none, and set it to the greatest id`,
      );
    else report(`the column ${name} demands a value that this program may not have`, `${statement} DROP NOT NULL;`);
  }
  if (state.deferrableUnique !== null)
    report(
      `the unique constraint ${state.deferrableUnique} of the column datetime is deferrable`,
      `ALTER TABLE public.energy_hourly DROP CONSTRAINT ${state.deferrableUnique};`,
    );
  if (!state.hasUniqueDatetime) {
    report(
      "the column datetime has no unique constraint (a deferrable or partial one does not serve)",
      "ALTER TABLE public.energy_hourly ADD UNIQUE (datetime); -- where it fails, an hour is there twice: delete one of the rows",
    );
  }
  if (problems.length > 0) {
    throw new DatabaseTableUnsuitable(problems, statements);
  }
}
