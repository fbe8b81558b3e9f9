import { Temporal } from "temporal-polyfill";
import { ZONE } from "./helsinki.js";
import type { HourlyReading } from "./reading.js";

/** Distribution products whose price depends on the clock: night-time (Yösiirto) and seasonal (Kausisiirto). */
export type ClockProduct = "night" | "seasonal";

/**
 * The product that a description of Caruna's names ("Yösiirto 25 A"); undefined for products without a split by the
 * clock (Yleissiirto, Tehosiirto) and for words that are not known.
 */
export function clockProduct(description: string | null): ClockProduct | undefined {
  if (description === null) return undefined;
  if (/yösiirto|night/i.test(description)) return "night";
  if (/kausisiirto|season/i.test(description)) return "seasonal";
  return undefined;
}

type Split = Pick<HourlyReading, "kwhDay" | "kwhNight" | "kwhNightWinter" | "tariff">;

/**
 * The split of an hour by the clock, for an hour whose parts Caruna+ does not give.
 *
 * Night is 22–07 of the local clock, every day (Caruna's product page). Winter day is taken as 1 November to 31 March,
 * Monday to Saturday, 07–22 (common Finnish usage).
 */
export function splitByClock(product: ClockProduct, startEpochMs: number, kwhTotal: number): Split {
  const local = Temporal.Instant.fromEpochMilliseconds(startEpochMs).toZonedDateTimeISO(ZONE);
  const isDaytime = local.hour >= 7 && local.hour < 22;
  const none = { kwhDay: null, kwhNight: null, kwhNightWinter: null };
  if (product === "night") {
    return isDaytime ? { ...none, kwhDay: kwhTotal, tariff: "day" } : { ...none, kwhNight: kwhTotal, tariff: "night" };
  }
  const isWinter = local.month >= 11 || local.month <= 3;
  const isWinterDay = isWinter && local.dayOfWeek <= 6 && isDaytime;
  return isWinterDay
    ? { ...none, kwhNightWinter: kwhTotal, tariff: "night_winter" }
    : { ...none, kwhDay: kwhTotal, tariff: "other_times" };
}
