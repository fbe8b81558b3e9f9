import { z } from "zod";
import type { HourlyReading } from "../../energy/index.js";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { DatabaseHoursHidden } from "../connection/errors.js";
import { float8Array, instantArray, textArray } from "./binary-arrays.js";
import { type HourValues, isSameHour, mergeHour, type Split } from "./hour-values.js";
import { runsOf } from "./runs.js";

/** What an upsert did, in hours. */
export interface UpsertCounts {
  /** Hours that the table did not have. */
  readonly inserted: number;
  /** Hours of which some value became another. */
  readonly changed: number;
  /** Hours that the table had just so; they are not written. */
  readonly unchanged: number;
}

/** An hour that had other values before. */
export interface HourChange {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
  readonly before: HourValues;
  readonly after: HourValues;
}

export interface UpsertResult extends UpsertCounts {
  /** The changed hours, earliest first. */
  readonly changes: readonly HourChange[];
}

/** An hour of `energy_hourly` that has a total. */
export interface StoredHour {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
  readonly kwhTotal: number;
}

/** A row of `energy_hourly`. */
export interface EnergyHour extends HourValues {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
}

/** An hour that `energy_hourly` is to hold. */
export interface HourToStore extends EnergyHour {
  /** As `mergeHour` takes it. */
  readonly superseded?: Split | undefined;
}

const BATCH_ROWS = 5_000;
/** Makes the transaction the only one of our programs that writes `energy_hourly`. The two numbers are arbitrary. */
export const ENERGY_HOURLY_LOCK = "SELECT pg_advisory_xact_lock(20479, 4)";

const COLUMNS = "datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff";
/** Most rows are new: an index lookup each, and no row read or locked. Rows that others just made are skipped. */
const INSERT = `
  INSERT INTO public.energy_hourly AS stored (${COLUMNS})
  SELECT ${COLUMNS}
  FROM unnest($1::timestamptz[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::text[])
    AS reading (${COLUMNS})`;
const INSERT_NEW = `${INSERT} ON CONFLICT (datetime) DO NOTHING`;
const STORED_VALUES = "stored.kwh_total, stored.kwh_day, stored.kwh_night, stored.kwh_night_winter, stored.tariff";
const TOLD_VALUES =
  "EXCLUDED.kwh_total, EXCLUDED.kwh_day, EXCLUDED.kwh_night, EXCLUDED.kwh_night_winter, EXCLUDED.tariff";
const REPLACE = `${INSERT} ON CONFLICT (datetime) DO UPDATE
  SET (kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff) = ROW (${TOLD_VALUES})
  WHERE (${STORED_VALUES}) IS DISTINCT FROM (${TOLD_VALUES})
  RETURNING extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs"`;
const READ = `
  SELECT
    extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs", kwh_total::float8 AS "kwhTotal",
    kwh_day::float8 AS "kwhDay", kwh_night::float8 AS "kwhNight", kwh_night_winter::float8 AS "kwhNightWinter", tariff
  FROM public.energy_hourly
  WHERE datetime >= to_timestamp($1::float8) AND datetime < to_timestamp($2::float8) AND isfinite(datetime)
  ORDER BY datetime`;

const nullableNumber = z.number().nullable();
/** The columns that both tables of hours have. */
export const hourRow = z.object({
  startEpochMs: z.number(),
  kwhTotal: nullableNumber,
  kwhDay: nullableNumber,
  kwhNight: nullableNumber,
  kwhNightWinter: nullableNumber,
  tariff: z.string().nullable(),
});
const startRow = z.object({ startEpochMs: z.number() });
const storedRow = z.object({ startEpochMs: z.number(), kwhTotal: z.number() });

/** As `Database.upsertEnergyHourly` says. */
export async function upsertEnergyHourly(
  pool: ConnectionPool,
  readings: readonly HourlyReading[],
  signal: AbortSignal | undefined,
): Promise<UpsertResult> {
  const hours = distinctHours(readings);
  const totals = { inserted: 0, changed: 0, unchanged: 0, changes: Array.of<HourChange>() };
  for (let start = 0; start < hours.length; start += BATCH_ROWS) {
    const batch = hours.slice(start, start + BATCH_ROWS);
    const result = await pool.transaction((session) => writeEnergyHours(session, batch), signal);
    totals.inserted += result.inserted;
    totals.changed += result.changed;
    totals.unchanged += result.unchanged;
    totals.changes.push(...result.changes);
  }
  return totals;
}

/** Earliest first, each hour once: of two readings of an hour, the later in the list counts. */
export function distinctHours<Hour extends { readonly startEpochMs: number }>(hours: readonly Hour[]): readonly Hour[] {
  // Caruna+ shows them in order, and most are so.
  const isInOrder = hours.every((hour, index) => hour.startEpochMs > (hours[index - 1]?.startEpochMs ?? -Infinity));
  if (isInOrder) return hours;
  const byStart = new Map(hours.map((hour) => [hour.startEpochMs, hour]));
  return [...byStart.values()].sort((one, other) => one.startEpochMs - other.startEpochMs);
}

/**
 * Stores hours of `energy_hourly` in a transaction of the caller's; the lock that it takes is held to its end.
 *
 * What is there is read first, by the index, and only what is new or becomes another is written: most hours are either
 * all new or all the same, and each of the two is then as cheap as it can be.
 *
 * @param hours earliest first, each once.
 */
export async function writeEnergyHours(session: Session, hours: readonly HourToStore[]): Promise<UpsertResult> {
  if (hours.length === 0) return { inserted: 0, changed: 0, unchanged: 0, changes: [] };
  await session.execute(ENERGY_HOURLY_LOCK);
  const first = compare(await readStored(session, hours), hours);
  let inserted = 0;
  if (first.fresh.length > 0) inserted = await session.execute(INSERT_NEW, columnsOf(first.fresh));
  const changes = await replace(session, first.changes);
  if (inserted < first.fresh.length) {
    // A program that is not ours has made some of them meanwhile; now they can be seen.
    const late = compare(await readStored(session, first.fresh), first.fresh);
    if (late.fresh.length > 0) throw new DatabaseHoursHidden("public.energy_hourly", late.fresh.length);
    changes.push(...(await replace(session, late.changes)));
    changes.sort((one, other) => one.startEpochMs - other.startEpochMs);
  }
  const changed = changes.length;
  return { inserted, changed, unchanged: hours.length - inserted - changed, changes };
}

async function readStored(session: Session, hours: readonly HourToStore[]): Promise<Map<number, EnergyHour>> {
  const stored = new Map<number, EnergyHour>();
  for (const { startEpochMs, endEpochMs } of runsOf(hours)) {
    for (const hour of await readHours(session, startEpochMs, endEpochMs)) stored.set(hour.startEpochMs, hour);
  }
  return stored;
}

async function readHours(session: Session, startEpochMs: number, endEpochMs: number): Promise<EnergyHour[]> {
  return await session.query(hourRow, READ, [startEpochMs / 1000, endEpochMs / 1000]);
}

/** What is not there yet, and what would become another; the rest is as it should be. */
function compare(stored: ReadonlyMap<number, EnergyHour>, hours: readonly HourToStore[]) {
  const fresh: HourToStore[] = [];
  const changes: HourChange[] = [];
  for (const hour of hours) {
    const before = stored.get(hour.startEpochMs);
    if (before === undefined) {
      fresh.push(hour);
      continue;
    }
    const after = mergeHour(before, hour, hour.superseded);
    if (!isSameHour(before, after)) {
      changes.push({ startEpochMs: hour.startEpochMs, before: valuesOf(before), after });
    }
  }
  return { fresh, changes };
}

/** @returns the changes that were written. */
async function replace(session: Session, changes: readonly HourChange[]): Promise<HourChange[]> {
  if (changes.length === 0) return [];
  const hours = changes.map(({ startEpochMs, after }) => ({ startEpochMs, ...after }));
  const written = await session.query(startRow, REPLACE, columnsOf(hours));
  const starts = new Set(written.map(({ startEpochMs }) => startEpochMs));
  return changes.filter(({ startEpochMs }) => starts.has(startEpochMs));
}

function columnsOf(hours: readonly EnergyHour[]): Buffer[] {
  return [
    instantArray(hours.map((hour) => hour.startEpochMs)),
    float8Array(hours.map((hour) => hour.kwhTotal)),
    float8Array(hours.map((hour) => hour.kwhDay)),
    float8Array(hours.map((hour) => hour.kwhNight)),
    float8Array(hours.map((hour) => hour.kwhNightWinter)),
    textArray(hours.map((hour) => hour.tariff)),
  ];
}

function valuesOf({ kwhTotal, kwhDay, kwhNight, kwhNightWinter, tariff }: HourValues): HourValues {
  return { kwhTotal, kwhDay, kwhNight, kwhNightWinter, tariff };
}

/** The rows of `energy_hourly` that begin at or after `startEpochMs` and before `endEpochMs`, earliest first. */
export async function energyHoursBetween(
  pool: ConnectionPool,
  startEpochMs: number,
  endEpochMs: number,
  signal: AbortSignal | undefined,
): Promise<EnergyHour[]> {
  return await pool.use((session) => readHours(session, startEpochMs, endEpochMs), signal);
}

/** As `Database.hoursBetween` says. */
export async function hoursBetween(
  pool: ConnectionPool,
  startEpochMs: number,
  endEpochMs: number,
  signal: AbortSignal | undefined,
): Promise<StoredHour[]> {
  const text = `
    SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs", kwh_total::float8 AS "kwhTotal"
    FROM public.energy_hourly
    WHERE datetime >= to_timestamp($1::float8) AND datetime < to_timestamp($2::float8)
      AND isfinite(datetime) AND kwh_total IS NOT NULL
    ORDER BY datetime`;
  const values = [startEpochMs / 1000, endEpochMs / 1000];
  return await pool.use((session) => session.query(storedRow, text, values), signal);
}

/** As `Database.newestStoredHours` says. */
export async function newestStoredHours(pool: ConnectionPool, signal: AbortSignal | undefined): Promise<StoredHour[]> {
  // The newest 2,000 hours hold twelve whole weeks: enough to find a day that is well filled, and cheap on any table.
  const text = `
    WITH newest AS (
      SELECT datetime, kwh_total, (datetime AT TIME ZONE 'Europe/Helsinki')::date AS day
      FROM public.energy_hourly
      WHERE isfinite(datetime) AND kwh_total IS NOT NULL
      ORDER BY datetime DESC LIMIT 2000
    ), chosen AS (
      SELECT day FROM newest GROUP BY day ORDER BY count(*) >= 12 DESC, day DESC LIMIT 1
    )
    SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs", kwh_total::float8 AS "kwhTotal"
    FROM newest JOIN chosen USING (day) ORDER BY datetime`;
  return await pool.use((session) => session.query(storedRow, text), signal);
}

const dayRow = z.object({ day: z.string() });

/** As `SyncStore.daysOfEnergyHourly` says. */
export async function readDaysOfEnergyHourly(session: Session): Promise<string[]> {
  const rows = await session.query(
    dayRow,
    `SELECT DISTINCT to_char(datetime AT TIME ZONE 'Europe/Helsinki', 'YYYY-MM-DD') AS day
    FROM public.energy_hourly WHERE kwh_total IS NOT NULL AND isfinite(datetime) ORDER BY day DESC`,
  );
  return rows.map(({ day }) => day);
}
