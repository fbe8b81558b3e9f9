import type { MeteredHour } from "../../src/energy/index.js";

/** An hour of which nothing but the total is told, 1.5 kWh, and whatever a test says of it. */
export function meteredHour(startEpochMs: number, values: Partial<MeteredHour> = {}): MeteredHour {
  return {
    startEpochMs,
    kwhTotal: 1.5,
    kwhDay: null,
    kwhNight: null,
    kwhNightWinter: null,
    tariff: "other_times",
    kwhInvoiced: null,
    kwhProduction: null,
    kwhSold: null,
    kwhCompensated: null,
    temperatureCelsius: null,
    eurTotal: null,
    eurDistribution: null,
    eurBase: null,
    eurTax: null,
    eurVat: null,
    status: null,
    parts: null,
    splitSource: null,
    ...values,
  };
}
