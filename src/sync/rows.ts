import { Temporal } from "temporal-polyfill";
import type { PeriodRow, StoredSumRow, SyncStore } from "../database/index.js";
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

/** What is stored of the days of a month, or of the months of a year. */
export async function storedSumsIn(
  sync: Pick<SyncStore, "sumsByDay" | "sumsByMonth">,
  { meteringPointId, span, startsOn }: Pick<PeriodState, "meteringPointId" | "span" | "startsOn">,
  signal: AbortSignal,
): Promise<StoredSum[]> {
  const last = startsOn.add({ months: 1 }).subtract({ days: 1 });
  const rows =
    span === "year"
      ? await sync.sumsByMonth(meteringPointId, startsOn.year, signal)
      : await sync.sumsByDay(meteringPointId, startsOn.toString(), last.toString(), signal);
  return rows.map(fromSumRow);
}
