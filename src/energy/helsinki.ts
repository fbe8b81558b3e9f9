import { Temporal } from "temporal-polyfill";
import { ZONE } from "../shared/local-day.js";

export { ZONE };
export const HOUR_MS = 3_600_000;

/** First instant of a local day, and the first instant after it, in epoch milliseconds. */
export function dayBounds(day: Temporal.PlainDate): { startEpochMs: number; endEpochMs: number } {
  return { startEpochMs: midnight(day), endEpochMs: midnight(day.add({ days: 1 })) };
}

/** Start of every hour of a local day in epoch milliseconds: 24 of them, 23 on the March day and 25 on the October day. */
export function hoursOfDay(day: Temporal.PlainDate): number[] {
  return hoursBetween(dayBounds(day));
}

/** Start of every hour between two instants, the first included. */
export function hoursBetween({ startEpochMs, endEpochMs }: { startEpochMs: number; endEpochMs: number }): number[] {
  return Array.from({ length: (endEpochMs - startEpochMs) / HOUR_MS }, (_, hour) => startEpochMs + hour * HOUR_MS);
}

/** The date on a Finnish wall calendar at an instant. */
export function localDay(epochMs: number): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(ZONE).toPlainDate();
}

/** The last `count` whole local days before `nowEpochMs`, oldest first: the last of them is yesterday. */
export function lastDays(nowEpochMs: number, count: number): Temporal.PlainDate[] {
  const today = localDay(nowEpochMs);
  return Array.from({ length: count }, (_, index) => today.subtract({ days: count - index }));
}

/** A local day as plain numbers, so that a row costs arithmetic only. All in epoch milliseconds or milliseconds. */
export interface LocalDay {
  readonly startEpochMs: number;
  readonly endEpochMs: number;
  /** How far the wall clock is ahead of UTC at the start and at the end of the day. */
  readonly startOffsetMs: number;
  readonly endOffsetMs: number;
  /** When the clocks change on this day; the end of the day where they do not. */
  readonly changeEpochMs: number;
}

export function localDayAsNumbers(day: Temporal.PlainDate): LocalDay {
  const { startEpochMs, endEpochMs } = dayBounds(day);
  const wallMidnightMs = Date.UTC(day.year, day.month - 1, day.day);
  const startOffsetMs = wallMidnightMs - startEpochMs;
  const endOffsetMs = wallMidnightMs + 24 * HOUR_MS - endEpochMs;
  const change =
    startOffsetMs === endOffsetMs ? null : day.toZonedDateTime(ZONE).getTimeZoneTransition({ direction: "next" });
  return {
    startEpochMs,
    endEpochMs,
    startOffsetMs,
    endOffsetMs,
    changeEpochMs: change?.epochMilliseconds ?? endEpochMs,
  };
}

/**
 * The instant at which the wall clock of that day shows a time, given as if it were UTC.
 * A time shown twice is the first of the two; `undefined` for a time that the clocks skip.
 */
export function instantOfWallTime(wallMs: number, day: LocalDay): number | undefined {
  const before = wallMs - day.startOffsetMs;
  if (before < day.changeEpochMs) return before;
  const after = wallMs - day.endOffsetMs;
  return after >= day.changeEpochMs ? after : undefined;
}

/** The span of instants whose wall time comes again later that day; empty where the clocks are not set back. */
export function hoursShownTwice(day: LocalDay): { startEpochMs: number; endEpochMs: number } {
  const setBackMs = Math.max(0, day.startOffsetMs - day.endOffsetMs);
  return { startEpochMs: day.changeEpochMs - setBackMs, endEpochMs: day.changeEpochMs };
}

function midnight(day: Temporal.PlainDate): number {
  return day.toZonedDateTime(ZONE).epochMilliseconds;
}

/** An instant as it is written in Finland. */
export interface LocalTime {
  /** ISO 8601 with the offset: `2026-11-22T23:00:00+02:00`. */
  readonly iso: string;
  /** What a clock on the wall shows: `2026-11-22 23:00`. */
  readonly wallTime: string;
  /** How far that clock is ahead of UTC: 2, in summer 3 (before 1921, not a whole number). */
  readonly utcOffsetHours: number;
}

/**
 * Tells instants as they are written in Finland, one after the other. The time zone is asked once a day only: for as long as
 * the instants lie within one UTC day at whose start and end the clock is equally far ahead, they cost arithmetic alone.
 */
export function localTimes(): (epochMs: number) => LocalTime {
  let dayEpochMs = Number.NaN;
  let offsetMs: number | undefined;
  return (epochMs) => {
    const startEpochMs = Math.floor(epochMs / UTC_DAY_MS) * UTC_DAY_MS;
    if (startEpochMs !== dayEpochMs) {
      dayEpochMs = startEpochMs;
      const first = offsetMsAt(startEpochMs);
      offsetMs = first === offsetMsAt(startEpochMs + UTC_DAY_MS) ? first : undefined;
    }
    return written(epochMs, offsetMs ?? offsetMsAt(epochMs));
  };
}

const UTC_DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;

function offsetMsAt(epochMs: number): number {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(epochMs)).toZonedDateTimeISO(ZONE).offsetNanoseconds / 1e6;
}

function written(epochMs: number, offsetMs: number): LocalTime {
  // What the clock on the wall shows, as if that were UTC.
  const wall = new Date(epochMs + offsetMs).toISOString().slice(0, -".000Z".length);
  return {
    iso: wall + offsetText(offsetMs),
    wallTime: wall.slice(0, "2026-11-22T23:00".length).replace("T", " "),
    utcOffsetHours: offsetMs / HOUR_MS,
  };
}

/** As ISO 8601 has it, in whole minutes: before 1921 the clocks were 1 h 39 min 49 s ahead, which is written `+01:40`. */
function offsetText(offsetMs: number): string {
  const minutes = Math.round(offsetMs / MINUTE_MS);
  const two = (number: number) => String(number).padStart(2, "0");
  return `+${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
