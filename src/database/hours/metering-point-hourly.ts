import { z } from "zod";
import type { HourlyReading, MeteredHour } from "../../energy/index.js";
import type { Session } from "../connection/connection-pool.js";
import { DatabaseHoursHidden } from "../connection/errors.js";
import { instants, unquoted } from "./arrays.js";
import { hourRow } from "./energy-hourly.js";
import { becomesOther, keepsMore, mergedHour, wouldStoreOther } from "./merge.js";
import { runsOf } from "./runs.js";

/** The values of one row of `energy_hourly`; parts and total in kWh. `null`: not known. */
export interface HourValues {
  readonly kwhTotal: number | null;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly tariff: string | null;
}

/** Everything that `metering_point_hourly` holds of an hour beside its key; units as in its columns' names. */
export interface MeteredHourValues extends HourValues, Omit<MeteredHour, keyof HourlyReading> {}

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

/** What an upsert did, in hours. */
export interface UpsertCounts {
  /** Hours that the table did not have. */
  readonly inserted: number;
  /** Hours of which some value became another. */
  readonly changed: number;
  /** Hours that the table had just so; they are not written. */
  readonly unchanged: number;
}

export interface MeteredHoursWritten extends UpsertCounts {
  /** The changed hours of one metering point, earliest first. */
  readonly changes: readonly MeteredHourChange[];
}

/** An hour that is not stored as Caruna+ shows it. */
export interface HourDifference {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
  /** Missing: shown and not stored. Other: some value is not the one that is shown. Extra: it, or a value of it, is stored and not shown. */
  readonly what: "missing" | "other" | "extra";
  /** kWh; `null` where there is no such hour. */
  readonly kwhTold: number | null;
  readonly kwhStored: number | null;
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
const READINGS = `
  SELECT datetime, ${NUMBER_COLUMNS.join(", ")}, tariff, status, parts::jsonb AS parts, split_source
  FROM unnest($2::timestamptz[], ${ARRAYS}, $${AFTER_NUMBERS}::text[], $${AFTER_NUMBERS + 1}::int4[],
    $${AFTER_NUMBERS + 2}::text[], $${AFTER_NUMBERS + 3}::text[]) AS row (datetime, ${NAMES})`;
/** In its own common table expression, as Citus joins no distributed table with anything local. */
const storedHours = (condition: string) => `
  SELECT datetime, ${NAMES} FROM public.metering_point_hourly WHERE metering_point = $1 AND ${condition}`;
const IS_OTHER = wouldStoreOther(
  "public.metering_point_hourly",
  COLUMNS,
  "before",
  mergedHour(COLUMNS, "before", "reading"),
);
/**
 * Only what is new or becomes another is written: a row that is just so is not even locked. A row that somebody else makes
 * meanwhile is merged with all the same.
 */
const UPSERT = `
  WITH reading AS MATERIALIZED (${READINGS}),
    before AS MATERIALIZED (${storedHours("datetime = ANY($2::timestamptz[])")})
  INSERT INTO public.metering_point_hourly AS stored (metering_point, datetime, ${NAMES}, updated_at)
  SELECT $1::text, datetime, ${COLUMNS.map((column) => `reading.${column}`).join(", ")}, now()
  FROM reading LEFT JOIN before USING (datetime)
  WHERE before.datetime IS NULL OR ${IS_OTHER}
  ON CONFLICT (metering_point, datetime) DO UPDATE
  SET (${NAMES}, updated_at) = ROW (${mergedHour(COLUMNS, "stored", "EXCLUDED").join(", ")}, EXCLUDED.updated_at)
  WHERE ${becomesOther(COLUMNS, "stored", mergedHour(COLUMNS, "stored", "EXCLUDED"))}
  RETURNING extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs"`;
const COMPARE = `
  WITH reading AS MATERIALIZED (${READINGS}), before AS MATERIALIZED (
    ${storedHours(`datetime >= to_timestamp($${AFTER_NUMBERS + 4}::float8) AND datetime < to_timestamp($${AFTER_NUMBERS + 5}::float8)`)}
  )
  SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs",
    reading.kwh_total AS "kwhTold", before.kwh_total::float8 AS "kwhStored",
    CASE WHEN reading.datetime IS NULL THEN 'extra'
      WHEN before.datetime IS NULL OR before.kwh_total IS NULL AND reading.kwh_total IS NOT NULL THEN 'missing'
      WHEN ${IS_OTHER} THEN 'other' ELSE 'extra' END AS what
  FROM reading FULL JOIN before USING (datetime)
  WHERE reading.datetime IS NULL OR before.datetime IS NULL OR ${IS_OTHER} OR ${keepsMore(COLUMNS, "before", "reading")}
  ORDER BY datetime`;
const READ = `
  SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs",
    ${NUMBERS.map(([column, field]) => `${column}::float8 AS "${field}"`).join(", ")},
    tariff, status, parts, split_source AS "splitSource"
  FROM public.metering_point_hourly
  WHERE metering_point = $1 AND datetime >= to_timestamp($2::float8) AND datetime < to_timestamp($3::float8)
    AND isfinite(datetime)
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
const differenceRow = z.object({
  startEpochMs: z.number(),
  what: z.enum(["missing", "other", "extra"]),
  kwhTold: nullableNumber,
  kwhStored: nullableNumber,
});

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
 * Stores hours of one metering point in a transaction of the caller's, who holds the lease: the one writer of hours.
 *
 * @param hours earliest first, each once.
 * @throws {DatabaseHoursHidden} where a new hour does not show after it was written.
 */
export async function writeMeteredHours(
  session: Session,
  meteringPointId: string,
  hours: readonly StoredMeteredHour[],
): Promise<MeteredHoursWritten> {
  const before = await readStored(session, meteringPointId, hours);
  const rows = await session.query(startRow, UPSERT, columnsOf(meteringPointId, hours));
  const written = new Set(rows.map(({ startEpochMs }) => startEpochMs));
  const isNew = ({ startEpochMs }: StoredMeteredHour) => !before.has(startEpochMs);
  const unwritten = hours.filter((hour) => isNew(hour) && !written.has(hour.startEpochMs));
  if (unwritten.length > 0) {
    const there = await readStored(session, meteringPointId, unwritten);
    const hidden = unwritten.filter(({ startEpochMs }) => !there.has(startEpochMs));
    if (hidden.length > 0) throw new DatabaseHoursHidden("public.metering_point_hourly", hidden.length);
  }
  const changed = hours.filter((hour) => !isNew(hour) && written.has(hour.startEpochMs));
  const after = await readStored(session, meteringPointId, changed);
  const changes = changed.flatMap(({ startEpochMs }) => {
    const [one, other] = [before.get(startEpochMs), after.get(startEpochMs)];
    if (one === undefined || other === undefined) return [];
    return [{ meteringPointId, startEpochMs, before: valuesOf(one), after: valuesOf(other) }];
  });
  const inserted = written.size - changed.length;
  return { inserted, changed: changes.length, unchanged: hours.length - inserted - changes.length, changes };
}

/**
 * How the stored hours of a metering point from `startEpochMs` to before `endEpochMs` differ from those that Caruna+ shows:
 * what `writeMeteredHours` would write, and hours and values that are stored and not shown; earliest first.
 */
export async function compareMeteredHours(
  session: Session,
  meteringPointId: string,
  startEpochMs: number,
  endEpochMs: number,
  shown: readonly StoredMeteredHour[],
): Promise<HourDifference[]> {
  const values = [...columnsOf(meteringPointId, shown), startEpochMs / 1000, endEpochMs / 1000];
  return await session.query(differenceRow, COMPARE, values);
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

function valuesOf({ startEpochMs: _, ...values }: StoredMeteredHour): MeteredHourValues {
  return values;
}

function columnsOf(meteringPointId: string, hours: readonly StoredMeteredHour[]): unknown[] {
  return [
    meteringPointId,
    unquoted(instants(hours.map((hour) => hour.startEpochMs))),
    ...NUMBERS.map(([, field]) => unquoted(hours.map((hour) => hour[field]))),
    hours.map((hour) => hour.tariff),
    unquoted(hours.map((hour) => hour.status)),
    hours.map((hour) => (hour.parts === null ? null : JSON.stringify(hour.parts))),
    hours.map((hour) => hour.splitSource),
  ];
}
