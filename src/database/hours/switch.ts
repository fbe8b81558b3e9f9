import { z } from "zod";
import { quoteIdentifier } from "../connection/connection-errors.js";
import type { Session } from "../connection/connection-pool.js";
import { DatabaseHoursHidden, DatabaseRightsMissing } from "../connection/errors.js";
import { type Claim, follow, readMirrored } from "./follow.js";
import { ENERGY_HOURLY_LOCK } from "./mirror.js";
import { finishSetAsideTable, setAsideComment, setAsideName } from "./set-aside.js";

/** What a switch of the mirrored metering point did. */
export interface Switched {
  /** The one mirrored before; `null`: none that is known. */
  readonly previous: string | null;
  /** The table that has the rows of before; `null`: there was none. */
  readonly keptIn: string | null;
  readonly kept: number;
  /** Hours of the new one that were written. */
  readonly written: number;
}

const rightsRow = z.object({ role: z.string(), database: z.string(), mayCreate: z.boolean(), mayDelete: z.boolean() });
const RIGHTS = `
  SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database,
    has_schema_privilege('public', 'CREATE') AS "mayCreate",
    has_table_privilege('public.energy_hourly', 'DELETE') AS "mayDelete"`;
const existsRow = z.object({ exists: z.boolean() });

/** As `SyncStore.switchMeteringPoint` says, in a transaction of the caller's. */
export async function switchMirror(
  session: Session,
  meteringPointId: string,
  claim: Claim,
  today: string,
): Promise<Switched> {
  await requireRights(session);
  await session.execute(ENERGY_HOURLY_LOCK);
  // The loop of before, if it still runs, waits: no row may come between the copy and the removal.
  await session.execute("LOCK TABLE public.energy_hourly IN SHARE ROW EXCLUSIVE MODE");
  const { meteringPointId: previous } = await readMirrored(session);
  const { keptIn, kept } = await setAside(session, previous, today);
  const { written } = await follow(session, meteringPointId, claim);
  return { previous: previous ?? null, keptIn, kept, written };
}

async function requireRights(session: Session): Promise<void> {
  const [found] = await session.query(rightsRow, RIGHTS);
  const { role, database, mayCreate, mayDelete } = rightsRow.parse(found);
  const statements = [
    ...(mayCreate ? [] : [`GRANT CREATE ON SCHEMA public TO ${role};`]),
    ...(mayDelete ? [] : [`GRANT DELETE ON public.energy_hourly TO ${role};`]),
  ];
  if (statements.length > 0) throw new DatabaseRightsMissing(role, database, statements);
}

/** Copies all rows of `energy_hourly` to a table of their own, and removes them. */
async function setAside(session: Session, meteringPointId: string | undefined, today: string) {
  const keptIn = await freeName(session, setAsideName(meteringPointId, today));
  const table = `public.${quoteIdentifier(keptIn)}`;
  await session.execute(`CREATE TABLE ${table} AS TABLE public.energy_hourly WITH NO DATA`);
  const kept = await session.execute(`INSERT INTO ${table} SELECT * FROM public.energy_hourly`);
  if (kept === 0) {
    await session.execute(`DROP TABLE ${table}`);
    return { keptIn: null, kept };
  }
  await finishSetAsideTable(session, keptIn, setAsideComment(meteringPointId, today));
  const removed = await session.execute("DELETE FROM public.energy_hourly");
  if (removed !== kept) throw new DatabaseHoursHidden("public.energy_hourly", Math.abs(kept - removed));
  return { keptIn, kept };
}

/** That name, or one with a number behind it that no table has. */
async function freeName(session: Session, name: string): Promise<string> {
  for (let copy = 1; ; copy += 1) {
    const candidate = copy === 1 ? name : `${name}_${copy}`;
    const [found] = await session.query(
      existsRow,
      "SELECT to_regclass('public.' || quote_ident($1)) IS NOT NULL AS exists",
      [candidate],
    );
    if (!existsRow.parse(found).exists) return candidate;
  }
}
