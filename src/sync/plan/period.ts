import type { Temporal } from "temporal-polyfill";
import type { PeriodRow, PeriodSpan, StoredSumRow } from "../../database/index.js";

export type { SumsOfOthers, ToldSum } from "../../energy/index.js";

/** What one request asks for, and what one row of `metering_point_period` remembers. */
export type Span = PeriodSpan;

/** A row with its day as a date. */
type Dated<Row extends { readonly startsOn: string }> = Omit<Row, "startsOn"> & {
  /** First local day (Europe/Helsinki) of the period. */
  readonly startsOn: Temporal.PlainDate;
};

/** What is remembered of a period of one metering point. */
export type PeriodState = Dated<PeriodRow>;

/** What of a local day or month is stored. */
export type StoredSum = Dated<StoredSumRow>;

/** What the planner needs to know of a metering point. */
export interface PlannedMeteringPoint {
  readonly id: string;
  /** First and last local day of its contract, where known; `null`: open. */
  readonly contractFrom: Temporal.PlainDate | null;
  readonly contractTo: Temporal.PlainDate | null;
  /** Start of its newest stored hour. */
  readonly newestHourEpochMs: number | null;
  /** Start of its first stored hour. */
  readonly oldestHourEpochMs?: number | null;
  readonly firstSeenEpochMs: number;
}

export interface PlanSettings {
  readonly daysToLoad: number;
  /** Minutes after local midnight from which on a day is asked for. */
  readonly askFromMinutes: number;
  /** How far history goes back: everything, nothing, or to a day (included). */
  readonly backfill: "all" | "none" | Temporal.PlainDate;
  /** How many metering points there are; checks are spread over the day when there are many. */
  readonly meteringPoints: number;
}
