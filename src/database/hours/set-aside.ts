import { z } from "zod";
import { quoteIdentifier } from "../connection/connection-errors.js";
import type { Session } from "../connection/connection-pool.js";

// Rows of energy_hourly that were taken out of it stay in a table of their own, whose name and comment say whose they are.

/** A table with rows that `energy_hourly` had. */
export interface SetAsideTable {
  readonly name: string;
  readonly comment: string;
  /** Whether our role may drop it. */
  readonly isOwned: boolean;
}

const COMMENT_BEGINS = "The rows of energy_hourly until ";
const OF_POINT = ": hours of metering point ";
const IS_SET_ASIDE = /^energy_hourly_(?:of_\w+_)?until_\d{8}(?:_\d+)?$/;

const tableRow = z.object({ name: z.string(), comment: z.string(), isOwned: z.boolean() });
const TABLES = `
  SELECT relname AS name, obj_description(oid, 'pg_class') AS comment, pg_has_role(relowner, 'USAGE') AS "isOwned"
  FROM pg_catalog.pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND starts_with(relname, 'energy_hourly_')
    AND starts_with(obj_description(oid, 'pg_class'), '${COMMENT_BEGINS}')
  ORDER BY 1`;

/** All of them, by name. */
export async function readSetAsideTables(session: Session): Promise<SetAsideTable[]> {
  const tables = await session.query(tableRow, TABLES);
  return tables.filter(({ name }) => IS_SET_ASIDE.test(name));
}

/** Whether a table of that name and comment is one of them. */
export function isSetAside(name: string, comment: string | undefined): boolean {
  return IS_SET_ASIDE.test(name) && comment?.startsWith(COMMENT_BEGINS) === true;
}

/** Whether a table has hours of that metering point. */
export function isSetAsideOf({ comment }: SetAsideTable, meteringPointId: string): boolean {
  return comment.endsWith(`${OF_POINT}${meteringPointId}`);
}

/** A name that says what the rows are. @param until local day, e.g. "2026-11-28". */
export function setAsideName(meteringPointId: string | undefined, until: string): string {
  const word = meteringPointId
    ?.toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, 25);
  return `energy_hourly_${word === undefined ? "" : `of_${word}_`}until_${until.replaceAll("-", "")}`;
}

export function setAsideComment(meteringPointId: string | undefined, until: string): string {
  const owner =
    meteringPointId === undefined ? ": hours of an unknown metering point" : `${OF_POINT}${meteringPointId}`;
  return `${COMMENT_BEGINS}${until}, when it was switched to another metering point${owner}`;
}

/** Gives a new table its key and its comment. */
export async function finishSetAsideTable(session: Session, name: string, comment: string): Promise<void> {
  const table = `public.${quoteIdentifier(name)}`;
  await session.execute(`ALTER TABLE ${table} ADD UNIQUE (datetime)`);
  await session.execute(`COMMENT ON TABLE ${table} IS '${comment.replaceAll("'", "''")}'`);
}
