import { z } from "zod";
import { quoteIdentifier } from "./connection/connection-errors.js";
import type { Session } from "./connection/connection-pool.js";
import { DatabaseRightsMissing } from "./connection/errors.js";
import { CLAIMED_BY, FOLLOWED, readFollowed } from "./hours/follow.js";
import { ENERGY_HOURLY_LOCK } from "./hours/mirror.js";
import { isSetAsideOf, readSetAsideTables, type SetAsideTable } from "./hours/set-aside.js";
import { keepWritersOut } from "./lease.js";
import type { DatabaseLoginGuard } from "./login-guard.js";

/** What is to be forgotten. */
export interface ForgetRequest {
  /** Ids of metering points. */
  readonly meteringPointIds: readonly string[];
  /** The account that is forgotten with them. */
  readonly account?: ForgottenAccount | undefined;
}

export interface ForgottenAccount {
  /** Undefined where the database has no row of it. */
  readonly id: string | undefined;
  readonly guard: DatabaseLoginGuard;
}

/** Rows of one metering point. */
export interface PointContent {
  readonly id: string;
  readonly hours: number;
  /** Start of its first and of its newest hour, milliseconds since the epoch; `null`: it has none. */
  readonly oldestHourEpochMs: number | null;
  readonly newestHourEpochMs: number | null;
  /** Days, months and years that are remembered. */
  readonly periods: number;
  readonly refusals: number;
  /** Rows of `energy_hourly` that show its hours; `null`: it mirrors another one, or none. */
  readonly mirrored: number | null;
  /** Rows that show its hours in tables that a switch of the mirrored metering point has made, by the name of the table. */
  readonly setAside: readonly { readonly table: string; readonly rows: number }[];
}

/** What is, or was, stored of what is to be forgotten. */
export interface ForgetContent {
  readonly points: readonly PointContent[];
  /**
   * Rows of `energy_hourly`, where that mirrors one of them, at hours that the program has not stored: of an older program,
   * and perhaps of another metering point. They stay.
   */
  readonly otherRows: number;
  /** Accounts of failed logins, 1 or 0. */
  readonly guardEntries: number;
}

/** Tables with rows of a metering point, in the order in which they are removed. */
export const OF_POINT: readonly { readonly table: string; readonly where: string }[] = [
  { table: "metering_point_hourly", where: "metering_point = $1" },
  { table: "metering_point_period", where: "metering_point = $1" },
  { table: "access_refusal", where: "metering_point = $1" },
  { table: "metering_point", where: "id = $1" },
];
const OF_ACCOUNT: readonly { readonly table: string; readonly where: string }[] = [
  { table: "access_refusal", where: "account = $1" },
  { table: "writer_lease", where: "name = 'writer of ' || $1" },
  // What is remembered of an account has its id at the end of the name.
  { table: "sync_state", where: "right(name, length($1) + 1) = ' ' || $1" },
  { table: "account", where: "id = $1" },
];

const epochMs = (value: string) => `(round(extract(epoch FROM ${value}) * 1000))::float8`;
const HOURS = `
  SELECT count(*)::float8 AS hours, ${epochMs("min(datetime)")} AS "oldestHourEpochMs",
    ${epochMs("max(datetime)")} AS "newestHourEpochMs"
  FROM public.metering_point_hourly WHERE metering_point = $1`;
const hoursRow = z.object({
  hours: z.number(),
  oldestHourEpochMs: z.number().nullable(),
  newestHourEpochMs: z.number().nullable(),
});
const countRow = z.object({ count: z.number() });
/** A common table expression of its own, as Citus joins no distributed table with a local one. */
const ITS_HOURS =
  "WITH hour AS MATERIALIZED (SELECT datetime FROM public.metering_point_hourly WHERE metering_point = $1)";
const AT_ITS_HOURS = "datetime IN (SELECT datetime FROM hour)";

/** Counts what would be removed, and changes nothing. */
export async function readForgetContent(session: Session, request: ForgetRequest): Promise<ForgetContent> {
  const followed = await readFollowed(session);
  const setAside = await readSetAsideTables(session);
  const points: PointContent[] = [];
  for (const id of request.meteringPointIds) {
    const [hours] = await session.query(hoursRow, HOURS, [id]);
    const shown = (table: string) =>
      count(session, `${ITS_HOURS} SELECT count(*)::float8 AS count FROM ${nameOf(table)} WHERE ${AT_ITS_HOURS}`, id);
    const tables = [];
    for (const { name } of setAside.filter((table) => isSetAsideOf(table, id)))
      tables.push({ table: name, rows: await shown(name) });
    points.push({
      id,
      ...hoursRow.parse(hours),
      periods: await count(session, countOf("metering_point_period", "metering_point = $1"), id),
      refusals: await count(session, countOf("access_refusal", "metering_point = $1"), id),
      mirrored: id === followed ? await shown("energy_hourly") : null,
      setAside: tables,
    });
  }
  const mirrored = points.find((point) => point.mirrored !== null)?.mirrored ?? null;
  const all =
    mirrored === null ? 0 : await count(session, "SELECT count(*)::float8 AS count FROM public.energy_hourly");
  return {
    points,
    otherRows: all - (mirrored ?? 0),
    guardEntries: request.account !== undefined && (await request.account.guard.isRecorded(session)) ? 1 : 0,
  };
}

/**
 * Removes everything of some metering points and of an account, in a transaction of the caller's. Returns what there was.
 *
 * @throws {DatabaseInUse} where a running program holds a lease.
 * @throws {DatabaseRightsMissing} with the GRANT statements that are missing.
 */
export async function forget(session: Session, request: ForgetRequest): Promise<ForgetContent> {
  // Years of hours take longer than an owner's limit for a statement may be.
  await session.execute("SELECT set_config('statement_timeout', '0', true)");
  await keepWritersOut(session);
  await session.execute(ENERGY_HOURLY_LOCK);
  const content = await readForgetContent(session, request);
  const setAside = await readSetAsideTables(session);
  await requireRights(session, content, request.account !== undefined);
  for (const { id, mirrored } of content.points) {
    if (mirrored !== null) await removeItsHours(session, "energy_hourly", id);
    for (const table of setAside.filter((one) => isSetAsideOf(one, id))) await removeSetAside(session, table, id);
    const customers = await session.query(CUSTOMER, "SELECT customer FROM public.metering_point WHERE id = $1", [id]);
    for (const { table, where } of OF_POINT) await remove(session, table, where, id);
    for (const { customer } of customers) await session.execute(REFUSALS_OF_CUSTOMER, [customer]);
  }
  // Whoever's the rows are that stay, they are not to be mixed with those of the next one.
  if (content.points.some(({ mirrored }) => mirrored !== null) && content.otherRows === 0)
    await session.execute("DELETE FROM public.sync_state WHERE name IN ($1, $2)", [FOLLOWED, CLAIMED_BY]);
  if (request.account !== undefined) await forgetAccount(session, request.account);
  return content;
}

async function forgetAccount(session: Session, { id, guard }: ForgottenAccount): Promise<void> {
  await guard.forget(session);
  if (id === undefined) return;
  for (const { table, where } of OF_ACCOUNT) await remove(session, table, where, id);
  await session.execute("DELETE FROM public.sync_state WHERE name = $1 AND split_part(value, ' ', 1) = $2", [
    CLAIMED_BY,
    id,
  ]);
}

/** Rows of its hours; the table goes with the last of them. */
async function removeSetAside(session: Session, { name, isOwned }: SetAsideTable, id: string): Promise<void> {
  await removeItsHours(session, name, id);
  const [left] = await session.query(z.object({}), `SELECT FROM ${nameOf(name)} LIMIT 1`);
  if (left === undefined && isOwned) await session.execute(`DROP TABLE ${nameOf(name)}`);
}

async function removeItsHours(session: Session, table: string, id: string): Promise<void> {
  await session.execute(`${ITS_HOURS} DELETE FROM ${nameOf(table)} WHERE ${AT_ITS_HOURS}`, [id]);
}

async function remove(session: Session, table: string, where: string, id: string): Promise<void> {
  await session.execute(`DELETE FROM ${nameOf(table)} WHERE ${where}`, [id]);
}

/** Of a customer that has no metering point here any more. */
const REFUSALS_OF_CUSTOMER = `
DELETE FROM public.access_refusal
WHERE customer = $1 AND NOT EXISTS (SELECT FROM public.metering_point WHERE metering_point.customer = $1)`;
const CUSTOMER = z.object({ customer: z.string() });

const countOf = (table: string, where: string) =>
  `SELECT count(*)::float8 AS count FROM ${nameOf(table)} WHERE ${where}`;

async function count(session: Session, text: string, id?: string): Promise<number> {
  const [row] = await session.query(countRow, text, id === undefined ? [] : [id]);
  return countRow.parse(row).count;
}

function nameOf(table: string): string {
  return `public.${quoteIdentifier(table)}`;
}

const rightsRow = z.object({ role: z.string(), database: z.string(), missing: z.array(z.string()) });
const RIGHTS = `
  SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database, ARRAY(
    SELECT name FROM unnest($1::text[]) AS name WHERE NOT has_table_privilege('public.' || quote_ident(name), 'DELETE')
  ) AS missing`;

/** In its daily work the program removes next to nothing, and may lack the right. */
async function requireRights(session: Session, { points }: ForgetContent, hasAccount: boolean): Promise<void> {
  const tables = new Set([
    ...OF_POINT.map(({ table }) => table),
    ...(points.some(({ mirrored }) => mirrored !== null) ? ["energy_hourly", "sync_state"] : []),
    ...points.flatMap(({ setAside }) => setAside.map(({ table }) => table)),
    ...(hasAccount ? ["login_guard", ...OF_ACCOUNT.map(({ table }) => table)] : []),
  ]);
  const [found] = await session.query(rightsRow, RIGHTS, [[...tables].sort()]);
  const { role, database, missing } = rightsRow.parse(found);
  if (missing.length === 0) return;
  const statements = missing.map((table) => `GRANT DELETE ON ${nameOf(table)} TO ${role};`);
  throw new DatabaseRightsMissing(role, database, statements);
}
