import { z } from "zod";
import { ZONE } from "../../shared/local-day.js";
import type { Session } from "../connection/connection-pool.js";

/** How complete a local day is. */
export interface DayOfYear {
  /** e.g. "2026-11-22". */
  readonly day: string;
  /** Hours with a total. */
  readonly hours: number;
  /** Hours that the day has on a wall clock: 23, 24 or 25. */
  readonly expected: number;
  /** Whether it was found to agree with Caruna+'s total, or read for the last time without a reason to. */
  readonly isVerified: boolean;
}

const DAYS = `
  SELECT to_char(period.day, 'YYYY-MM-DD') AS day, stored.hours,
    (extract(epoch FROM period.ends - period.starts) / 3600)::float8 AS expected,
    COALESCE(remembered.is_verified, false) AS "isVerified"
  FROM (
    SELECT day, day AT TIME ZONE '${ZONE}' AS starts, (day + interval '1 day') AT TIME ZONE '${ZONE}' AS ends
    FROM generate_series(make_date($2::int4, 1, 1)::timestamp, make_date($2::int4, 12, 31)::timestamp, interval '1 day') AS day
  ) AS period
  LEFT JOIN (
    SELECT starts_on, verified_at IS NOT NULL OR settled_at IS NOT NULL AS is_verified
    FROM public.metering_point_period
    WHERE metering_point = $1 AND span = 'day' AND starts_on BETWEEN make_date($2::int4, 1, 1) AND make_date($2::int4, 12, 31)
  ) AS remembered ON remembered.starts_on = period.day::date
  CROSS JOIN LATERAL (
    SELECT count(kwh_total)::float8 AS hours FROM public.metering_point_hourly
    WHERE metering_point = $1 AND datetime >= period.starts AND datetime < period.ends
  ) AS stored
  ORDER BY period.day`;

const dayRow = z.object({ day: z.string(), hours: z.number(), expected: z.number(), isVerified: z.boolean() });

/** As `HistoryStore.daysOfYear` says. */
export async function readDaysOfYear(session: Session, meteringPointId: string, year: number): Promise<DayOfYear[]> {
  return await session.query(dayRow, DAYS, [meteringPointId, year]);
}
