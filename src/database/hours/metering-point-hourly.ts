import { z } from "zod";
import type { Session } from "../connection/connection-pool.js";
import { DatabaseHoursHidden } from "../connection/errors.js";
import { float8Array, instantArray, int4Array, textArray } from "./binary-arrays.js";
import { type HourToStore, hourRow, type UpsertCounts } from "./energy-hourly.js";
import { isSameMeteredHour, type MeteredHourValues, mergeMeteredHour } from "./hour-values.js";
import { runsOf } from "./runs.js";

/** A row of `metering_point_hourly`. */
export interface StoredMeteredHour extends MeteredHourValues {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
}

/** An hour of a metering point that had other values before. */
export interface MeteredHourChange {
  readonly meteringPointId: string;
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
  readonly before: MeteredHourValues;
  readonly after: MeteredHourValues;
}

export interface MeteredHoursWritten extends UpsertCounts {
  /** The changed hours of one metering point, earliest first. */
  readonly changes: readonly MeteredHourChange[];
  /** All hours as `energy_hourly` is to be told of them. */
  readonly hours: readonly HourToStore[];
}

type NumberField = {
  [Name in keyof MeteredHourValues]: MeteredHourValues[Name] extends number | null ? Name : never;
}[keyof MeteredHourValues];

/** The columns of float8, by the field that each holds. */
const NUMBERS: readonly (readonly [column: string, field: Exclude<NumberField, "status">])[] = [
  ["kwh_total", "kwhTotal"],
  ["kwh_day", "kwhDay"],
  ["kwh_night", "kwhNight"],
  ["kwh_night_winter", "kwhNightWinter"],
  ["kwh_invoiced", "kwhInvoiced"],
  ["kwh_production", "kwhProduction"],
  ["kwh_sold", "kwhSold"],
  ["kwh_compensated", "kwhCompensated"],
  ["temperature_celsius", "temperatureCelsius"],
  ["eur_total", "eurTotal"],
  ["eur_distribution", "eurDistribution"],
  ["eur_base", "eurBase"],
  ["eur_tax", "eurTax"],
  ["eur_vat", "eurVat"],
];
const NUMBER_COLUMNS = NUMBERS.map(([column]) => column);
const COLUMNS = [...NUMBER_COLUMNS, "tariff", "status", "parts", "split_source"];
const NAMES = COLUMNS.join(", ");

const ARRAYS = NUMBERS.map((_, index) => `$${index + 3}::float8[]`).join(", ");
const AFTER_NUMBERS = NUMBERS.length + 3;
/**
 * A plain INSERT, so that TimescaleDB and Citus can do it too. The rows that are new go in by the first of the two, those
 * that become others by the second, which writes none that is just so.
 */
const INSERT = `
  INSERT INTO public.metering_point_hourly AS stored (metering_point, datetime, ${NAMES})
  SELECT $1::text, datetime, ${NUMBER_COLUMNS.join(", ")}, tariff, status, parts::jsonb, split_source
  FROM unnest($2::timestamptz[], ${ARRAYS}, $${AFTER_NUMBERS}::text[], $${AFTER_NUMBERS + 1}::int4[],
    $${AFTER_NUMBERS + 2}::text[], $${AFTER_NUMBERS + 3}::text[]) AS reading (datetime, ${NAMES})
  ON CONFLICT (metering_point, datetime)`;
const INSERT_NEW = `${INSERT} DO NOTHING`;
const REPLACE = `${INSERT} DO UPDATE
  SET ${COLUMNS.map((column) => `${column} = EXCLUDED.${column}`).join(", ")}, updated_at = now()
  WHERE (${COLUMNS.map((column) => `stored.${column}`).join(", ")})
    IS DISTINCT FROM (${COLUMNS.map((column) => `EXCLUDED.${column}`).join(", ")})
  RETURNING extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs"`;
const READ = `
  SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs",
    ${NUMBERS.map(([column, field]) => `${column} AS "${field}"`).join(", ")},
    tariff, status, parts, split_source AS "splitSource"
  FROM public.metering_point_hourly
  WHERE metering_point = $1 AND datetime >= to_timestamp($2::float8) AND datetime < to_timestamp($3::float8)
  ORDER BY datetime
  LIMIT $4::int`;

const nullableNumber = z.number().nullable();
const meteredHourRow = hourRow.extend({
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
  status: nullableNumber,
  parts: z.record(z.string(), z.number()).nullable(),
  splitSource: z.enum(["caruna", "calendar"]).nullable(),
});
const startRow = z.object({ startEpochMs: z.number() });

/**
 * The stored hours of a metering point that begin at or after `startEpochMs` and before `endEpochMs` (either may be
 * infinite), earliest first; the first `most` of them where that is given.
 */
export async function readMeteredHours(
  session: Session,
  meteringPointId: string,
  startEpochMs: number,
  endEpochMs: number,
  most: number | null = null,
): Promise<StoredMeteredHour[]> {
  const values = [meteringPointId, startEpochMs / 1000, endEpochMs / 1000, most];
  return await session.query(meteredHourRow, READ, values);
}

/**
 * Stores hours of one metering point in a transaction of the caller's, who holds the lease. What is there is read first,
 * and only what is new or becomes another is written.
 *
 * @param hours earliest first, each once.
 */
export async function writeMeteredHours(
  session: Session,
  meteringPointId: string,
  hours: readonly StoredMeteredHour[],
): Promise<MeteredHoursWritten> {
  const first = compare(meteringPointId, await readStored(session, meteringPointId, hours), hours);
  const inserted = await insert(session, meteringPointId, first.fresh);
  const changes = await replace(session, meteringPointId, first.changes);
  if (inserted < first.fresh.length) {
    // Somebody who knows of no lease has made some of them meanwhile; now they can be seen.
    const late = compare(meteringPointId, await readStored(session, meteringPointId, first.fresh), first.fresh);
    if (late.fresh.length > 0) throw new DatabaseHoursHidden("public.metering_point_hourly", late.fresh.length);
    changes.push(...(await replace(session, meteringPointId, late.changes)));
    changes.sort((one, other) => one.startEpochMs - other.startEpochMs);
  }
  const unchanged = hours.length - inserted - changes.length;
  return { inserted, changed: changes.length, unchanged, changes, hours: first.told };
}

async function readStored(session: Session, meteringPointId: string, hours: readonly StoredMeteredHour[]) {
  const stored = new Map<number, StoredMeteredHour>();
  for (const { startEpochMs, endEpochMs } of runsOf(hours)) {
    for (const hour of await readMeteredHours(session, meteringPointId, startEpochMs, endEpochMs)) {
      stored.set(hour.startEpochMs, hour);
    }
  }
  return stored;
}

/**
 * What is not there yet, what would become another, and the hours as `energy_hourly` is to be told of them: as they came,
 * but where Caruna+'s own split stands against the calendar's.
 */
function compare(
  meteringPointId: string,
  stored: ReadonlyMap<number, StoredMeteredHour>,
  hours: readonly StoredMeteredHour[],
) {
  const fresh: StoredMeteredHour[] = [];
  const changes: MeteredHourChange[] = [];
  const told: HourToStore[] = [];
  for (const hour of hours) {
    const row = stored.get(hour.startEpochMs);
    if (row === undefined || isSameMeteredHour(row, hour)) {
      if (row === undefined) fresh.push(hour);
      told.push(hour);
      continue;
    }
    const { startEpochMs, ...before } = row;
    const { values: after, superseded } = mergeMeteredHour(before, hour);
    told.push({ ...after, startEpochMs, superseded });
    if (!isSameMeteredHour(before, after)) changes.push({ meteringPointId, startEpochMs, before, after });
  }
  return { fresh, changes, told };
}

async function insert(session: Session, meteringPointId: string, hours: readonly StoredMeteredHour[]): Promise<number> {
  return hours.length === 0 ? 0 : await session.execute(INSERT_NEW, columnsOf(meteringPointId, hours));
}

/** @returns the changes that were written. */
async function replace(
  session: Session,
  meteringPointId: string,
  changes: readonly MeteredHourChange[],
): Promise<MeteredHourChange[]> {
  if (changes.length === 0) return [];
  const hours = changes.map(({ startEpochMs, after }) => ({ startEpochMs, ...after }));
  const written = await session.query(startRow, REPLACE, columnsOf(meteringPointId, hours));
  const starts = new Set(written.map(({ startEpochMs }) => startEpochMs));
  return changes.filter(({ startEpochMs }) => starts.has(startEpochMs));
}

function columnsOf(meteringPointId: string, hours: readonly StoredMeteredHour[]): unknown[] {
  return [
    meteringPointId,
    instantArray(hours.map((hour) => hour.startEpochMs)),
    ...NUMBERS.map(([, field]) => float8Array(hours.map((hour) => hour[field]))),
    textArray(hours.map((hour) => hour.tariff)),
    int4Array(hours.map((hour) => hour.status)),
    textArray(hours.map((hour) => (hour.parts === null ? null : JSON.stringify(hour.parts)))),
    textArray(hours.map((hour) => hour.splitSource)),
  ];
}
