import { addDays, type By, clockOf, type DaySpan, dayOf, HOUR_MS, utcOf } from "./days.js";
import type { Words } from "./words.js";

const MINUTE_MS = 60_000;

/** Numbers, days and instants as the language writes them; instants in Finnish time. */
export class Format {
  readonly #words: Words;
  // Formatters take long to make and none to use.
  readonly #numberFormats = new Map<string, Intl.NumberFormat>();
  readonly #dateFormats = new Map<string, Intl.DateTimeFormat>();

  constructor(words: Words) {
    this.#words = words;
  }

  number(value: number, decimals = 0): string {
    return this.#numbers({ minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
  }

  /** As many decimals as tell something: two below 10 kWh, one below 1000. */
  kwh(value: number): string {
    const size = Math.abs(value);
    return `${this.number(value, size < 10 ? 2 : size < 1000 ? 1 : 0)}\u00a0kWh`;
  }

  eur(value: number): string {
    return this.#numbers({ style: "currency", currency: "EUR" }).format(value);
  }

  celsius(value: number): string {
    return `${this.number(value, 1)}\u00a0°C`;
  }

  percent(share: number): string {
    return this.#numbers({ style: "percent", maximumFractionDigits: 0 }).format(share);
  }

  /** "22 Nov 2026" */
  day(day: string): string {
    return this.#dates({ dateStyle: "medium", timeZone: "UTC" }).format(utcOf(day));
  }

  /** "Sunday, 22 November 2026" */
  dayInFull(day: string): string {
    return this.#dates({ dateStyle: "full", timeZone: "UTC" }).format(utcOf(day));
  }

  /** "November 2026" */
  monthInFull(day: string): string {
    return capitalized(this.#dates({ year: "numeric", month: "long", timeZone: "UTC" }).format(utcOf(day)));
  }

  /** "November"; where space is short, "Nov". `month` is 1 to 12. */
  month(month: number, length: "long" | "short" = "long"): string {
    const day = `2026-${String(month).padStart(2, "0")}-01`;
    return capitalized(this.#dates({ month: length, timeZone: "UTC" }).format(utcOf(day)));
  }

  /** "January–October 2026", "Tammikuu–lokakuu 2026" */
  months(first: number, last: number, year: number): string {
    const names = [first, last].map((month) =>
      this.#dates({ month: "long", timeZone: "UTC" }).format(utcOf(`2026-${String(month).padStart(2, "0")}-01`)),
    );
    return capitalized(`${first === last ? names[0] : names.join("–")} ${year}`);
  }

  /** "Sun" or "S"; 0 is Monday. */
  weekday(weekday: number, length: "long" | "short" | "narrow"): string {
    return this.#dates({ weekday: length, timeZone: "UTC" }).format(utcOf(addDays("2026-11-23", weekday)));
  }

  /** "17:00" or "17.00" */
  time(epochMs: number): string {
    const { hours, minutes } = clockOf(epochMs);
    return `${hours}${this.#words.clockMark}${minutes}`;
  }

  /** "22 Nov 2026 at 17:00" */
  instant(epochMs: number): string {
    return `${this.day(dayOf(epochMs))} ${this.#words.clock(this.time(epochMs))}`;
  }

  /** The end of an hour that starts then; midnight belongs to the day before, as 24:00. */
  endOfHour(startEpochMs: number): string {
    const { hours, minutes } = clockOf(startEpochMs + HOUR_MS);
    if (hours !== "00" || minutes !== "00") return this.instant(startEpochMs + HOUR_MS);
    return `${this.day(dayOf(startEpochMs))} ${this.#words.clock(`24${this.#words.clockMark}00`)}`;
  }

  /** "just now", "5 minutes ago", "now", "in 2 hours", "yesterday"; a date where it is more than a week away. */
  relative(epochMs: number, nowEpochMs: number): string {
    const distance = epochMs - nowEpochMs;
    const formatter = new Intl.RelativeTimeFormat(this.#words.locale, { numeric: "auto" });
    if (Math.abs(distance) < MINUTE_MS / 2) return distance < 0 ? this.#words.justNow : formatter.format(0, "second");
    if (Math.abs(distance) < HOUR_MS) return formatter.format(Math.round(distance / MINUTE_MS), "minute");
    if (Math.abs(distance) < 12 * HOUR_MS) return formatter.format(Math.round(distance / HOUR_MS), "hour");
    const days = Math.round((utcOf(dayOf(epochMs)) - utcOf(dayOf(nowEpochMs))) / (24 * HOUR_MS));
    return Math.abs(days) <= 7 ? formatter.format(days, "day") : this.day(dayOf(epochMs));
  }

  /** "today", "yesterday", "3 days ago"; a date where it is more than a week away. */
  relativeDay(epochMs: number, nowEpochMs: number): string {
    const days = Math.round((utcOf(dayOf(epochMs)) - utcOf(dayOf(nowEpochMs))) / (24 * HOUR_MS));
    if (Math.abs(days) > 7) return this.day(dayOf(epochMs));
    return new Intl.RelativeTimeFormat(this.#words.locale, { numeric: "auto" }).format(days, "day");
  }

  /** What is shown at once, as a heading. */
  span(by: By, { from, to }: DaySpan): string {
    if (by === "hour") return capitalized(this.dayInFull(from));
    if (by === "day") return this.monthInFull(from);
    if (by === "month") return from.slice(0, 4);
    const years = [from.slice(0, 4), to.slice(0, 4)];
    return years[0] === years[1] ? String(years[0]) : years.join("–");
  }

  /** One period of it: an hour's start (epoch milliseconds) or the first day of a period. */
  period(by: By, period: string | number): string {
    if (typeof period === "number") return `${this.time(period)}–${this.time(period + HOUR_MS)}`;
    if (by === "day") return this.dayWithWeekday(period);
    return by === "month" ? this.monthInFull(period) : period.slice(0, 4);
  }

  dayWithWeekday(day: string): string {
    const month = this.#words.monthOfDate;
    const options = { weekday: "short", day: "numeric", month, year: "numeric", timeZone: "UTC" } as const;
    return this.#dates(options).format(utcOf(day));
  }

  #numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    const format = this.#numberFormats.get(key) ?? new Intl.NumberFormat(this.#words.locale, options);
    this.#numberFormats.set(key, format);
    return format;
  }

  #dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = JSON.stringify(options);
    const format = this.#dateFormats.get(key) ?? new Intl.DateTimeFormat(this.#words.locale, options);
    this.#dateFormats.set(key, format);
    return format;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
