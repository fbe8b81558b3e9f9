import { z } from "zod";
import { ZONE } from "../../shared/local-day.js";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";

/** An hour of `energy_hourly` that has a total. */
export interface StoredHour {
  /** Start of the hour, milliseconds since the epoch. */
  readonly startEpochMs: number;
  readonly kwhTotal: number;
}

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
const storedRow = z.object({ startEpochMs: z.number(), kwhTotal: z.number() });

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
      SELECT datetime, kwh_total, (datetime AT TIME ZONE '${ZONE}')::date AS day
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
    `SELECT DISTINCT to_char(datetime AT TIME ZONE '${ZONE}', 'YYYY-MM-DD') AS day
    FROM public.energy_hourly WHERE kwh_total IS NOT NULL AND isfinite(datetime) ORDER BY day DESC`,
  );
  return rows.map(({ day }) => day);
}
