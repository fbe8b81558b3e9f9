/** Which part of the distribution product an hour belongs to, in the words the `tariff` column has always held. */
export type Tariff = "night_winter" | "night" | "day" | "other_times";

/**
 * One published hour of one metering point.
 *
 * A `null` part means that Caruna+ gave no such part for the hour, not that it was zero.
 */
export interface HourlyReading {
  /** Start of the hour, in milliseconds since the epoch (UTC); always a whole hour. */
  readonly startEpochMs: number;
  /** Consumption of the hour, kWh. */
  readonly kwhTotal: number;
  /** The part at the day price, or outside the winter day of a seasonal product, kWh. */
  readonly kwhDay: number | null;
  /** The part at the night price, kWh. */
  readonly kwhNight: number | null;
  /** The winter part of a seasonal product, kWh. */
  readonly kwhNightWinter: number | null;
  readonly tariff: Tariff;
}
