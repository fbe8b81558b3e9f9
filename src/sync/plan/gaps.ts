import { Temporal } from "temporal-polyfill";
import { localDay } from "../../energy/index.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, StoredSum } from "./period.js";
import { feesDueSince, firstAsk, firstStoredDay, isBefore, newPeriod } from "./planner-schedule.js";

/** Fees are waited for in days up to this old. */
const FEES_DAYS = 92;
/** Days that lie no further apart are neighbours. */
const NEIGHBOURS_DAYS = 31;

/** Local days, both included. */
export interface Days {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** The days that every cycle looks after: from the first one ever stored to yesterday, within the contract. */
export function daysToCover(point: PlannedMeteringPoint, nowEpochMs: number): Days | undefined {
  const from = firstStoredDay(point);
  const yesterday = localDay(nowEpochMs).subtract({ days: 1 });
  const { contractTo } = point;
  const to = contractTo !== null && isBefore(contractTo, yesterday) ? contractTo : yesterday;
  return from === null || isBefore(to, from) ? undefined : { from, to };
}

/**
 * The periods that bring the days which were never asked for, however long the program was away: those days, or the month
 * where all of its days are missing, as its answer says which of them there are. They wait behind what is newer.
 *
 * `neverAsked`: earliest first, within `daysToCover`; `months`: what is remembered of the months.
 */
export function fillGaps(
  point: PlannedMeteringPoint,
  neverAsked: readonly Temporal.PlainDate[],
  months: readonly PeriodState[],
  { from, to }: Days,
  settings: PlanSettings,
): PeriodState[] {
  const byMonth = new Map<string, Temporal.PlainDate[]>();
  for (const day of neverAsked) {
    const month = day.with({ day: 1 }).toString();
    byMonth.set(month, [...(byMonth.get(month) ?? []), day]);
  }
  const due = (state: PeriodState): PeriodState => {
    return { ...state, nextAskEpochMs: firstAsk(state.startsOn, settings), isHistory: true };
  };
  return [...byMonth].flatMap(([start, days]) => {
    const month = Temporal.PlainDate.from(start);
    const last = month.add({ months: 1 }).subtract({ days: 1 });
    const [first, end] = [isBefore(month, from) ? from : month, isBefore(to, last) ? to : last];
    const isWhole = days.length > first.until(end, { largestUnit: "days" }).days;
    if (!isWhole || isBefore(to, last)) return days.map((day) => due(newPeriod(point.id, "day", day)));
    const known = months.find(({ startsOn }) => startsOn.equals(month));
    if (known === undefined) return [due(newPeriod(point.id, "month", month))];
    const wasAskedAfterItsEnd = known.askedEpochMs !== null && isBefore(last, localDay(known.askedEpochMs));
    return wasAskedAfterItsEnd || known.nextAskEpochMs !== null ? [] : [due(known)];
  });
}

/** The days of which the sums are needed to find those without fees. */
export function daysOfFees(nowEpochMs: number): Days {
  const today = localDay(nowEpochMs);
  return { from: today.subtract({ days: FEES_DAYS }), to: today.subtract({ days: 1 }) };
}

/**
 * Days that have hours without a fee while a neighbouring day has all of its fees, where it is time to read them again.
 *
 * `sums`: what is stored of `daysOfFees`; `days`: what is remembered of them.
 */
export function missingFees(
  sums: readonly StoredSum[],
  days: readonly PeriodState[],
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState[] {
  const withFees = sums.filter(({ hours, hoursWithoutFee }) => hours > 0 && hoursWithoutFee === 0);
  const isNeighbour = (day: Temporal.PlainDate, other: Temporal.PlainDate) =>
    Math.abs(day.until(other, { largestUnit: "days" }).days) <= NEIGHBOURS_DAYS;
  const lacking = new Set(
    sums
      .filter(({ hoursWithoutFee = 0 }) => hoursWithoutFee > 0)
      .filter(({ startsOn }) => withFees.some((other) => isNeighbour(startsOn, other.startsOn)))
      .map(({ startsOn }) => startsOn.toString()),
  );
  return days.flatMap((state) => {
    if (!lacking.has(state.startsOn.toString())) return [];
    const since = feesDueSince(state, settings, nowEpochMs);
    if (since === undefined || (state.nextAskEpochMs !== null && state.nextAskEpochMs <= since)) return [];
    return [{ ...state, nextAskEpochMs: since }];
  });
}
