import { Temporal } from "temporal-polyfill";
import { dayBounds, HOUR_MS, localDay } from "./helsinki.js";

/** What is there of a metering point; instants in milliseconds since the epoch. */
export interface StoredReach {
  /** Start of its first and of its newest stored hour; `null`: it has none. */
  readonly oldestHourEpochMs: number | null;
  readonly newestHourEpochMs: number | null;
  /** Last local day of its contract, e.g. "2026-11-22"; `null`: open-ended or not known. */
  readonly contractTo: string | null;
}

/** How many hours there should be: from the first stored one to the end of yesterday, or of the contract. */
export function expectedHours(
  { contractTo, oldestHourEpochMs, newestHourEpochMs }: StoredReach,
  nowEpochMs: number,
): number {
  if (oldestHourEpochMs === null || newestHourEpochMs === null) return 0;
  const endOfYesterday = dayBounds(localDay(nowEpochMs)).startEpochMs;
  const endOfContract =
    contractTo === null ? endOfYesterday : dayBounds(Temporal.PlainDate.from(contractTo)).endEpochMs;
  const end = Math.max(Math.min(endOfYesterday, endOfContract), newestHourEpochMs + HOUR_MS);
  return (end - oldestHourEpochMs) / HOUR_MS;
}
