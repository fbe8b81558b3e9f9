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

/** Where the columns of the tariff parts come from: Caruna+'s own parts, or the calendar of the contract's product. */
export type SplitSource = "caruna" | "calendar";

/** A published hour with everything that Caruna+ tells of it. `null`: not told. */
export interface MeteredHour extends HourlyReading {
  /** `invoicedConsumption`, kWh. */
  readonly kwhInvoiced: number | null;
  /** `production`, kWh. */
  readonly kwhProduction: number | null;
  /** `soldProduction`, kWh. */
  readonly kwhSold: number | null;
  /** `compensatedProduction`, kWh. */
  readonly kwhCompensated: number | null;
  /** Outdoor temperature, °C; of quarters their mean. */
  readonly temperatureCelsius: number | null;
  /** `totalFee`, EUR with VAT. */
  readonly eurTotal: number | null;
  /** `distributionFee`, EUR without VAT. */
  readonly eurDistribution: number | null;
  /** `distributionBaseFee`, EUR without VAT. */
  readonly eurBase: number | null;
  /** `electricityTax`, EUR without VAT. */
  readonly eurTax: number | null;
  /** `valueAddedTax`, EUR. */
  readonly eurVat: number | null;
  /** Status of the total as Caruna+ numbers it (150: measured); of quarters that differ, the highest. */
  readonly status: number | null;
  /** Transfer product parts as received, kWh by name. */
  readonly parts: Readonly<Record<string, number>> | null;
  /** `null` where the hour has no split. */
  readonly splitSource: SplitSource | null;
}

/** A quarter of an hour, as Caruna+ reports it of meters that measure every 15 minutes. */
export interface MeteredQuarter extends MeteredHour {
  /** Start of the quarter, in milliseconds since the epoch. */
  readonly startEpochMs: number;
}
