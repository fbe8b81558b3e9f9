import { z } from "zod";
import type { HourlyReading } from "../energy/index.js";
import type { ConnectionPool } from "./connection-pool.js";

/** What an upsert did, in hours. */
export interface UpsertCounts {
  /** Hours that the table did not have. */
  readonly inserted: number;
  /** Hours of which some value became another. */
  readonly changed: number;
  /** Hours that the table had just so; they are not written. */
  readonly unchanged: number;
}

/** The values of one row of `energy_hourly`; parts and total in kWh. */
export interface HourValues {
  readonly kwhTotal: number | null;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly tariff: string | null;
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

const BATCH_ROWS = 2_000;

/**
 * Times travel as seconds since the epoch, so that no time zone of a session or a machine has a part in them.
 *
 * A NULL never overwrites a value. `tariff` says where the parts come from, so a reading without any part leaves the
 * tariff of a row that has parts. A row that would stay as it is, is not written. `before` is what the statement saw at
 * its start, and serves the log alone.
 */
const UPSERT = `
WITH incoming AS (
  SELECT to_timestamp(start_seconds) AS datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff
  FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::text[])
    AS reading (start_seconds, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff)
), before AS (
  SELECT stored.* FROM public.energy_hourly AS stored JOIN incoming USING (datetime)
), written AS (
  INSERT INTO public.energy_hourly AS stored (datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff)
  SELECT datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff FROM incoming ORDER BY datetime
  ON CONFLICT (datetime) DO UPDATE SET
    kwh_total = COALESCE(EXCLUDED.kwh_total, stored.kwh_total),
    kwh_day = COALESCE(EXCLUDED.kwh_day, stored.kwh_day),
    kwh_night = COALESCE(EXCLUDED.kwh_night, stored.kwh_night),
    kwh_night_winter = COALESCE(EXCLUDED.kwh_night_winter, stored.kwh_night_winter),
    tariff = CASE
      WHEN stored.tariff IS NOT NULL
        AND COALESCE(EXCLUDED.kwh_day, EXCLUDED.kwh_night, EXCLUDED.kwh_night_winter) IS NULL
        AND COALESCE(stored.kwh_day, stored.kwh_night, stored.kwh_night_winter) IS NOT NULL
      THEN stored.tariff
      ELSE EXCLUDED.tariff
    END
  WHERE (stored.kwh_total, stored.kwh_day, stored.kwh_night, stored.kwh_night_winter, stored.tariff)
    IS DISTINCT FROM (
      COALESCE(EXCLUDED.kwh_total, stored.kwh_total),
      COALESCE(EXCLUDED.kwh_day, stored.kwh_day),
      COALESCE(EXCLUDED.kwh_night, stored.kwh_night),
      COALESCE(EXCLUDED.kwh_night_winter, stored.kwh_night_winter),
      CASE
        WHEN stored.tariff IS NOT NULL
          AND COALESCE(EXCLUDED.kwh_day, EXCLUDED.kwh_night, EXCLUDED.kwh_night_winter) IS NULL
          AND COALESCE(stored.kwh_day, stored.kwh_night, stored.kwh_night_winter) IS NOT NULL
        THEN stored.tariff
        ELSE EXCLUDED.tariff
      END
    )
  RETURNING datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff, (xmax = 0) AS is_inserted
)
SELECT
  extract(epoch FROM written.datetime)::float8 * 1000 AS "startEpochMs",
  written.is_inserted AS "isInserted",
  written.kwh_total::float8 AS "kwhTotal", before.kwh_total::float8 AS "kwhTotalBefore",
  written.kwh_day::float8 AS "kwhDay", before.kwh_day::float8 AS "kwhDayBefore",
  written.kwh_night::float8 AS "kwhNight", before.kwh_night::float8 AS "kwhNightBefore",
  written.kwh_night_winter::float8 AS "kwhNightWinter", before.kwh_night_winter::float8 AS "kwhNightWinterBefore",
  written.tariff, before.tariff AS "tariffBefore"
FROM written LEFT JOIN before USING (datetime)
ORDER BY 1`;

const nullableNumber = z.number().nullable();
const writtenRow = z.object({
  startEpochMs: z.number(),
  isInserted: z.boolean(),
  kwhTotal: nullableNumber,
  kwhTotalBefore: nullableNumber,
  kwhDay: nullableNumber,
  kwhDayBefore: nullableNumber,
  kwhNight: nullableNumber,
  kwhNightBefore: nullableNumber,
  kwhNightWinter: nullableNumber,
  kwhNightWinterBefore: nullableNumber,
  tariff: z.string().nullable(),
  tariffBefore: z.string().nullable(),
});
const storedRow = z.object({ startEpochMs: z.number(), kwhTotal: z.number() });

/** As `Database.upsertEnergyHourly` says. */
export async function upsertEnergyHourly(
  pool: ConnectionPool,
  readings: readonly HourlyReading[],
  signal: AbortSignal | undefined,
): Promise<UpsertResult> {
  // One statement may not touch a row twice; of two readings of an hour the later in the list counts.
  const distinct = [...new Map(readings.map((reading) => [reading.startEpochMs, reading])).values()];
  let inserted = 0;
  const changes: HourChange[] = [];
  for (let start = 0; start < distinct.length; start += BATCH_ROWS) {
    const batch = distinct.slice(start, start + BATCH_ROWS);
    // A single statement is a transaction of its own.
    const written = await pool.use((session) => session.query(writtenRow, UPSERT, columnsOf(batch)), signal);
    inserted += written.filter((row) => row.isInserted).length;
    changes.push(...written.filter((row) => !row.isInserted).map(toChange));
  }
  const changed = changes.length;
  return { inserted, changed, unchanged: distinct.length - inserted - changed, changes };
}

function columnsOf(readings: readonly HourlyReading[]): unknown[] {
  return [
    readings.map((reading) => reading.startEpochMs / 1000),
    readings.map((reading) => reading.kwhTotal),
    readings.map((reading) => reading.kwhDay),
    readings.map((reading) => reading.kwhNight),
    readings.map((reading) => reading.kwhNightWinter),
    readings.map((reading) => reading.tariff),
  ];
}

function toChange(row: z.infer<typeof writtenRow>): HourChange {
  return {
    startEpochMs: row.startEpochMs,
    before: {
      kwhTotal: row.kwhTotalBefore,
      kwhDay: row.kwhDayBefore,
      kwhNight: row.kwhNightBefore,
      kwhNightWinter: row.kwhNightWinterBefore,
      tariff: row.tariffBefore,
    },
    after: {
      kwhTotal: row.kwhTotal,
      kwhDay: row.kwhDay,
      kwhNight: row.kwhNight,
      kwhNightWinter: row.kwhNightWinter,
      tariff: row.tariff,
    },
  };
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
