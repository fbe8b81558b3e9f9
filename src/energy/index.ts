export { type ClockProduct, clockProduct, splitByClock } from "./calendar.js";
export { dayBounds, hoursOfDay, lastDays, localDay } from "./helsinki.js";
export { type HoursOptions, hoursOf } from "./hours-of.js";
export type { HourlyReading, MeteredHour, SplitSource, Tariff } from "./reading.js";
export { type DayOfReadings, readingsOfDay } from "./readings.js";
export { type ToldSum, type ToldSums, toldSums } from "./sums.js";
export { splitByTariff, type TariffSplit } from "./tariff.js";
