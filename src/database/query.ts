import { DatabaseError as ServerError } from "pg";
import { z } from "zod";
import { ZONE } from "../shared/local-day.js";
import type { ConnectionPool, RowBatch } from "./connection/connection-pool.js";
import { DatabaseError } from "./connection/errors.js";

/** How long a statement of a person's own may take. */
const STATEMENT_LIMIT = "5min";

/** PostgreSQL's error codes for what is wrong with a statement, rather than with the server. */
const OF_STATEMENT = /^(0A|21|22|23|25006|26|42|44|54|57014|P0)/;

/** A person's own statement was refused by PostgreSQL, or took too long. */
export class QueryRefused extends DatabaseError {}

/** A table or a view, as a person looks for it. */
export interface Relation {
  readonly name: string;
  readonly kind: "table" | "view";
  /** What it holds, in a sentence; null where nobody has written one. */
  readonly comment: string | null;
}

/**
 * Runs one statement in a transaction that can only read, and hands over its rows as they come. Times are those of the
 * wall clock in Finland, with their offset.
 *
 * @throws {QueryRefused} with PostgreSQL's own words where the statement is wrong, writes, or takes longer than five minutes.
 */
export async function readOnlyQuery(
  pool: ConnectionPool,
  text: string,
  take: (batch: RowBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await pool.use(async (session) => {
    await session.execute(
      `BEGIN TRANSACTION READ ONLY;
       SELECT set_config('TimeZone', '${ZONE}', true), set_config('DateStyle', 'ISO', true),
         set_config('statement_timeout', '${STATEMENT_LIMIT}', true)`,
    );
    try {
      for await (const batch of session.rows(text)) await take(batch);
    } catch (error) {
      throw refusal(error, text) ?? error;
    } finally {
      await session.execute("ROLLBACK").catch(() => undefined);
    }
  }, signal);
}

/** The tables and views of the schema `public`, by name. */
export async function listRelations(pool: ConnectionPool, signal: AbortSignal): Promise<Relation[]> {
  return await pool.use((session) => session.query(RELATION, RELATIONS), signal);
}

function refusal(error: unknown, text: string): QueryRefused | undefined {
  if (!(error instanceof ServerError) || !OF_STATEMENT.test(error.code ?? "")) return undefined;
  if (error.code === "57014")
    return new QueryRefused(
      `The statement was ended after ${STATEMENT_LIMIT}. Ask for less, for fewer days for instance.`,
    );
  if (error.code === "25006") return new QueryRefused(`Nothing was changed: ${error.message}, and query only reads.`);
  const place = error.position === undefined ? "" : ` (at "${wordAt(text, Number(error.position))}")`;
  const hint = error.hint === undefined ? "" : ` ${sentence(error.hint)}`;
  return new QueryRefused(`PostgreSQL did not accept the statement: ${error.message}${place}.${hint}`);
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** @param position counts characters from 1. */
function wordAt(text: string, position: number): string {
  const rest = [...text].slice(position - 1, position + 30).join("");
  return /^\S*/.exec(rest.trimStart())?.[0] ?? "";
}

const RELATION = z.object({ name: z.string(), kind: z.enum(["table", "view"]), comment: z.string().nullable() });

const RELATIONS = `
SELECT relname AS name, CASE WHEN relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
  obj_description(oid, 'pg_class') AS comment
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
ORDER BY 1`;
