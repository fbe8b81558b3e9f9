import type { Temporal } from "temporal-polyfill";

/** What one request asks for, and what one row of `metering_point_period` remembers. */
export type Span = "day" | "month" | "year";

/** What is remembered of a period of one metering point. Times are milliseconds since the epoch. */
export interface PeriodState {
  readonly meteringPointId: string;
  readonly span: Span;
  /** First local day (Europe/Helsinki) of the period. */
  readonly startsOn: Temporal.PlainDate;
  /** When it is to be asked for next; `null`: nothing is due. */
  readonly nextAskEpochMs: number | null;
  readonly askedEpochMs: number | null;
  /** How often it was asked for without becoming complete. */
  readonly timesAsked: number;
  /** Caruna+'s total when last compared, kWh. */
  readonly kwhTold: number | null;
  /** The sum of the stored hours when last compared, kWh. */
  readonly kwhStored: number | null;
  readonly verifiedEpochMs: number | null;
  /** When a day was read for the last time that is of its own accord. */
  readonly settledEpochMs: number | null;
  /** Found by the first look back: it waits behind everything else. */
  readonly isHistory: boolean;
}

/** What of a local day or month is stored. */
export interface StoredSum {
  readonly startsOn: Temporal.PlainDate;
  /** Hours stored. */
  readonly hours: number;
  /** kWh. */
  readonly kwhTotal: number;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
}

/** What Caruna+ tells of a local day or month in a `monthly` or `yearly` answer; without a total it tells nothing. */
export interface ToldSum {
  readonly startsOn: Temporal.PlainDate;
  /** kWh. */
  readonly kwhTotal: number;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
}

/** What the planner needs to know of a metering point. */
export interface PlannedMeteringPoint {
  readonly id: string;
  /** First and last local day of its contract, where known; `null`: open. */
  readonly contractFrom: Temporal.PlainDate | null;
  readonly contractTo: Temporal.PlainDate | null;
  /** Start of its newest stored hour. */
  readonly newestHourEpochMs: number | null;
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
