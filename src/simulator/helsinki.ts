/**
 * Local time of Europe/Helsinki by the EU's own rule, in plain arithmetic. It is written apart from the program's calendar
 * on purpose: the simulator's truth must not share a mistake with the code that it is compared with. Valid since 1996.
 */

export const HOUR_MS = 3_600_000;

export interface LocalTime {
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 1 = Monday … 7 = Sunday */
  readonly weekday: number;
}

/** The instant of the change on the last Sunday of a month of 31 days, 01:00 UTC. */
function changeOnLastSunday(year: number, monthIndex: number): number {
  const last = new Date(Date.UTC(year, monthIndex, 31));
  return Date.UTC(year, monthIndex, 31 - last.getUTCDay(), 1);
}

/** Hours that Helsinki is ahead of UTC at an instant: 3 in summer time, 2 otherwise. */
export function offsetHoursAt(epochMs: number): 2 | 3 {
  const year = new Date(epochMs).getUTCFullYear();
  const summer = summers.get(year) ?? [changeOnLastSunday(year, 2), changeOnLastSunday(year, 9)];
  summers.set(year, summer);
  return epochMs >= summer[0] && epochMs < summer[1] ? 3 : 2;
}

/** First instant of summer time, and the first after it, by year. */
const summers = new Map<number, readonly [number, number]>();

/** What the clock on a Finnish wall shows at an instant. */
export function localTimeAt(epochMs: number): LocalTime {
  const shifted = new Date(epochMs + offsetHoursAt(epochMs) * HOUR_MS);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    weekday: shifted.getUTCDay() === 0 ? 7 : shifted.getUTCDay(),
  };
}

/** The instant of local midnight; days and months beyond their range roll over as in `Date.UTC`. */
export function startOfLocalDay(year: number, month: number, day: number): number {
  const midnightUtc = Date.UTC(year, month - 1, day);
  // The change is at 03:00/04:00 local, so the evening before tells the offset of midnight.
  return midnightUtc - offsetHoursAt(midnightUtc - 3 * HOUR_MS) * HOUR_MS;
}

/** The starts of the hours of one local day: 24 of them, 23 in March and 25 in October. */
export function hoursOfLocalDay(year: number, month: number, day: number): number[] {
  const end = startOfLocalDay(year, month, day + 1);
  const hours: number[] = [];
  for (let hour = startOfLocalDay(year, month, day); hour < end; hour += HOUR_MS) hours.push(hour);
  return hours;
}

/** Whole hours of a local month: the monthly fee is spread over them. */
export function hoursInLocalMonth(year: number, month: number): number {
  return (startOfLocalDay(year, month + 1, 1) - startOfLocalDay(year, month, 1)) / HOUR_MS;
}

/** `2023-08-14T22:00:00+03:00` */
export function isoWithOffset(epochMs: number): string {
  return `${isoWithoutZone(epochMs)}+0${offsetHoursAt(epochMs)}:00`;
}

/** `2023-08-14T22:00:00`, the wall clock with no zone. */
export function isoWithoutZone(epochMs: number): string {
  return new Date(epochMs + offsetHoursAt(epochMs) * HOUR_MS).toISOString().slice(0, 19);
}
