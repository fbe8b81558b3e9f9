import { Temporal } from "temporal-polyfill";
import type { DayOrMonthSum, PeriodRow } from "../database/index.js";
import type { PeriodState, StoredSum } from "./period.js";

/** A row of `metering_point_period` as the planner knows it. */
export function fromRow({ meteringPoint, startsOn, ...rest }: PeriodRow): PeriodState {
  return { meteringPointId: meteringPoint, startsOn: Temporal.PlainDate.from(startsOn), ...rest };
}

export function toRow({ meteringPointId, startsOn, ...rest }: PeriodState): PeriodRow {
  return { meteringPoint: meteringPointId, startsOn: startsOn.toString(), ...rest };
}

export function fromSumRow({ startsOn, ...rest }: DayOrMonthSum): StoredSum {
  return { startsOn: Temporal.PlainDate.from(startsOn), ...rest };
}
