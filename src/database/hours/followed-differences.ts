import { z } from "zod";
import { ZONE } from "../../shared/local-day.js";
import type { Session } from "../connection/connection-pool.js";
import { ENERGY_COLUMNS, mirroredHour, wouldStoreOther } from "./merge.js";

/** How `energy_hourly` differs on a local day from the hours of the metering point that it follows. */
export interface FollowedDifference {
  /** Local day (Europe/Helsinki), e.g. "2026-11-22". */
  readonly day: string;
  /** Hours of the metering point that `energy_hourly` does not have. */
  readonly missingHours: number;
  /** Hours whose total, or a part that the metering point has, is another. */
  readonly otherHours: number;
  /** Rows of `energy_hourly` that the metering point has no hour for: an old program's, say. */
  readonly extraHours: number;
}

const dayRow = z.object({
  day: z.string(),
  missingHours: z.number(),
  otherHours: z.number(),
  extraHours: z.number(),
});

const VALUES = `datetime, ${ENERGY_COLUMNS.join(", ")}`;
const WITHIN = "datetime >= to_timestamp($2::float8) AND datetime < to_timestamp($3::float8)";
const READ = `
  WITH hour AS MATERIALIZED (
    SELECT ${VALUES}, true AS is_there FROM public.metering_point_hourly WHERE metering_point = $1 AND ${WITHIN}
  )
  SELECT to_char((datetime AT TIME ZONE '${ZONE}')::date, 'YYYY-MM-DD') AS day,
    (count(*) FILTER (WHERE is_missing))::float8 AS "missingHours",
    (count(*) FILTER (WHERE NOT is_missing AND NOT is_extra))::float8 AS "otherHours",
    (count(*) FILTER (WHERE is_extra))::float8 AS "extraHours"
  FROM (
    SELECT datetime, mirrored.is_there IS NULL AS is_missing, hour.is_there IS NULL AS is_extra,
      ${wouldStoreOther("public.energy_hourly", ENERGY_COLUMNS, "mirrored", mirroredHour("mirrored", "hour"))} AS is_other
    FROM (
      SELECT ${VALUES}, true AS is_there FROM public.energy_hourly WHERE ${WITHIN} AND isfinite(datetime)
    ) AS mirrored
    FULL JOIN hour USING (datetime)
  ) AS compared
  WHERE is_missing OR is_extra OR is_other
  GROUP BY 1 ORDER BY 1`;

/** As `SyncStore.followedDifferences` says. */
export async function readFollowedDifferences(
  session: Session,
  meteringPointId: string,
  startEpochMs: number,
  endEpochMs: number,
): Promise<FollowedDifference[]> {
  return await session.query(dayRow, READ, [meteringPointId, startEpochMs / 1000, endEpochMs / 1000]);
}
