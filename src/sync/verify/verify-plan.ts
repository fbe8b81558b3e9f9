/*
 * What `verify` asks for, and what it makes of the answers: the plan of a cycle that remembers of every period only that it
 * was read once. What the plan would read again differs. Nothing of it is saved.
 */
import { Temporal } from "temporal-polyfill";
import { localDay } from "../../energy/index.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, Span, StoredSum, ToldSum } from "../plan/period.js";
import { afterMonth, afterYear, firstLook, isInContract, newPeriod } from "../plan/planner.js";
import { isBefore, isBeforeLimit, isComplete, isRecent, lookBackFrom, newestYear } from "../plan/planner-schedule.js";

/** What Caruna+ reports of the parts of a period, and what is stored of them. */
export interface Totals {
  readonly told: readonly ToldSum[];
  readonly stored: readonly StoredSum[];
}

/** What is planned for, and when. */
export interface Planning {
  readonly point: PlannedMeteringPoint;
  readonly settings: PlanSettings;
  readonly nowEpochMs: number;
}

/** A local month or day as Caruna+ reports it and as it is stored. */
export interface ComparedPeriod {
  readonly startsOn: Temporal.PlainDate;
  readonly told: ToldSum | undefined;
  readonly stored: StoredSum | undefined;
  /** Whether the plan would read it, since some reported value is not what is stored. */
  readonly isDue: boolean;
}

export interface ComparedDay extends ComparedPeriod {
  /** Whether its totals say enough, its hours are to be read, or nothing of it is stored. */
  readonly lookAt: "totals" | "hours" | "not loaded";
}

/** A period of which nothing is remembered but that it was read: every value of its report is compared. */
export function readOnce(meteringPointId: string, span: Span, startsOn: Temporal.PlainDate): PeriodState {
  return { ...newPeriod(meteringPointId, span, startsOn), askedEpochMs: 0 };
}

/** The years to ask for first, newest first: the plan's newest one, and all in which hours are stored. */
export function yearsToCompare({ point, nowEpochMs }: Planning): PeriodState[] {
  const stored = [point.oldestHourEpochMs, point.newestHourEpochMs].flatMap((hour) =>
    hour === null || hour === undefined ? [] : [localDay(hour).year],
  );
  const years = [newestYear(point, localDay(nowEpochMs)).year, ...stored];
  const [newest, oldest] = [Math.max(...years), Math.min(...years)];
  return Array.from({ length: newest - oldest + 1 }, (_, index) =>
    readOnce(point.id, "year", new Temporal.PlainDate(newest - index, 1, 1)),
  );
}

/** The months that the plan looks at whatever their year reports. */
export function monthsToCompare({ point, settings, nowEpochMs }: Planning): Temporal.PlainDate[] {
  return firstLook(point, settings, nowEpochMs).flatMap(({ span, startsOn }) => (span === "month" ? [startsOn] : []));
}

/**
 * The months of a year, and the year as it is now with the next older one where the plan goes on.
 *
 * @param years those known so far.
 */
export function compareYear(
  year: PeriodState,
  totals: Totals,
  years: readonly PeriodState[],
  planning: Planning,
): { months: ComparedPeriod[]; years: PeriodState[] } {
  const { point, settings, nowEpochMs } = planning;
  const months = Array.from({ length: 12 }, (_, index) =>
    readOnce(point.id, "month", year.startsOn.with({ month: index + 1 })),
  );
  const known = [...months, ...years];
  const after = afterYear(year, totals.told, totals.stored, known, point, settings, nowEpochMs);
  return {
    months: compared("month", after, totals, nowEpochMs),
    years: after.filter(({ span }) => span === "year"),
  };
}

/**
 * The days of a month that Caruna+ reports or of which something is stored; and where there are such days, or the day is one
 * of the last, those between of which nothing is: it may show their hours all the same.
 *
 * @param everyHour whether the hours of every day are to be read, whatever the totals say.
 */
export function compareMonth(
  startsOn: Temporal.PlainDate,
  totals: Totals,
  planning: Planning,
  everyHour: boolean,
): ComparedDay[] {
  const { point, settings, nowEpochMs } = planning;
  const today = localDay(nowEpochMs);
  const days = Array.from({ length: startsOn.daysInMonth }, (_, index) => startsOn.add({ days: index }));
  const month = readOnce(point.id, "month", startsOn);
  const known = days.map((day) => readOnce(point.id, "day", day));
  const after = afterMonth(month, totals.told, totals.stored, known, point, settings, nowEpochMs);
  const seen = compared("day", after, totals, nowEpochMs);
  const limit = lookBackFrom(point, settings);
  const unseen = days
    .filter((day) => isBefore(day, today) && isInContract(day, point) && !isBeforeLimit(day, limit))
    .filter((day) => !seen.some((other) => other.startsOn.equals(day)))
    .filter((day) => everyHour || seen.length > 0 || isRecent(day, today, settings))
    .map((day) => ({ startsOn: day, told: undefined, stored: undefined, isDue: false }));
  return [...seen, ...unseen].map((day) => ({ ...day, lookAt: lookAt(day, everyHour) }));
}

/** A total of 0 may stand for a day without hours. */
function lookAt({ startsOn, told, stored, isDue }: ComparedPeriod, everyHour: boolean): ComparedDay["lookAt"] {
  if (everyHour) return "hours";
  if ((stored?.hours ?? 0) === 0 && told !== undefined && told.kwhTotal !== 0) return "not loaded";
  return isDue || told === undefined || !isComplete(startsOn, stored) ? "hours" : "totals";
}

/** What the plan has looked at, and what is stored and not reported; not today, and nothing that lies ahead. */
function compared(
  span: Span,
  after: readonly PeriodState[],
  { told, stored }: Totals,
  nowEpochMs: number,
): ComparedPeriod[] {
  const today = localDay(nowEpochMs);
  const own = after.filter((state) => state.span === span);
  const starts = new Map([...own, ...stored].map(({ startsOn }) => [startsOn.toString(), startsOn]));
  return [...starts.values()]
    .filter((startsOn) => isBefore(startsOn, today))
    .map((startsOn) => ({
      startsOn,
      told: told.find((sum) => sum.startsOn.equals(startsOn)),
      stored: stored.find((sum) => sum.startsOn.equals(startsOn)),
      isDue: own.some((state) => state.startsOn.equals(startsOn) && state.nextAskEpochMs !== null),
    }));
}
