import { z } from "zod";
import type { SumsOfOthers } from "../energy/index.js";
import { ZONE } from "../shared/local-day.js";
import type { Session } from "./connection/connection-pool.js";
import { instants } from "./hours/arrays.js";

const SPANS = ["day", "month", "year"] as const;
export type PeriodSpan = (typeof SPANS)[number];

/** A row of `metering_point_period`. Times are milliseconds since the epoch. */
export interface PeriodRow {
  readonly meteringPointId: string;
  readonly span: PeriodSpan;
  /** First local day (Europe/Helsinki) of the period, e.g. "2026-11-22". */
  readonly startsOn: string;
  /** When it is to be asked for next; `null`: nothing is due. */
  readonly nextAskEpochMs: number | null;
  readonly askedEpochMs: number | null;
  /** How often in a row it was asked for without becoming complete. */
  readonly timesAsked: number;
  /** Caruna+'s total when last compared, kWh. */
  readonly kwhTold: number | null;
  /** The sum of the stored hours when last compared, kWh. */
  readonly kwhStored: number | null;
  readonly verifiedEpochMs: number | null;
  /** When a day was read for the last time without a reason to. */
  readonly settledEpochMs: number | null;
  /** Found by the first look back: it waits behind everything else. */
  readonly isHistory: boolean;
  /** Digest of what the monthly answer last reported of a day; `null`: no monthly answer has. */
  readonly reported: string | null;
  /** How many times in a row a day was read because that had changed. */
  readonly timesReported: number;
}

/** Which rows of `metering_point_period`. */
export interface PeriodQuery {
  readonly meteringPointIds: readonly string[];
  readonly span: PeriodSpan;
  /** First and last `startsOn`, both included, e.g. "2026-11-22". */
  readonly from: string;
  readonly to: string;
}

/** Which rows of `metering_point_period` that are due. */
export interface DueQuery {
  readonly meteringPointIds: readonly string[];
  readonly nowEpochMs: number;
  /**
   * For each of the metering points the first local day of which the backfill's periods count, e.g. "2026-11-22"; `null`:
   * none do. Without this all do.
   */
  readonly backfillFrom?: readonly (string | null)[] | undefined;
  /** How many at most. */
  readonly limit: number;
}

/** What of a local day or month is stored. */
export interface StoredSumRow {
  /** Its first local day, e.g. "2026-11-22". */
  readonly startsOn: string;
  /** Hours that have a total, or production alone; a row that starts at no full hour is none. */
  readonly hours: number;
  /** kWh. */
  readonly kwhTotal: number;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  /** The sums of the other values, in the units of their columns; the temperature is a mean. `null`: no hour has one. */
  readonly others?: SumsOfOthers | undefined;
  /** Hours that have a total and no fee. */
  readonly hoursWithoutFee?: number | undefined;
}

/** The sums of a local day of a metering point. */
export interface DaySum extends StoredSumRow {
  readonly meteringPointId: string;
}

/** A row that was asked for further in the future than this was asked for by a clock that was wrong. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

const epochMs = (column: string) => `round(extract(epoch FROM ${column}) * 1000)::float8`;
const READ = `
  SELECT metering_point AS "meteringPointId", span, to_char(starts_on, 'YYYY-MM-DD') AS "startsOn",
    ${epochMs("next_ask_at")} AS "nextAskEpochMs", ${epochMs("asked_at")} AS "askedEpochMs", times_asked AS "timesAsked",
    kwh_told AS "kwhTold", kwh_stored AS "kwhStored", ${epochMs("verified_at")} AS "verifiedEpochMs",
    ${epochMs("settled_at")} AS "settledEpochMs", is_history AS "isHistory",
    reported, times_reported AS "timesReported"
  FROM public.metering_point_period`;
const LAST_DAY = `CASE span WHEN 'day' THEN starts_on
  ELSE (starts_on + CASE span WHEN 'month' THEN interval '1 month' ELSE interval '1 year' END)::date - 1 END`;
const READ_DUE = `${READ} JOIN unnest($3::text[], $5::text[]) AS point (id, backfill_from) ON metering_point = point.id
  WHERE (next_ask_at <= to_timestamp($1::float8) OR asked_at > to_timestamp($2::float8))
    AND (NOT is_history OR ${LAST_DAY} >= backfill_from::date)
  ORDER BY is_history, array_position(ARRAY['day', 'month', 'year'], span), starts_on DESC, metering_point
  LIMIT $4`;
const READ_BETWEEN = `${READ}
  WHERE metering_point = ANY($1::text[]) AND span = $2 AND starts_on BETWEEN $3::date AND $4::date
  ORDER BY metering_point, starts_on`;
const COLUMNS =
  "next_ask_at, asked_at, times_asked, kwh_told, kwh_stored, verified_at, settled_at, reported, times_reported, is_history".split(
    ", ",
  );
const SAVE = `
  INSERT INTO public.metering_point_period (metering_point, span, starts_on, ${COLUMNS.join(", ")})
  SELECT metering_point, span, starts_on::date, ${COLUMNS.slice(0, -1).join(", ")}, is_history::boolean
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int4[], $7::float8[],
    $8::float8[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::int4[], $13::int4[])
    AS period (metering_point, span, starts_on, ${COLUMNS.join(", ")})
  ON CONFLICT (metering_point, span, starts_on) DO UPDATE
    SET ${COLUMNS.map((column) => `${column} = EXCLUDED.${column}`).join(", ")}`;

const nullableNumber = z.number().nullable();
const periodRow = z.object({
  meteringPointId: z.string(),
  span: z.enum(SPANS),
  startsOn: z.string(),
  nextAskEpochMs: nullableNumber,
  askedEpochMs: nullableNumber,
  timesAsked: z.number(),
  kwhTold: nullableNumber,
  kwhStored: nullableNumber,
  verifiedEpochMs: nullableNumber,
  settledEpochMs: nullableNumber,
  isHistory: z.boolean(),
  reported: z.string().nullable(),
  timesReported: z.number(),
});

/** As `SyncStore.duePeriods` says. */
export async function readDuePeriods(
  session: Session,
  { meteringPointIds, nowEpochMs, backfillFrom, limit }: DueQuery,
): Promise<PeriodRow[]> {
  const values = [
    ...[nowEpochMs / 1000, (nowEpochMs + CLOCK_TOLERANCE_MS) / 1000, meteringPointIds, limit],
    backfillFrom ?? meteringPointIds.map(() => "-infinity"),
  ];
  return await session.query(periodRow, READ_DUE, values);
}

/** As `SyncStore.periods` says. */
export async function readPeriods(
  session: Session,
  { meteringPointIds, span, from, to }: PeriodQuery,
): Promise<PeriodRow[]> {
  return await session.query(periodRow, READ_BETWEEN, [meteringPointIds, span, from, to]);
}

/** Remembers rows as they are given, in a transaction of the caller's. Of two rows of one period the later counts. */
export async function writePeriods(session: Session, rows: readonly PeriodRow[]): Promise<void> {
  if (rows.length === 0) return;
  const distinct = [
    ...new Map(rows.map((row) => [`${row.span} ${row.startsOn} ${row.meteringPointId}`, row])).values(),
  ];
  await session.execute(SAVE, [
    distinct.map((row) => row.meteringPointId),
    distinct.map((row) => row.span),
    distinct.map((row) => row.startsOn),
    instants(distinct.map((row) => row.nextAskEpochMs)),
    instants(distinct.map((row) => row.askedEpochMs)),
    distinct.map((row) => row.timesAsked),
    distinct.map((row) => row.kwhTold),
    distinct.map((row) => row.kwhStored),
    instants(distinct.map((row) => row.verifiedEpochMs)),
    instants(distinct.map((row) => row.settledEpochMs)),
    distinct.map((row) => row.reported),
    distinct.map((row) => row.timesReported),
    distinct.map((row) => (row.isHistory ? 1 : 0)),
  ]);
}

const sumRow = z
  .object({
    startsOn: z.string(),
    hours: z.number(),
    kwhTotal: z.number(),
    kwhDay: nullableNumber,
    kwhNight: nullableNumber,
    kwhNightWinter: nullableNumber,
    hoursWithoutFee: z.number(),
    kwhInvoiced: nullableNumber,
    kwhProduction: nullableNumber,
    kwhSold: nullableNumber,
    kwhCompensated: nullableNumber,
    temperatureCelsius: nullableNumber,
    eurTotal: nullableNumber,
    eurDistribution: nullableNumber,
    eurBase: nullableNumber,
    eurTax: nullableNumber,
    eurVat: nullableNumber,
  })
  .transform(({ startsOn, hours, kwhTotal, kwhDay, kwhNight, kwhNightWinter, hoursWithoutFee, ...others }) => ({
    ...{ startsOn, hours, kwhTotal, kwhDay, kwhNight, kwhNightWinter, hoursWithoutFee, others },
  }));

const LOCAL_DAY = `(datetime AT TIME ZONE '${ZONE}')::date`;
const LOCAL_MONTH = `date_trunc('month', datetime AT TIME ZONE '${ZONE}')::date`;
/** From the first local day to the last, as instants, so that the primary key serves. An hour may have production alone. */
const sumsBy = (period: string) => `
  SELECT to_char(${period}, 'YYYY-MM-DD') AS "startsOn",
    (count(*) FILTER (WHERE datetime = date_trunc('hour', datetime, 'UTC')))::float8 AS hours,
    COALESCE(sum(kwh_total::float8), 0) AS "kwhTotal",
    sum(kwh_day::float8) AS "kwhDay", sum(kwh_night::float8) AS "kwhNight", sum(kwh_night_winter::float8) AS "kwhNightWinter",
    (count(*) FILTER (WHERE eur_total IS NULL))::float8 AS "hoursWithoutFee",
    sum(kwh_invoiced::float8) AS "kwhInvoiced", sum(kwh_production::float8) AS "kwhProduction", sum(kwh_sold::float8) AS "kwhSold",
    sum(kwh_compensated::float8) AS "kwhCompensated", avg(temperature_celsius::float8) AS "temperatureCelsius",
    sum(eur_total::float8) AS "eurTotal", sum(eur_distribution::float8) AS "eurDistribution", sum(eur_base::float8) AS "eurBase",
    sum(eur_tax::float8) AS "eurTax", sum(eur_vat::float8) AS "eurVat"
  FROM public.metering_point_hourly
  WHERE metering_point = $1 AND (kwh_total IS NOT NULL OR kwh_production IS NOT NULL)
    AND datetime >= $2::date::timestamp AT TIME ZONE '${ZONE}'
    AND datetime < ($3::date + 1)::timestamp AT TIME ZONE '${ZONE}'
  GROUP BY ${period} ORDER BY ${period}`;

/** As `SyncStore.sumsByDay` says. */
export async function readSumsByDay(
  session: Session,
  meteringPointId: string,
  fromDay: string,
  toDay: string,
): Promise<StoredSumRow[]> {
  return await session.query(sumRow, sumsBy(LOCAL_DAY), [meteringPointId, fromDay, toDay]);
}

/** Days that lie further apart than this are read by statements of their own. */
const LONGEST_GAP_DAYS = 31;

/** The sums of those local days, without the days that have no hours. */
export async function readSumsOfDays(
  session: Session,
  meteringPointId: string,
  days: readonly string[],
): Promise<DaySum[]> {
  const sums: DaySum[] = [];
  for (const { from, to } of stretches([...days].sort())) {
    const rows = await readSumsByDay(session, meteringPointId, from, to);
    for (const row of rows) if (days.includes(row.startsOn)) sums.push({ ...row, meteringPointId });
  }
  return sums;
}

/** @param days earliest first. */
function stretches(days: readonly string[]): { from: string; to: string }[] {
  const found: { from: string; to: string }[] = [];
  for (const day of days) {
    const last = found.at(-1);
    if (last !== undefined && Date.parse(day) - Date.parse(last.to) <= LONGEST_GAP_DAYS * 86_400_000) last.to = day;
    else found.push({ from: day, to: day });
  }
  return found;
}

/** As `SyncStore.sumsByMonth` says. */
export async function readSumsByMonth(
  session: Session,
  meteringPointId: string,
  fromDay: string,
  toDay: string,
): Promise<StoredSumRow[]> {
  return await session.query(sumRow, sumsBy(LOCAL_MONTH), [meteringPointId, fromDay, toDay]);
}

/**
 * Days between two that were never asked for: there is no row of them. Without one for a whole month the month says which
 * of its days Caruna+ has.
 */
const READ_NEVER_ASKED = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day
  FROM generate_series($2::date::timestamp, $3::date::timestamp, interval '1 day') AS day
  WHERE NOT EXISTS (
    SELECT FROM public.metering_point_period
    WHERE metering_point = $1 AND span = 'day' AND starts_on = day::date
  )
  ORDER BY day`;
const dayRow = z.object({ day: z.string() });

/** As `SyncStore.daysNeverAsked` says. */
export async function readDaysNeverAsked(
  session: Session,
  meteringPointId: string,
  fromDay: string,
  toDay: string,
): Promise<string[]> {
  const rows = await session.query(dayRow, READ_NEVER_ASKED, [meteringPointId, fromDay, toDay]);
  return rows.map(({ day }) => day);
}
