import { Temporal } from "temporal-polyfill";
import { hoursOfDay, localDay } from "../../energy/index.js";
import { ZONE } from "../../shared/local-day.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, Span, StoredSum } from "./period.js";
import { isAllOf } from "./planner-compare.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A day is read once more when it is this old; from `SETTLED_DAYS` on a reading is its last. */
const SECOND_READING_DAYS = 15;
const SETTLED_DAYS = 14;
/** Without an hour for this long a metering point is dormant; a new one is given as long. */
const DORMANT_MS = 30 * DAY_MS;
/** Yesterday's hours are there in the morning mostly: a day that is asked for but once is asked for after that. */
const DORMANT_LATER_MS = 6 * HOUR_MS;
const LONGEST_PAUSE_MS = 6 * HOUR_MS;
/** A cycle an hour asks some seconds after the full hour: "an hour later" must not fall just behind the next one. */
const SLACK_MS = 5 * MINUTE_MS;
const LONGEST_WAIT_DAYS = 30;
const YEAR_MS = 365 * DAY_MS;
/** Fees come with the invoice, weeks after the energy: days after which a day without them is read again. */
const AGES_OF_FEES = [3, 7, 14, 30, 60];
/** So many metering points, about, have their checks at one time of the day: fewer would not be worth a login of their own. */
const CHECKED_TOGETHER = 20;
/** An `askedEpochMs` further ahead than this was written under a wrong clock. */
const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;

export function isBefore(one: Temporal.PlainDate, other: Temporal.PlainDate): boolean {
  return Temporal.PlainDate.compare(one, other) < 0;
}

/** The instant at which the wall clock in Finland shows `minutes` after midnight on that day. */
function wallTime(day: Temporal.PlainDate, minutes: number): number {
  const plainTime = new Temporal.PlainTime(Math.floor(minutes / 60), minutes % 60);
  return day.toZonedDateTime({ timeZone: ZONE, plainTime }).epochMilliseconds;
}

/**
 * The time at which a period is worth asking for first: the day after its first day. For a period that lies in the past
 * it is a time in the past, which no wrong clock can move; "due now" is written as this.
 */
export function firstAsk(startsOn: Temporal.PlainDate, settings: PlanSettings): number {
  return wallTime(startsOn.add({ days: 1 }), settings.askFromMinutes);
}

/** As `firstAsk`, for the day of a dormant metering point, which is asked for but once. */
export function onlyAsk(day: Temporal.PlainDate, settings: PlanSettings): number {
  return firstAsk(day, settings) + DORMANT_LATER_MS;
}

/** A period of which nothing is known yet, and for which nothing is due. */
export function newPeriod(meteringPointId: string, span: Span, startsOn: Temporal.PlainDate): PeriodState {
  return {
    meteringPointId,
    span,
    startsOn,
    nextAskEpochMs: null,
    askedEpochMs: null,
    timesAsked: 0,
    kwhTold: null,
    kwhStored: null,
    verifiedEpochMs: null,
    settledEpochMs: null,
    isHistory: false,
    reported: null,
    timesReported: 0,
  };
}

export function isComplete(day: Temporal.PlainDate, stored: StoredSum | undefined): boolean {
  return stored !== undefined && stored.hours >= hoursOfDay(day).length;
}

/** Whether a day is one of the last `daysToLoad`; `today` is not. */
export function isRecent(day: Temporal.PlainDate, today: Temporal.PlainDate, settings: PlanSettings): boolean {
  return isBefore(day, today) && !isBefore(day, today.subtract({ days: settings.daysToLoad }));
}

function isOldEnoughToSettle(day: Temporal.PlainDate, today: Temporal.PlainDate): boolean {
  return !isBefore(today, day.add({ days: SETTLED_DAYS }));
}

/** Whether a metering point has had no hour for a month, and is not a new one either. */
export function isDormant(point: PlannedMeteringPoint, nowEpochMs: number): boolean {
  const since = nowEpochMs - DORMANT_MS;
  return point.firstSeenEpochMs < since && (point.newestHourEpochMs === null || point.newestHourEpochMs < since);
}

/** An hour, then twice as long each time, up to `longestMs`; a little less, so that the cycle of that time finds it due. */
export function pauseMs(timesAsked: number, longestMs: number = LONGEST_PAUSE_MS): number {
  return Math.min(HOUR_MS * 2 ** timesAsked, longestMs) - SLACK_MS;
}

/** How long a day with missing hours is left alone: half its age, a month at the most; after a year, a year. */
function pauseWhileMissingMs(day: Temporal.PlainDate, nowEpochMs: number): number {
  const ageMs = nowEpochMs - wallTime(day, 0);
  if (ageMs >= YEAR_MS) return YEAR_MS - SLACK_MS;
  return Math.min(ageMs / 2, LONGEST_WAIT_DAYS * DAY_MS) - SLACK_MS;
}

/**
 * The time since which a day without fees is to be read again, where neighbouring days have them: 3, 7, 14, 30 and 60 days
 * after it; undefined where it was read since then.
 */
export function feesDueSince(state: PeriodState, settings: PlanSettings, nowEpochMs: number): number | undefined {
  const times = AGES_OF_FEES.map((days) => wallTime(state.startsOn.add({ days }), settings.askFromMinutes));
  const since = times.filter((time) => time <= nowEpochMs).at(-1);
  return since !== undefined && (state.askedEpochMs ?? 0) < since ? since : undefined;
}

/** When a day that was answered now is asked for again, and whether this was its last reading. */
export function scheduleOfDay(
  state: PeriodState,
  stored: StoredSum,
  point: PlannedMeteringPoint,
  settings: PlanSettings,
  nowEpochMs: number,
): Pick<PeriodState, "nextAskEpochMs" | "timesAsked" | "settledEpochMs"> {
  const day = state.startsOn;
  const today = localDay(nowEpochMs);
  const complete = isComplete(day, stored);
  // Somebody asked for a day before its time, which is still to come.
  if (!complete && nowEpochMs < firstAsk(day, settings)) {
    return { nextAskEpochMs: firstAsk(day, settings), timesAsked: 0, settledEpochMs: null };
  }
  const timesAsked = complete ? 0 : state.timesAsked + 1;
  const isDormantDay = stored.hours === 0 && isDormant(point, nowEpochMs);
  if (!complete && !isDormantDay && isRecent(day, today, settings)) {
    return { nextAskEpochMs: nowEpochMs + pauseMs(state.timesAsked), timesAsked, settledEpochMs: null };
  }
  if (!complete && !isDormantDay && isMissingHours(state, stored)) {
    const again = nowEpochMs + pauseWhileMissingMs(day, nowEpochMs);
    const secondReading = wallTime(day.add({ days: SECOND_READING_DAYS }), settings.askFromMinutes);
    const nextAskEpochMs = isOldEnoughToSettle(day, today) ? again : Math.min(again, secondReading);
    return { nextAskEpochMs, timesAsked, settledEpochMs: null };
  }
  if (isOldEnoughToSettle(day, today)) return { nextAskEpochMs: null, timesAsked, settledEpochMs: nowEpochMs };
  if (isDormantDay) return { nextAskEpochMs: null, timesAsked, settledEpochMs: null };
  const secondReading = wallTime(day.add({ days: SECOND_READING_DAYS }), settings.askFromMinutes);
  return { nextAskEpochMs: secondReading, timesAsked, settledEpochMs: null };
}

/** Whether an incomplete day lacks something that Caruna+ has: where its total is all there, or it shows nothing, not. */
function isMissingHours(state: PeriodState, stored: StoredSum): boolean {
  if (isAllOf(state.kwhTold, stored)) return false;
  return stored.hours > 0 || (state.kwhTold ?? 0) !== 0;
}

/** Minutes after local midnight at which a metering point's checks are made: where there are many, spread over the day. */
function minutesOfChecks(pointId: string, settings: PlanSettings): number {
  const { askFromMinutes, meteringPoints } = settings;
  const minutesLeft = 24 * 60 - askFromMinutes;
  const times = Math.max(1, Math.min(Math.ceil(meteringPoints / CHECKED_TOGETHER), minutesLeft));
  return askFromMinutes + Math.floor(((hash(pointId) % times) * minutesLeft) / times);
}

/** FNV-1a, 32 bits: the same number for the same text on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}

/** The current and the previous month of a metering point in use are compared once a day. */
export function isMonthAskedDaily(
  month: Temporal.PlainDate,
  point: PlannedMeteringPoint,
  today: Temporal.PlainDate,
  nowEpochMs: number,
): boolean {
  const isCurrentOrPrevious = !isBefore(month, today.with({ day: 1 }).subtract({ months: 1 }));
  return isCurrentOrPrevious && !isDormant(point, nowEpochMs);
}

/** Tomorrow's check of a month. */
export function nextDailyCheck(pointId: string, today: Temporal.PlainDate, settings: PlanSettings): number {
  return wallTime(today.add({ days: 1 }), minutesOfChecks(pointId, settings));
}

/** The next check of a year, on its own day of the week, tomorrow at the soonest. */
export function nextWeeklyCheck(year: PeriodState, today: Temporal.PlainDate, settings: PlanSettings): number {
  const dayOfWeek = (year.startsOn.year % 7) + 1;
  const days = ((dayOfWeek - today.dayOfWeek + 6) % 7) + 1;
  return wallTime(today.add({ days }), minutesOfChecks(year.meteringPointId, settings));
}

/** First day of the newest year in which a metering point can have hours: this one, or the one in which its contract ended. */
export function newestYear(point: PlannedMeteringPoint, today: Temporal.PlainDate): Temporal.PlainDate {
  const last = point.contractTo !== null && isBefore(point.contractTo, today) ? point.contractTo : today;
  return last.with({ month: 1, day: 1 });
}

/**
 * The first day that is looked after even when nothing of it is stored; `null`: all days are. What was published while
 * the program was away after it first saw the metering point is no history, whatever `backfill` says.
 */
export function lookBackFrom(point: PlannedMeteringPoint, settings: PlanSettings): Temporal.PlainDate | null {
  if (settings.backfill === "all") return null;
  const firstSeen = localDay(point.firstSeenEpochMs).subtract({ days: settings.daysToLoad });
  const firstStored = firstStoredDay(point);
  const firstLoaded = firstStored !== null && isBefore(firstStored, firstSeen) ? firstStored : firstSeen;
  if (settings.backfill === "none") return firstLoaded;
  return isBefore(settings.backfill, firstLoaded) ? settings.backfill : firstLoaded;
}

/** Whether a day lies before the `limit` that `lookBackFrom` has found. */
export function isBeforeLimit(day: Temporal.PlainDate, limit: Temporal.PlainDate | null): boolean {
  return limit !== null && isBefore(day, limit);
}

/** The local day of the first hour that was ever stored from Caruna+: what came since then is never left to the backfill. */
export function firstStoredDay({ oldestHourEpochMs }: PlannedMeteringPoint): Temporal.PlainDate | null {
  return oldestHourEpochMs === undefined || oldestHourEpochMs === null ? null : localDay(oldestHourEpochMs);
}

/** Whether a period was asked for at a time that has not come yet: the clock was wrong then, or is now. */
export function wasAskedInTheFuture(state: PeriodState, nowEpochMs: number): boolean {
  return state.askedEpochMs !== null && state.askedEpochMs > nowEpochMs + CLOCK_TOLERANCE_MS;
}

/**
 * Whether what a wrong clock made of a period can do harm. Where it is to be asked for, that clock has said when. Else not
 * where a day was settled and is old enough for that by the clock of today, nor to a month that only a year's comparison
 * asks for.
 */
export function isSpoiltByClock(state: PeriodState, today: Temporal.PlainDate): boolean {
  if (state.nextAskEpochMs !== null || state.span === "year") return true;
  if (state.span === "month") return !isBefore(state.startsOn, today.with({ day: 1 }).subtract({ months: 1 }));
  return state.settledEpochMs === null || !isOldEnoughToSettle(state.startsOn, today);
}
