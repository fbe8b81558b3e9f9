import type { Series } from "../../api.js";
import { type By, type DaySpan, dayOf, periodsOf } from "./days.js";

/** One period that the page shows, whether something is stored of it or not. Sums in kWh and EUR. */
export interface Slot {
  /** Start of an hour, epoch milliseconds; of other periods their first local day. */
  readonly period: string | number;
  readonly total: number | null;
  readonly day: number | null;
  readonly night: number | null;
  readonly winter: number | null;
  /** What of the total is in none of the three. */
  readonly rest: number | null;
  readonly production: number | null;
  readonly celsius: number | null;
  readonly eur: number | null;
  /** Hours that are stored. */
  readonly hours: number;
}

/** Less than this is the noise of sums, kWh. */
const NOISE_KWH = 0.005;

/** The periods of a span in order, so that a month has all its days on the axis though some are still to come. */
export function slotsOf(series: Series, by: By, span: DaySpan): Slot[] {
  const places = new Map(series.start.map((seconds, place) => [keyOf(by, seconds * 1000), place]));
  return periodsOf(by, span).map((period) => slotAt(series, period, places.get(period)));
}

/** The way in which `periodsOf` names the period of an instant. */
function keyOf(by: By, epochMs: number): string | number {
  if (by === "hour") return epochMs;
  const day = dayOf(epochMs);
  if (by === "day") return day;
  return by === "month" ? `${day.slice(0, 7)}-01` : `${day.slice(0, 4)}-01-01`;
}

/** The months of a whole history, as the server gave them. */
export function monthsOf(series: Series): Slot[] {
  return series.start.map((seconds, place) => slotAt(series, keyOf("month", seconds * 1000), place));
}

function slotAt(series: Series, period: string | number, place: number | undefined): Slot {
  const at = (column: readonly (number | null)[]) => (place === undefined ? null : (column[place] ?? null));
  const [total, day, night, winter] = [
    at(series.kwhTotal),
    at(series.kwhDay),
    at(series.kwhNight),
    at(series.kwhNightWinter),
  ];
  const rest = total === null ? null : total - (day ?? 0) - (night ?? 0) - (winter ?? 0);
  return {
    ...{ period, total, day, night, winter },
    rest: rest !== null && rest > NOISE_KWH ? rest : null,
    production: at(series.kwhProduction),
    celsius: at(series.celsius),
    eur: at(series.eurTotal),
    hours: at(series.hours) ?? 0,
  };
}

/** The sum of those that have one; `null` where none has. */
export function sumOf(values: readonly (number | null)[]): number | null {
  const given = values.filter((value) => value !== null);
  return given.length === 0 ? null : given.reduce((sum, value) => sum + value, 0);
}

/** The mean temperature, each period weighed by its hours; `null` where none has one. */
export function meanCelsius(slots: readonly Slot[]): number | null {
  const given = slots.flatMap(({ celsius, hours }) =>
    celsius === null ? [] : [{ celsius, hours: Math.max(1, hours) }],
  );
  const hours = given.reduce((sum, slot) => sum + slot.hours, 0);
  return hours === 0 ? null : given.reduce((sum, slot) => sum + slot.celsius * slot.hours, 0) / hours;
}
