import { z } from "zod";
import type { Session } from "./connection/connection-pool.js";
import { readFollowed } from "./hours/follow.js";
import { readSumsByDay, type StoredSumRow } from "./periods.js";

/** A stretch of hours that are not there, between two that are. */
export interface Gap {
  /** Start of the first hour that is missing, milliseconds since the epoch. */
  readonly startEpochMs: number;
  /** Start of the next hour that is there. */
  readonly endEpochMs: number;
}

/** What there is of a metering point. Times are milliseconds since the epoch. */
export interface MeteringPointStatus {
  readonly id: string;
  /** Distribution product in Caruna's words. */
  readonly product: string | null;
  /** Last local day of its contract, e.g. "2026-11-22"; `null`: open-ended or not known. */
  readonly contractTo: string | null;
  /** Whether `energy_hourly` follows it. */
  readonly isFollowed: boolean;
  readonly hours: number;
  /** Start of its first and of its newest stored hour; `null`: it has none. */
  readonly oldestHourEpochMs: number | null;
  readonly newestHourEpochMs: number | null;
  /** Newest first. */
  readonly gaps: readonly Gap[];
  /** When totals of Caruna+ and the stored hours were last found to agree, or accepted as they are; `null`: never yet. */
  readonly verifiedEpochMs: number | null;
  /** When Caruna+ is asked for something next, the look back aside; `null`: nothing is due. */
  readonly nextAskEpochMs: number | null;
  /** What the look back still waits to ask for: days that are known, months and years that may hold more. */
  readonly lookBack: { readonly days: number; readonly months: number; readonly years: number };
  /** The local days asked for that have hours, earliest first. */
  readonly days: readonly StoredSumRow[];
}

export interface StatusQuery {
  readonly nowEpochMs: number;
  /** First and last local day whose sums are told, both included, e.g. "2026-11-01". */
  readonly fromDay: string;
  readonly toDay: string;
}

const epochMs = (value: string) => `(round(extract(epoch FROM ${value}) * 1000))::float8`;

const POINTS = `
  SELECT id, product, to_char(contract_to, 'YYYY-MM-DD') AS "contractTo"
  FROM public.metering_point ORDER BY id`;
const HOURS = `
  SELECT count(*)::float8 AS hours, ${epochMs("min(datetime)")} AS "oldestHourEpochMs",
    ${epochMs("max(datetime)")} AS "newestHourEpochMs"
  FROM public.metering_point_hourly WHERE metering_point = $1 AND kwh_total IS NOT NULL AND isfinite(datetime)`;
const GAPS = `
  SELECT ${epochMs("datetime + interval '1 hour'")} AS "startEpochMs", ${epochMs("next")} AS "endEpochMs"
  FROM (
    SELECT datetime, lead(datetime) OVER (ORDER BY datetime) AS next
    FROM public.metering_point_hourly WHERE metering_point = $1 AND kwh_total IS NOT NULL AND isfinite(datetime)
  ) AS hour
  WHERE next > datetime + interval '1 hour'
  ORDER BY datetime DESC`;
/** Due by the look back; what it has found and read comes up later again like any other period. */
const IS_WAITING = "COALESCE(is_history AND next_ask_at <= to_timestamp($2::float8), false)";
const waiting = (span: string) => `(count(*) FILTER (WHERE ${IS_WAITING} AND span = '${span}'))::float8`;
const PERIODS = `
  SELECT ${epochMs("max(verified_at)")} AS "verifiedEpochMs",
    ${epochMs(`min(next_ask_at) FILTER (WHERE NOT ${IS_WAITING})`)} AS "nextAskEpochMs",
    ${waiting("day")} AS days, ${waiting("month")} AS months, ${waiting("year")} AS years
  FROM public.metering_point_period WHERE metering_point = $1`;

const nullableNumber = z.number().nullable();
const pointRow = z.object({ id: z.string(), product: z.string().nullable(), contractTo: z.string().nullable() });
const hoursRow = z.object({
  hours: z.number(),
  oldestHourEpochMs: nullableNumber,
  newestHourEpochMs: nullableNumber,
});
const gapRow = z.object({ startEpochMs: z.number(), endEpochMs: z.number() });
const periodsRow = z.object({
  verifiedEpochMs: nullableNumber,
  nextAskEpochMs: nullableNumber,
  days: z.number(),
  months: z.number(),
  years: z.number(),
});

/** As `SyncStore.status` says. */
export async function readStatus(
  session: Session,
  { nowEpochMs, fromDay, toDay }: StatusQuery,
): Promise<MeteringPointStatus[]> {
  const followed = await readFollowed(session);
  const status: MeteringPointStatus[] = [];
  for (const point of await session.query(pointRow, POINTS)) {
    const [hours] = await session.query(hoursRow, HOURS, [point.id]);
    const [periods] = await session.query(periodsRow, PERIODS, [point.id, nowEpochMs / 1000]);
    const { days, months, years, ...asked } = periodsRow.parse(periods);
    status.push({
      ...point,
      isFollowed: point.id === followed,
      ...hoursRow.parse(hours),
      gaps: await session.query(gapRow, GAPS, [point.id]),
      ...asked,
      lookBack: { days, months, years },
      days: await readSumsByDay(session, point.id, fromDay, toDay),
    });
  }
  return status;
}
