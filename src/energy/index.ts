export { type ClockProduct, clockProduct, splitByClock } from "./calendar.js";
export { type CsvLocale, csvOf } from "./csv.js";
export type { ExportedHour } from "./export.js";
export { dayBounds, hoursOfDay, type LocalTime, lastDays, localDay, localTime } from "./helsinki.js";
export { jsonOf, ndjsonOf } from "./json.js";
export type { HourlyReading, MeteredHour, SplitSource, Tariff } from "./reading.js";
export { type DayOfReadings, readingsOfDay } from "./readings.js";
export { type ToldSum, type ToldSums, toldSums } from "./sums.js";
export { splitByTariff, type TariffSplit } from "./tariff.js";
