import { z } from "zod";
import { ZONE } from "../shared/local-day.js";
import type { Session } from "./connection/connection-pool.js";
import { instants } from "./hours/arrays.js";

/** What Caruna+ refuses to show: a row of `access_refusal`. Times are milliseconds since the epoch. */
export interface AccessRefusalRow {
  readonly customer: string;
  /** Id of the metering point that is refused; `null`: the customer's lists are. */
  readonly meteringPoint: string | null;
  /** How often in a row; 0: it was answered since. */
  readonly times: number;
  /** HTTP status; `null`: there was no answer, or one that was not understood. */
  readonly status: number | null;
  /** In words that hold nothing personal. */
  readonly reason: string;
  readonly sinceEpochMs: number;
  readonly askedEpochMs: number;
  readonly nextAskEpochMs: number;
  /** When the log said so last; `null`: not yet. */
  readonly reportedEpochMs: number | null;
}

const epochMs = (column: string) => `(round(extract(epoch FROM ${column}) * 1000))::float8`;
const READ = `
  SELECT customer, NULLIF(metering_point, '') AS "meteringPoint", times, status, reason,
    ${epochMs("refused_since")} AS "sinceEpochMs", ${epochMs("asked_at")} AS "askedEpochMs",
    ${epochMs("next_ask_at")} AS "nextAskEpochMs", ${epochMs("reported_at")} AS "reportedEpochMs"
  FROM public.access_refusal WHERE times > 0 AND account = COALESCE($1::text, account) ORDER BY customer, metering_point`;
const COLUMNS = "times, status, reason, refused_since, asked_at, next_ask_at, reported_at".split(", ");
const SAVE = `
  INSERT INTO public.access_refusal (account, customer, metering_point, ${COLUMNS.join(", ")})
  SELECT $10::text, refused.* FROM unnest($1::text[], $2::text[], $3::int4[], $4::int4[], $5::text[], $6::timestamptz[], $7::timestamptz[],
    $8::timestamptz[], $9::timestamptz[]) AS refused
  ON CONFLICT (account, customer, metering_point) DO UPDATE
    SET ${COLUMNS.map((column) => `${column} = EXCLUDED.${column}`).join(", ")}`;

const refusalRow = z.object({
  customer: z.string(),
  meteringPoint: z.string().nullable(),
  times: z.number(),
  status: z.number().nullable(),
  reason: z.string(),
  sinceEpochMs: z.number(),
  askedEpochMs: z.number(),
  nextAskEpochMs: z.number(),
  reportedEpochMs: z.number().nullable(),
});

/** What is refused now to an account (undefined: to any), by customer. */
export async function readRefusals(session: Session, account: string | undefined): Promise<AccessRefusalRow[]> {
  return await session.query(refusalRow, READ, [account ?? null]);
}

/** In a transaction of the caller's. No two rows of one customer and metering point. */
export async function writeRefusals(
  session: Session,
  account: string,
  rows: readonly AccessRefusalRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await session.execute(SAVE, [
    rows.map((row) => row.customer),
    rows.map((row) => row.meteringPoint ?? ""),
    rows.map((row) => row.times),
    rows.map((row) => row.status),
    rows.map((row) => row.reason),
    instants(rows.map((row) => row.sinceEpochMs)),
    instants(rows.map((row) => row.askedEpochMs)),
    instants(rows.map((row) => row.nextAskEpochMs)),
    instants(rows.map((row) => row.reportedEpochMs)),
    account,
  ]);
}

/** What a person is told of a refusal; holds the numbers of the customer and the metering point. */
export function describeRefusal({ customer, meteringPoint, sinceEpochMs, nextAskEpochMs }: AccessRefusalRow) {
  const day = (epochMs: number) => new Date(epochMs).toLocaleDateString("sv-SE", { timeZone: ZONE });
  const what = meteringPoint === null ? `customer ${customer}` : `metering point ${meteringPoint}`;
  return {
    message: `Caruna+ has not shown ${what} to this account since ${day(sinceEpochMs)}; it is asked for again on ${day(nextAskEpochMs)}.`,
    nextStep:
      "See whether plus.caruna.fi shows it. If you no longer represent this customer, set CARUNA_CUSTOMERS to own, or to the numbers that you want.",
  };
}
