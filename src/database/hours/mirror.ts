import { z } from "zod";
import type { Session } from "../connection/connection-pool.js";
import { DatabaseHoursHidden } from "../connection/errors.js";
import { becomesOther, ENERGY_COLUMNS, mirroredHour, wouldStoreOther } from "./merge.js";

/** Makes the transaction the only one of our programs that writes `energy_hourly`. The two numbers are arbitrary. */
export const ENERGY_HOURLY_LOCK = "SELECT pg_advisory_xact_lock(20479, 4)";

const NAMES = ENERGY_COLUMNS.join(", ");
/** The hours to mirror. A common table expression of its own, as Citus joins no distributed table with a local one. */
const HOURS = `
  hour AS MATERIALIZED (
    SELECT datetime, ${NAMES} FROM public.metering_point_hourly
    WHERE metering_point = $1 AND datetime >= $2::timestamptz AND datetime < $3::timestamptz
      AND isfinite(datetime)
  )`;
const MIRRORED = `
  hour LEFT JOIN (
    SELECT * FROM public.energy_hourly WHERE datetime >= $2::timestamptz AND datetime < $3::timestamptz
  ) AS mirrored USING (datetime)`;
/** An hour that is there just so is not touched at all: even a row that is only locked would be written. */
const project = (merged: (stored: string, hour: string) => string[]) => `
  WITH ${HOURS}, due AS MATERIALIZED (
    SELECT datetime, ${ENERGY_COLUMNS.map((column) => `hour.${column}`).join(", ")} FROM ${MIRRORED}
    WHERE mirrored.datetime IS NULL
      OR ${wouldStoreOther("public.energy_hourly", ENERGY_COLUMNS, "mirrored", merged("mirrored", "hour"))}
  ), written AS (
    INSERT INTO public.energy_hourly AS stored (datetime, ${NAMES})
    SELECT datetime, ${NAMES} FROM due ORDER BY datetime
    ON CONFLICT (datetime) DO UPDATE SET (${NAMES}) = ROW (${merged("stored", "EXCLUDED").join(", ")})
    WHERE ${becomesOther(ENERGY_COLUMNS, "stored", merged("stored", "EXCLUDED"))}
    RETURNING true
  )
  SELECT (SELECT count(*) FROM due)::float8 AS due, (SELECT count(*) FROM written)::float8 AS written`;
/** Rows of the same metering point, from before it was known whose they are, keep what the hour does not have. */
const PROJECT = project(mirroredHour);
/** Of another metering point nothing stays, NULL or not: two of them never mix in an hour. */
const REPLACE = project((_, hour) => ENERGY_COLUMNS.map((column) => `${hour}.${column}`));
const COUNT_MISSING = `
  WITH ${HOURS} SELECT count(*)::float8 AS missing FROM ${MIRRORED} WHERE mirrored.datetime IS NULL`;
const projectedRow = z.object({ due: z.number(), written: z.number() });
const missingRow = z.object({ missing: z.number() });

/** Hours that start at or after the first instant and before the second, as PostgreSQL writes them. */
export interface MirrorRange {
  readonly from: string;
  readonly to: string;
}

export const ALL_HOURS: MirrorRange = { from: "-infinity", to: "infinity" };

/**
 * Makes `energy_hourly` show the stored hours of a metering point, in a transaction of the caller's. Returns how many rows
 * were written; rows that are no hour of it stay.
 *
 * @param previous whose rows they are: this same metering point's (or unknown), or another one's.
 * @throws {DatabaseHoursHidden} where a row does not show after it was written.
 */
export async function mirrorHours(
  session: Session,
  meteringPointId: string,
  { from, to }: MirrorRange,
  previous: "same" | "another" = "same",
): Promise<number> {
  const values = [meteringPointId, from, to];
  await session.execute(ENERGY_HOURLY_LOCK);
  const [projected] = await session.query(projectedRow, previous === "same" ? PROJECT : REPLACE, values);
  const { due, written } = projectedRow.parse(projected);
  if (written < due) {
    const [counted] = await session.query(missingRow, COUNT_MISSING, values);
    const { missing } = missingRow.parse(counted);
    if (missing > 0) throw new DatabaseHoursHidden("public.energy_hourly", missing);
  }
  return written;
}
