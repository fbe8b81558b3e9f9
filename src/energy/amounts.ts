import type { EnergyRow } from "../caruna/index.js";
import { localDayOf } from "../shared/local-day.js";
import { localTimes } from "./helsinki.js";
import { hoursOf } from "./hours-of.js";
import { splitByTariff } from "./tariff.js";

/** What Caruna+ tells of an hour, a local day or a month. `null`: not told. */
export interface Amounts {
  /** `2026-11-22T23:00:00+02:00` of an hour, `2026-11-22` of a day, `2026-11` of a month. */
  readonly start: string;
  readonly kwhTotal: number | null;
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly kwhProduction: number | null;
  /** °C; of a day or month as Caruna+ tells it. */
  readonly temperatureCelsius: number | null;
  /** EUR with VAT. */
  readonly eurTotal: number | null;
}

/**
 * Reads rows of Caruna+ as hours (quarters summed, days of 23 and 25 hours told right), local days or months, in the
 * order in which they come. What is not published yet is left out. `onProblem` is told of what could not be used.
 */
export async function* amountsOf(
  rows: AsyncIterable<EnergyRow>,
  resolution: "hour" | "day" | "month",
  onProblem: (problem: string) => void,
): AsyncGenerator<Amounts, void, undefined> {
  if (resolution === "hour") {
    const timeAt = localTimes();
    for await (const { startEpochMs, ...hour } of hoursOf(rows, { onProblem })) {
      const { kwhTotal, kwhDay, kwhNight, kwhNightWinter, kwhProduction, temperatureCelsius, eurTotal } = hour;
      const split = { kwhDay, kwhNight, kwhNightWinter };
      yield { start: timeAt(startEpochMs).iso, kwhTotal, ...split, kwhProduction, temperatureCelsius, eurTotal };
    }
    return;
  }
  for await (const { timestamp, totalKwh, parts, productionKwh, temperatureCelsius, totalEur } of rows) {
    const day = localDayOf(timestamp);
    // The client leaves out what is of no day, and says so.
    if ((totalKwh === null && productionKwh === null) || day === undefined) continue;
    const start = resolution === "day" ? day.toString() : day.toPlainYearMonth().toString();
    const { kwhDay, kwhNight, kwhNightWinter } = splitByTariff(parts);
    const amounts = { kwhTotal: totalKwh, kwhDay, kwhNight, kwhNightWinter, kwhProduction: productionKwh };
    yield { start, ...amounts, temperatureCelsius, eurTotal: totalEur };
  }
}
