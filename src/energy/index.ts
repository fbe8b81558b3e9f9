export { dayBounds, hoursOfDay, lastDays, localDay } from "./helsinki.js";
export type { HourlyReading, Tariff } from "./reading.js";
export { type DayOfReadings, readingsOfDay } from "./readings.js";
export { splitByTariff, type TariffSplit } from "./tariff.js";
