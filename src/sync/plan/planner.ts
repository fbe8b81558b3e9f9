/*
 * What is to be asked of Caruna+, and when. History is the first verification: a year's answer tells each month's total,
 * a month's each day's; where a total differs from the sum of the stored hours, the next smaller period becomes due. On an
 * empty database everything differs, and everything is loaded; a revised hour two years back costs a year, a month, a day.
 *
 * Everything here is a pure function of what is remembered, what was answered and the time.
 */
import { Temporal } from "temporal-polyfill";
import { lastDays, localDay } from "../../energy/index.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, StoredSum, ToldSum } from "./period.js";
import { afterComparing, afterReading, afterReport } from "./planner-compare.js";
import {
  firstAsk,
  isBefore,
  isBeforeLimit,
  isComplete,
  isDormant,
  isMonthAskedDaily,
  isRecent,
  isSpoiltByClock,
  lookBackFrom,
  newestYear,
  newPeriod,
  nextDailyCheck,
  nextWeeklyCheck,
  onlyAsk,
  pauseMs,
  scheduleOfDay,
  wasAskedInTheFuture,
} from "./planner-schedule.js";

export { newPeriod } from "./planner-schedule.js";

/** Looking back ends after so many empty years in a row before the contract, or where there is no contract. */
export const EMPTY_YEARS_BEFORE_CONTRACT = 2;
/** And after so many whatever the contract says: its first day may be a stand-in such as the year 1. */
export const MOST_EMPTY_YEARS = 10;
const LONGEST_PAUSE_AFTER_FAILURE_MS = 24 * 3_600_000;

/**
 * The rows that a metering point lacks as time goes by, to be added to what is remembered (a row of the same period takes
 * the place of the one there is): the last `daysToLoad` days, the current and the previous month, the newest year.
 *
 * `known`: its rows of those periods, as far as there are any. `hasAnyPeriod`: whether it has a row at all; if not, this is
 * `firstLook`.
 */
export function newPeriods(
  point: PlannedMeteringPoint,
  known: readonly PeriodState[],
  hasAnyPeriod: boolean,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState[] {
  if (!hasAnyPeriod) return firstLook(point, settings, nowEpochMs);
  const knownByName = new Map(known.map((state) => [`${state.span} ${state.startsOn}`, state]));
  return wantedPeriods(point, settings, nowEpochMs).flatMap((wanted) => {
    const there = knownByName.get(`${wanted.span} ${wanted.startsOn}`);
    if (there === undefined) return [wanted];
    return isToBeginAnew(there, wanted) ? [{ ...there, nextAskEpochMs: wanted.nextAskEpochMs, timesAsked: 0 }] : [];
  });
}

/** The checks of a metering point that was dormant, or whose contract had ended, and the day that was to be asked for later. */
function isToBeginAnew(there: PeriodState, wanted: PeriodState): boolean {
  if (there.nextAskEpochMs === null) return wanted.span !== "day";
  return there.askedEpochMs === null && there.nextAskEpochMs > (wanted.nextAskEpochMs ?? there.nextAskEpochMs);
}

/** The rows with which a metering point begins, all due at once; the months and the year are where looking back starts. */
export function firstLook(point: PlannedMeteringPoint, settings: PlanSettings, nowEpochMs: number): PeriodState[] {
  return wantedPeriods(point, settings, nowEpochMs).map((state) => ({
    ...state,
    nextAskEpochMs: Math.min(state.nextAskEpochMs ?? nowEpochMs, nowEpochMs),
    isHistory: state.span !== "day",
  }));
}

function wantedPeriods(point: PlannedMeteringPoint, settings: PlanSettings, nowEpochMs: number): PeriodState[] {
  const today = localDay(nowEpochMs);
  const thisMonth = today.with({ day: 1 });
  const dormant = isDormant(point, nowEpochMs);
  const days = lastDays(nowEpochMs, dormant ? Math.min(1, settings.daysToLoad) : settings.daysToLoad)
    .filter((day) => isInContract(day, point))
    .map((day) => ({
      ...newPeriod(point.id, "day", day),
      nextAskEpochMs: dormant ? onlyAsk(day, settings) : firstAsk(day, settings),
    }));
  const months = [thisMonth, thisMonth.subtract({ months: 1 })]
    .filter((month) => point.contractTo === null || !isBefore(point.contractTo, month))
    .filter((month) => isMonthAskedDaily(month, point, today, nowEpochMs))
    .map((month) => ({ ...newPeriod(point.id, "month", month), nextAskEpochMs: firstAsk(month, settings) }));
  const year = newestYear(point, today);
  return [...days, ...months, { ...newPeriod(point.id, "year", year), nextAskEpochMs: firstAsk(year, settings) }];
}

export function isInContract(day: Temporal.PlainDate, { contractFrom, contractTo }: PlannedMeteringPoint): boolean {
  if (contractFrom !== null && isBefore(day, contractFrom)) return false;
  return contractTo === null || !isBefore(contractTo, day);
}

/**
 * The periods to ask for, the most valuable first: days, months, years, then those of the first look back in the same
 * order, each newest first. Nothing due → an empty list. Today and what lies ahead is never asked for; what was asked for
 * more than 5 minutes in the future was so under a wrong clock, and is due.
 */
export function dueNow(states: readonly PeriodState[], nowEpochMs: number): PeriodState[] {
  const candidates = states.filter((state) => isDueBy(state, nowEpochMs) || wasAskedInTheFuture(state, nowEpochMs));
  if (candidates.length === 0) return [];
  const today = localDay(nowEpochMs);
  return candidates
    .filter((state) => isBefore(state.startsOn, today))
    .filter((state) => isDueBy(state, nowEpochMs) || isSpoiltByClock(state, today))
    .sort(mostValuableFirst);
}

const RANK_OF_SPAN = { day: 0, month: 1, year: 2 } as const;

function mostValuableFirst(one: PeriodState, other: PeriodState): number {
  return (
    Number(one.isHistory) - Number(other.isHistory) ||
    RANK_OF_SPAN[one.span] - RANK_OF_SPAN[other.span] ||
    Temporal.PlainDate.compare(other.startsOn, one.startsOn)
  );
}

/**
 * The rows that a wrong clock has left with an `askedEpochMs` in the future, put right; to be saved before `dueNow`, so
 * that they do not come up in every cycle until that time has come. Rows that are in order are left out.
 */
export function mendClock(states: readonly PeriodState[], settings: PlanSettings, nowEpochMs: number): PeriodState[] {
  const today = localDay(nowEpochMs);
  return states
    .filter((state) => wasAskedInTheFuture(state, nowEpochMs))
    .map((state) => {
      const mended = { ...state, askedEpochMs: nowEpochMs };
      if (!isSpoiltByClock(state, today)) return mended;
      // A day that lies ahead and is settled was settled by a clock that was right: today's is wrong. One that was settled
      // without a total was so by a clock ahead of its time, before there was anything to read.
      const isSettled = state.settledEpochMs !== null && state.kwhTold !== null;
      if (state.span === "day" && isSettled && !isBefore(state.startsOn, today)) return mended;
      const dueSince = firstAsk(state.startsOn, settings);
      return { ...mended, nextAskEpochMs: Math.min(state.nextAskEpochMs ?? dueSince, dueSince) };
    });
}

/**
 * A day after its answer was stored. `stored`: what is stored of it now. `isInconsistent`: it was read because Caruna+'s
 * total of it differed from the stored hours, and it differs still (Caruna+ is inconsistent, or has revised the day since it
 * told the total); to be told, it does not come again for the same sums. `isShort`: it is settled with fewer hours than
 * it has on the wall clock, as their sum is Caruna+'s total of it; to be told likewise.
 */
export function afterDay(
  state: PeriodState,
  stored: StoredSum,
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): { state: PeriodState; isInconsistent: boolean; isShort: boolean } {
  const complete = isComplete(state.startsOn, stored);
  const { compared, isInconsistent } = afterReading(state, stored, complete, nowEpochMs);
  const schedule = scheduleOfDay(state, stored, point, settings, nowEpochMs);
  const isShort =
    !complete &&
    stored.hours > 0 &&
    schedule.settledEpochMs !== null &&
    state.settledEpochMs === null &&
    !isInconsistent;
  // The look back has read it; what comes next, its second reading say, is not the look back's any more.
  const after = { ...state, askedEpochMs: nowEpochMs, ...compared, ...schedule, isHistory: false };
  return { state: after, isInconsistent, isShort };
}

/**
 * A month and its days after a `monthly` answer: the month first, then the days that changed or are new.
 *
 * `told`: the days of which Caruna+ tells a total; `stored`: those with stored hours, as they are after every answer that
 * came before was written; `days`: the rows there are of them.
 */
export function afterMonth(
  state: PeriodState,
  told: readonly ToldSum[],
  stored: readonly StoredSum[],
  days: readonly PeriodState[],
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState[] {
  const today = localDay(nowEpochMs);
  const limit = lookBackFrom(point, settings);
  const storedByDay = byFirstDay(stored);
  const knownByDay = byFirstDay(days);
  const changed: PeriodState[] = [];
  let isExplained = true;
  for (const sum of told) {
    const day = sum.startsOn;
    const hours = storedByDay.get(day.toString());
    const known = knownByDay.get(day.toString());
    if (!isBefore(day, today)) continue;
    if (isBeyond(limit, day, hours) || isStillArriving(known, hours, today, settings)) {
      isExplained = false;
      continue;
    }
    const after = compared(state, known, "day", sum, hours, settings, nowEpochMs);
    if (after !== known && (known !== undefined || after.nextAskEpochMs !== null)) changed.push(after);
    if (isDueBy(after, nowEpochMs)) isExplained = false;
  }
  return [afterAskingMonth(state, stored, isExplained, point, settings, nowEpochMs), ...changed];
}

/** `isExplained`: no day of the month is due, left out, or on its way. */
function afterAskingMonth(
  state: PeriodState,
  stored: readonly StoredSum[],
  isExplained: boolean,
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState {
  const today = localDay(nowEpochMs);
  const asked = {
    ...state,
    askedEpochMs: nowEpochMs,
    timesAsked: 0,
    nextAskEpochMs: isMonthAskedDaily(state.startsOn, point, today, nowEpochMs)
      ? nextDailyCheck(state.meteringPointId, today, settings)
      : null,
    // The look back has seen it; what comes next is a check like any other.
    isHistory: false,
  };
  if (!isExplained) return asked;
  // Its year told another total, and yet every day is as it should be: the pair is accepted, until either changes.
  if (state.kwhTold !== null && state.verifiedEpochMs === null) return { ...asked, kwhStored: total(stored) };
  return { ...asked, verifiedEpochMs: nowEpochMs };
}

/**
 * A year after a `yearly` answer: the year first, then its months that changed or are new, and the next older year while
 * looking back. `known`: the rows there are of its months, and of all years of this metering point; else as `afterMonth`.
 */
export function afterYear(
  state: PeriodState,
  told: readonly ToldSum[],
  stored: readonly StoredSum[],
  known: readonly PeriodState[],
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState[] {
  const today = localDay(nowEpochMs);
  const limit = lookBackFrom(point, settings);
  const storedByMonth = byFirstDay(stored);
  const knownByMonth = byFirstDay(known.filter(({ span }) => span === "month"));
  const changed: PeriodState[] = [];
  for (const sum of told) {
    const month = sum.startsOn;
    const hours = storedByMonth.get(month.toString());
    const before = knownByMonth.get(month.toString());
    const lastDay = month.add({ months: 1 }).subtract({ days: 1 });
    if (!isBefore(month, today) || isBeyond(limit, lastDay, hours)) continue;
    // It is asked for anyway: the current and the previous month every day, and those that wait already.
    if (before !== undefined && before.nextAskEpochMs !== null) continue;
    const after = compared(state, before, "month", sum, hours, settings, nowEpochMs);
    if (after !== before && (before !== undefined || after.nextAskEpochMs !== null)) changed.push(after);
  }
  const isExplained = !changed.some((month) => isDueBy(month, nowEpochMs));
  const year = afterAskingYear(state, told, stored, isExplained, point, settings, nowEpochMs);
  const years = known.filter(({ span }) => span === "year");
  return [year, ...changed, ...nextOlderYear(year, years, point, settings)];
}

function afterAskingYear(
  state: PeriodState,
  told: readonly ToldSum[],
  stored: readonly StoredSum[],
  isExplained: boolean,
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState {
  const today = localDay(nowEpochMs);
  const isEmpty = total(told) === 0 && stored.every(({ hours }) => hours === 0);
  const isNewest = !isBefore(state.startsOn, newestYear(point, today));
  return {
    ...state,
    askedEpochMs: nowEpochMs,
    timesAsked: 0,
    nextAskEpochMs: isNewest || !isEmpty ? nextWeeklyCheck(state, today, settings) : null,
    kwhTold: isEmpty ? null : total(told),
    kwhStored: isEmpty ? null : total(stored),
    verifiedEpochMs: isExplained ? nowEpochMs : state.verifiedEpochMs,
    isHistory: false,
  };
}

/** The year before `year`, where looking back has not reached it and goes on. */
function nextOlderYear(
  year: PeriodState,
  years: readonly PeriodState[],
  point: PlannedMeteringPoint,
  settings: PlanSettings,
): PeriodState[] {
  const startsOn = year.startsOn.subtract({ years: 1 });
  const yearsByNumber = new Map(years.map((known) => [known.startsOn.year, known]));
  const limit = lookBackFrom(point, settings);
  if (yearsByNumber.has(startsOn.year) || (limit !== null && startsOn.year < limit.year)) return [];
  const emptyYears: number[] = [];
  for (let newer: PeriodState | undefined = year; newer !== undefined && isEmptyYear(newer); ) {
    emptyYears.push(newer.startsOn.year);
    newer = yearsByNumber.get(newer.startsOn.year + 1);
  }
  const contractYear = point.contractFrom?.year ?? Number.POSITIVE_INFINITY;
  const goesOn =
    startsOn.year >= contractYear
      ? emptyYears.length < MOST_EMPTY_YEARS
      : emptyYears.filter((number) => number < contractYear).length < EMPTY_YEARS_BEFORE_CONTRACT;
  if (!goesOn) return [];
  const older = newPeriod(point.id, "year", startsOn);
  return [{ ...older, nextAskEpochMs: firstAsk(startsOn, settings), isHistory: true }];
}

function isEmptyYear(year: PeriodState): boolean {
  return year.askedEpochMs !== null && year.kwhTold === null;
}

/** A period whose request failed, for a reason that is its own: again in an hour, then at growing intervals up to a day. */
export function afterFailure(state: PeriodState, nowEpochMs: number): PeriodState {
  const nextAskEpochMs = nowEpochMs + pauseMs(state.timesAsked, LONGEST_PAUSE_AFTER_FAILURE_MS);
  return { ...state, askedEpochMs: nowEpochMs, nextAskEpochMs, timesAsked: state.timesAsked + 1 };
}

/** The row of a period that its month or year tells of; it is history where both were found by the first look back. */
function compared(
  parent: PeriodState,
  known: PeriodState | undefined,
  span: "day" | "month",
  told: ToldSum,
  stored: StoredSum | undefined,
  settings: PlanSettings,
  nowEpochMs: number,
): PeriodState {
  const before = known ?? newPeriod(parent.meteringPointId, span, told.startsOn);
  const dueSince = firstAsk(told.startsOn, settings);
  const byTotals = afterComparing(before, told, stored, dueSince, nowEpochMs);
  const after = afterReport(before, byTotals, told, stored, dueSince, nowEpochMs);
  const isHistory = parent.isHistory && (known === undefined || known.isHistory);
  return after === before || after.nextAskEpochMs === null ? after : { ...after, isHistory };
}

/** Whether `backfill` leaves out a period that ends with this day; what is stored all the same is looked after. */
function isBeyond(
  limit: Temporal.PlainDate | null,
  lastDay: Temporal.PlainDate,
  stored: StoredSum | undefined,
): boolean {
  return isBeforeLimit(lastDay, limit) && (stored === undefined || stored.hours === 0);
}

/** A recent day that is not complete is asked for on its own schedule: that its total differs says nothing. */
function isStillArriving(
  known: PeriodState | undefined,
  stored: StoredSum | undefined,
  today: Temporal.PlainDate,
  settings: PlanSettings,
): boolean {
  if (known === undefined || known.nextAskEpochMs === null) return false;
  return isRecent(known.startsOn, today, settings) && !isComplete(known.startsOn, stored);
}

function isDueBy(state: PeriodState, nowEpochMs: number): boolean {
  return state.nextAskEpochMs !== null && state.nextAskEpochMs <= nowEpochMs;
}

function byFirstDay<Period extends { readonly startsOn: Temporal.PlainDate }>(
  periods: readonly Period[],
): ReadonlyMap<string, Period> {
  return new Map(periods.map((period) => [period.startsOn.toString(), period]));
}

function total(sums: readonly { readonly kwhTotal: number }[]): number {
  return sums.reduce((kwh, sum) => kwh + sum.kwhTotal, 0);
}
