import type { Database, StoreResult } from "../../src/database/index.js";
import type { HourlyReading, MeteredHour } from "../../src/energy/index.js";
import { leaseOf } from "./leased.js";
import { meteredHour } from "./metered-hours.js";

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
