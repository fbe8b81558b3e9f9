import type { MeteredHour } from "./reading.js";

/** An hour that goes into a file, as it is stored or as Caruna+ tells it. `null`: not told. */
export interface ExportedHour extends Omit<MeteredHour, "kwhTotal" | "tariff"> {
  readonly kwhTotal: number | null;
  /** One of the four words; of an old program's rows perhaps another. */
  readonly tariff: string | null;
}

/** The amounts of an hour, in the order in which files show them: the name of the column, and the field. */
export const EXPORTED_NUMBERS = [
  ["kwh_total", "kwhTotal"],
  ["kwh_day", "kwhDay"],
  ["kwh_night", "kwhNight"],
  ["kwh_night_winter", "kwhNightWinter"],
  ["kwh_invoiced", "kwhInvoiced"],
  ["kwh_production", "kwhProduction"],
  ["kwh_sold", "kwhSold"],
  ["kwh_compensated", "kwhCompensated"],
  ["temperature_celsius", "temperatureCelsius"],
  ["eur_total", "eurTotal"],
  ["eur_distribution", "eurDistribution"],
  ["eur_base", "eurBase"],
  ["eur_tax", "eurTax"],
  ["eur_vat", "eurVat"],
] as const satisfies readonly (readonly [column: string, field: keyof ExportedHour])[];
