/*
 * Local days (Europe/Helsinki) as the server writes them, "2026-11-22": arithmetic on the calendar, and the way from an
 * instant to a day and back. The browser's own zone plays no part.
 */

export const ZONE = "Europe/Helsinki";
const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

export type By = "hour" | "day" | "month" | "year";
export const BYS = ["hour", "day", "month", "year"] as const satisfies readonly By[];

/** First and last local day. */
export interface DaySpan {
  readonly from: string;
  readonly to: string;
}

const PARTS = new Intl.DateTimeFormat("sv-SE", {
  timeZone: ZONE,
  ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
});

/** "2026-11-22 17:00", the wall clock in Finland. */
function wallClock(epochMs: number): string {
  return PARTS.format(epochMs);
}

/** The local day of an instant. */
export function dayOf(epochMs: number): string {
  return wallClock(epochMs).slice(0, 10);
}

/** Hour and minutes of the wall clock at an instant, two digits each. */
export function clockOf(epochMs: number): { readonly hours: string; readonly minutes: string } {
  return { hours: wallClock(epochMs).slice(11, 13), minutes: wallClock(epochMs).slice(14, 16) };
}

/** First instant of a local day, epoch milliseconds. Finland is two hours ahead of UTC, three in summer. */
export function startOf(day: string): number {
  const winter = utcOf(day) - 2 * HOUR_MS;
  return wallClock(winter) === `${day} 00:00` ? winter : winter - HOUR_MS;
}

/** Start of every hour of a local day, epoch milliseconds: 23, 24 or 25 of them. */
export function hoursOf(day: string): number[] {
  const start = startOf(day);
  return Array.from({ length: (startOf(addDays(day, 1)) - start) / HOUR_MS }, (_, hour) => start + hour * HOUR_MS);
}

/** Midnight UTC of that date: what is formatted in UTC shows the date. */
export function utcOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

export function addDays(day: string, count: number): string {
  return new Date(utcOf(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from one to the other. */
export function daysBetween(from: string, to: string): number {
  return Math.round((utcOf(to) - utcOf(from)) / DAY_MS);
}

/** The same day of another month, or that month's last. */
export function addMonths(day: string, count: number): string {
  const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
  const first = new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10);
  const wanted = Number(day.slice(8, 10));
  return addDays(first, Math.min(wanted, daysInMonth(first)) - 1);
}

export function daysInMonth(day: string): number {
  const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** 0: Monday, to 6: Sunday. */
export function weekdayOf(day: string): number {
  return (new Date(utcOf(day)).getUTCDay() + 6) % 7;
}

/** True for a day that the calendar has. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(utcOf(text)) && addDays(text, 0) === text;
}

/** Hours that the wall clock shows from one day to the other, both included. */
export function hoursIn({ from, to }: DaySpan): number {
  return (startOf(addDays(to, 1)) - startOf(from)) / HOUR_MS;
}

/** What is shown at once around a day: the hours of a day, the days of a month, the months of a year; years: everything. */
export function spanOf(by: By, day: string, everything: DaySpan): DaySpan {
  if (by === "hour") return { from: day, to: day };
  const year = day.slice(0, 4);
  if (by === "day") return { from: `${day.slice(0, 7)}-01`, to: `${day.slice(0, 7)}-${daysInMonth(day)}` };
  if (by === "month") return { from: `${year}-01-01`, to: `${year}-12-31` };
  return { from: `${everything.from.slice(0, 4)}-01-01`, to: `${everything.to.slice(0, 4)}-12-31` };
}

/** The same day of the period before (`-1`) or after (`1`); `undefined` where nothing is stored there. */
export function turned(by: By, day: string, step: -1 | 1, everything: DaySpan): string | undefined {
  if (by === "year") return undefined;
  const next = by === "hour" ? addDays(day, step) : addMonths(day, by === "day" ? step : 12 * step);
  const span = spanOf(by, next, everything);
  if (span.to < everything.from || span.from > everything.to) return undefined;
  return clamped(next, everything);
}

/** The day, or the end of the span that is nearest. */
export function clamped(day: string, { from, to }: DaySpan): string {
  if (day < from) return from;
  return day > to ? to : day;
}

/** The periods of a span: the first day of each, of hours their starts as epoch milliseconds. */
export function periodsOf(by: By, { from, to }: DaySpan): (string | number)[] {
  if (by === "hour") return hoursOf(from);
  if (by === "day") return Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index));
  const [first, last] = [Number(from.slice(0, 4)), Number(to.slice(0, 4))];
  if (by === "year") return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}-01-01`);
  return Array.from({ length: 12 }, (_, month) => `${first}-${String(month + 1).padStart(2, "0")}-01`);
}
