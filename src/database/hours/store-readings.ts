import type { MeteredHour } from "../../energy/index.js";
import type { Session } from "../connection/connection-pool.js";
import { type PeriodRow, writePeriods } from "../periods.js";
import {
  distinctHours,
  type HourChange,
  type UpsertCounts,
  type UpsertResult,
  writeEnergyHours,
} from "./energy-hourly.js";
import { lockFollowed } from "./follow.js";
import { type MeteredHourChange, writeMeteredHours } from "./metering-point-hourly.js";

/** Hours of one metering point that are to be stored. */
export interface HoursToStore {
  readonly meteringPointId: string;
  /** Whether `energy_hourly` holds the hours of this metering point, and so gets these too. */
  readonly isFollowed: boolean;
  /** In any order; of two readings of an hour the later counts. */
  readonly readings: readonly MeteredHour[];
}

/** What is stored together or not at all. */
export interface Batch {
  readonly hours: readonly HoursToStore[];
  /** What is remembered from now on. */
  readonly periods: readonly PeriodRow[];
}

/** What storing did, in hours of `metering_point_hourly`. */
export interface StoreResult extends UpsertCounts {
  /** The changed hours, by metering point, earliest first. */
  readonly changes: readonly MeteredHourChange[];
  /** The same of `energy_hourly`. */
  readonly energyHourly: UpsertResult;
}

/** Rows that one statement carries: with more, only the memory for it grows. */
const ROWS_A_STATEMENT = 5_000;

/** As `SyncStore.storeReadings` says, in a transaction of the caller's, who holds the lease. */
export async function storeReadings(session: Session, { hours, periods }: Batch): Promise<StoreResult> {
  // Another account may have had energy_hourly mirror another metering point since this cycle began.
  const mirrored = hours.some(({ isFollowed }) => isFollowed) ? await lockFollowed(session) : undefined;
  const total = { inserted: 0, changed: 0, unchanged: 0, changes: Array.of<MeteredHourChange>() };
  const energyHourly = { inserted: 0, changed: 0, unchanged: 0, changes: Array.of<HourChange>() };
  for (const { meteringPointId, isFollowed, readings } of hours) {
    const distinct = distinctHours(readings);
    for (let start = 0; start < distinct.length; start += ROWS_A_STATEMENT) {
      const rows = distinct.slice(start, start + ROWS_A_STATEMENT);
      const written = await writeMeteredHours(session, meteringPointId, rows);
      addCounts(total, written);
      total.changes.push(...written.changes);
      if (!isFollowed || (mirrored !== undefined && mirrored !== meteringPointId)) continue;
      const followed = await writeEnergyHours(session, written.hours);
      addCounts(energyHourly, followed);
      energyHourly.changes.push(...followed.changes);
    }
  }
  await writePeriods(session, periods);
  return { ...total, energyHourly };
}

function addCounts(sum: { inserted: number; changed: number; unchanged: number }, counts: UpsertCounts): void {
  sum.inserted += counts.inserted;
  sum.changed += counts.changed;
  sum.unchanged += counts.unchanged;
}
