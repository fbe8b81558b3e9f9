import type { Database, StoreResult } from "../../src/database/index.js";
import type { HourlyReading, MeteredHour } from "../../src/energy/index.js";
import { leaseOf } from "./leased.js";
import { meteredHour } from "./metered-hours.js";
import type { TestDatabase } from "./postgres.js";

/** Stores hours of the metering point that `energy_hourly` mirrors, as a program does. */
export async function storeHours(
  database: Database,
  readings: readonly (HourlyReading | MeteredHour)[],
  signal?: AbortSignal,
): Promise<StoreResult> {
  const lease = await leaseOf(database, "the test");
  const hours = readings.map((reading) => ({ ...meteredHour(reading.startEpochMs), ...reading }));
  const batch = { hours: [{ meteringPointId: "A", isFollowed: true, readings: hours }] };
  return await database.sync.storeReadings(lease, batch, signal);
}

/** The rows of `energy_hourly`, earliest first. */
export async function mirroredHours(database: TestDatabase): Promise<Record<string, unknown>[]> {
  return await database.query(
    `SELECT extract(epoch FROM datetime)::float8 * 1000 AS "startEpochMs", kwh_total AS "kwhTotal", kwh_day AS "kwhDay",
      kwh_night AS "kwhNight", kwh_night_winter AS "kwhNightWinter", tariff
    FROM public.energy_hourly ORDER BY datetime`,
  );
}
