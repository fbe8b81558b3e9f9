import { Temporal } from "temporal-polyfill";

/** Time zone of everything that Caruna+ shows. */
export const ZONE = "Europe/Helsinki";
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

export function localTime(epochMs: number): LocalTime {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(ZONE);
  const iso = local.toString({ timeZoneName: "never", smallestUnit: "second" });
  return {
    iso,
    wallTime: iso.slice(0, "2026-11-22T23:00".length).replace("T", " "),
    utcOffsetHours: local.offsetNanoseconds / (HOUR_MS * 1e6),
  };
}
