import { z } from "zod";
import { ZONE } from "../../shared/local-day.js";
import type { Session } from "../connection/connection-pool.js";

const STEPS = ["hour", "day", "month", "year"] as const;
/** Local hours, days, months or years (Europe/Helsinki). */
export type SeriesStep = (typeof STEPS)[number];

export interface SeriesQuery {
  readonly meteringPointId: string;
  readonly by: SeriesStep;
  /** First and last local day, both included, e.g. "2026-11-22"; `undefined`: from the first stored hour, to the newest one. */
  readonly fromDay: string | undefined;
  readonly toDay: string | undefined;
}

/** What of a local period is stored; `null`: no hour has that value. */
export interface SeriesRow {
  /** Start of the period, whole seconds since the epoch. */
  readonly start: number;
  readonly kwhTotal: number | null;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly kwhProduction: number | null;
  /** Mean outdoor temperature, degrees Celsius. */
  readonly celsius: number | null;
  readonly eurTotal: number | null;
  /** Hours with a total. */
  readonly hours: number;
  /** Hours that the period has on a wall clock, as far as it lies within the days asked for. */
  readonly hoursExpected: number;
}

const SUMS = `sum(kwh_total::float8) AS "kwhTotal", sum(kwh_day::float8) AS "kwhDay", sum(kwh_night::float8) AS "kwhNight",
  sum(kwh_night_winter::float8) AS "kwhNightWinter", sum(kwh_production::float8) AS "kwhProduction",
  avg(temperature_celsius::float8) AS celsius, sum(eur_total::float8) AS "eurTotal", count(kwh_total)::float8 AS hours`;
const VALUES = `kwh_total::float8 AS "kwhTotal", kwh_day::float8 AS "kwhDay", kwh_night::float8 AS "kwhNight",
  kwh_night_winter::float8 AS "kwhNightWinter", kwh_production::float8 AS "kwhProduction",
  temperature_celsius::float8 AS celsius, eur_total::float8 AS "eurTotal"`;

const local = (instant: string) => `(${instant} AT TIME ZONE '${ZONE}')`;
/** Midnight before the first day asked for and after the last, in parameters `$2` and `$3`, in seconds since the epoch. */
const EDGES = ["to_timestamp($2::float8)", "to_timestamp($3::float8)"] as const;
/** The first and the last stored hour within them, in `$4` and `$5`. */
const HOURS = ["to_timestamp($4::float8)", "to_timestamp($5::float8)"] as const;

/** Both ends of the primary key, as far as they lie within the days asked for. */
const REACH = `
  SELECT extract(epoch FROM edge.from_instant)::float8 AS "from", extract(epoch FROM edge.to_instant)::float8 AS "to",
    extract(epoch FROM greatest(edge.from_instant, stored.first))::float8 AS first,
    extract(epoch FROM least(edge.to_instant - interval '1 second', stored.last))::float8 AS last
  FROM (SELECT ${local("COALESCE($2::date, '0001-01-01')::timestamp")} AS from_instant,
    ${local("(COALESCE($3::date, '9999-12-30') + 1)::timestamp")} AS to_instant) AS edge
  CROSS JOIN (
    SELECT min(datetime) AS first, max(datetime) AS last
    FROM public.metering_point_hourly
    WHERE metering_point = $1 AND kwh_total IS NOT NULL AND isfinite(datetime)
  ) AS stored`;

const BY_HOUR = `
  SELECT extract(epoch FROM hour)::float8 AS start, ${VALUES},
    CASE WHEN kwh_total IS NULL THEN 0 ELSE 1 END AS hours, 1 AS "hoursExpected"
  FROM generate_series(date_trunc('hour', ${HOURS[0]}, 'UTC'), ${HOURS[1]}, interval '1 hour') AS hour
  LEFT JOIN (
    SELECT * FROM public.metering_point_hourly
    WHERE metering_point = $1 AND datetime >= ${EDGES[0]} AND datetime < ${EDGES[1]}
  ) AS stored ON stored.datetime = hour
  ORDER BY hour`;

/**
 * One short scan of the primary key for each period: no row's time has to be turned into a local one, none is sorted, and
 * none looks for its period in a table. `OFFSET 0` keeps PostgreSQL from working out the bounds of a period each time that
 * they are mentioned.
 */
const byPeriod = (step: Exclude<SeriesStep, "hour">) => `
  SELECT date_part('epoch', period.starts) AS start, sums.*,
    date_part('epoch', period.until_instant - period.from_instant) / 3600 AS "hoursExpected"
  FROM (
    SELECT ${local("day")} AS starts, greatest(${local("day")}, ${EDGES[0]}) AS from_instant,
      least(${local(`(day + interval '1 ${step}')`)}, ${EDGES[1]}) AS until_instant
    FROM generate_series(date_trunc('${step}', ${local(HOURS[0])}), ${local(HOURS[1])}, interval '1 ${step}') AS day
    OFFSET 0
  ) AS period
  CROSS JOIN LATERAL (
    SELECT ${SUMS} FROM public.metering_point_hourly
    WHERE metering_point = $1 AND datetime >= period.from_instant AND datetime < period.until_instant
  ) AS sums
  ORDER BY period.starts`;

const STATEMENTS: Readonly<Record<SeriesStep, string>> = {
  hour: BY_HOUR,
  day: byPeriod("day"),
  month: byPeriod("month"),
  year: byPeriod("year"),
};

const nullableNumber = z.number().nullable();
const reachRow = z.object({ from: z.number(), to: z.number(), first: nullableNumber, last: nullableNumber });
const seriesRow = z.object({
  start: z.number(),
  kwhTotal: nullableNumber,
  kwhDay: nullableNumber,
  kwhNight: nullableNumber,
  kwhNightWinter: nullableNumber,
  kwhProduction: nullableNumber,
  celsius: nullableNumber,
  eurTotal: nullableNumber,
  hours: z.number(),
  hoursExpected: z.number(),
});

/** As `HistoryStore.series` says. */
export async function readSeries(session: Session, query: SeriesQuery): Promise<SeriesRow[]> {
  const { meteringPointId, by, fromDay, toDay } = query;
  const [reach] = await session.query(reachRow, REACH, [meteringPointId, fromDay ?? null, toDay ?? null]);
  const { from, to, first, last } = reachRow.parse(reach);
  if (first === null || last === null || first > last) return [];
  return await session.query(seriesRow, STATEMENTS[by], [meteringPointId, from, to, first, last]);
}
