import { Temporal } from "temporal-polyfill";
import type { PeriodRow, StoredSumRow } from "../database/index.js";
import type { PeriodState, StoredSum } from "./plan/period.js";

/** A row of `metering_point_period` as the planner knows it. */
export function fromRow({ startsOn, ...rest }: PeriodRow): PeriodState {
  return { startsOn: Temporal.PlainDate.from(startsOn), ...rest };
}

export function toRow({ startsOn, ...rest }: PeriodState): PeriodRow {
  return { startsOn: startsOn.toString(), ...rest };
}

export function fromSumRow({ startsOn, ...rest }: StoredSumRow): StoredSum {
  return { startsOn: Temporal.PlainDate.from(startsOn), ...rest };
}
