import type { MeteredHour } from "../../energy/index.js";
import type { Session } from "../connection/connection-pool.js";
import { type DaySum, type PeriodRow, readSumsOfDays, writePeriods } from "../periods.js";
import { lockFollowed } from "./follow.js";
import { type MeteredHourChange, type UpsertCounts, writeMeteredHours } from "./metering-point-hourly.js";
import { mirrorHours } from "./mirror.js";
import { runsOf } from "./runs.js";

/** Hours of one metering point that are to be stored. */
export interface HoursToStore {
  readonly meteringPointId: string;
  /** Whether `energy_hourly` mirrors this metering point. */
  readonly isFollowed: boolean;
  /** In any order; of two readings of an hour the later counts. */
  readonly readings: readonly MeteredHour[];
  /** Local days (Europe/Helsinki), e.g. "2026-11-22", whose sums `periods` is to know. */
  readonly days?: readonly string[];
}

/** What is stored together or not at all. */
export interface Batch {
  readonly hours: readonly HoursToStore[];
  /** What is remembered from now on, given the sums of the days as they are then; called within the transaction. */
  readonly periods?: (sums: readonly DaySum[]) => readonly PeriodRow[];
}

/** What storing did, in hours of `metering_point_hourly`. */
export interface StoreResult extends UpsertCounts {
  /** The changed hours, by metering point, earliest first. */
  readonly changes: readonly MeteredHourChange[];
  /** Rows of `energy_hourly` that were written. */
  readonly mirrored: number;
}

/** Rows that one statement carries: with more, only the memory for it grows. */
const ROWS_A_STATEMENT = 5_000;

/** As `SyncStore.storeReadings` says, in a transaction of the caller's, who holds the lease. */
export async function storeReadings(session: Session, { hours, periods }: Batch): Promise<StoreResult> {
  // Another account may have had energy_hourly mirror another metering point since this cycle began.
  const followed = hours.some(({ isFollowed }) => isFollowed) ? await lockFollowed(session) : undefined;
  const total = { inserted: 0, changed: 0, unchanged: 0, mirrored: 0, changes: Array.of<MeteredHourChange>() };
  const sums: DaySum[] = [];
  for (const { meteringPointId, isFollowed, readings, days = [] } of hours) {
    const distinct = distinctHours(readings);
    for (let start = 0; start < distinct.length; start += ROWS_A_STATEMENT) {
      const rows = distinct.slice(start, start + ROWS_A_STATEMENT);
      // Here it is known what changed.
      const { inserted, changed, unchanged, changes } = await writeMeteredHours(session, meteringPointId, rows);
      total.inserted += inserted;
      total.changed += changed;
      total.unchanged += unchanged;
      total.changes.push(...changes);
    }
    const isMirrored = isFollowed && (followed === undefined || followed === meteringPointId);
    if (isMirrored) total.mirrored += await mirrorRuns(session, meteringPointId, distinct);
    if (periods !== undefined) sums.push(...(await readSumsOfDays(session, meteringPointId, days)));
  }
  await writePeriods(session, periods?.(sums) ?? []);
  return total;
}

async function mirrorRuns(session: Session, meteringPointId: string, hours: readonly MeteredHour[]): Promise<number> {
  let written = 0;
  for (const { startEpochMs, endEpochMs } of runsOf(hours)) {
    const range = { from: new Date(startEpochMs).toISOString(), to: new Date(endEpochMs).toISOString() };
    written += await mirrorHours(session, meteringPointId, range);
  }
  return written;
}

/** Earliest first, each hour once: of two readings of an hour, the later in the list counts. */
function distinctHours<Hour extends { readonly startEpochMs: number }>(hours: readonly Hour[]): readonly Hour[] {
  // Caruna+ shows them in order, and most are so.
  const isInOrder = hours.every((hour, index) => hour.startEpochMs > (hours[index - 1]?.startEpochMs ?? -Infinity));
  if (isInOrder) return hours;
  const byStart = new Map(hours.map((hour) => [hour.startEpochMs, hour]));
  return [...byStart.values()].sort((one, other) => one.startEpochMs - other.startEpochMs);
}
