import { createHash } from "node:crypto";
import { Temporal } from "temporal-polyfill";
import type { EnergyRow } from "../caruna/index.js";
import { localDayOf } from "../shared/local-day.js";
import { splitByTariff } from "./tariff.js";

/** What Caruna+ reports of a local day or month in a `monthly` or `yearly` answer. */
export interface ToldSum {
  /** First local day (Europe/Helsinki) of the period. */
  readonly startsOn: Temporal.PlainDate;
  /** kWh; 0 of a metering point that measures production alone. */
  readonly kwhTotal: number;
  /** Sums of the tariff parts, kWh; `null` where the answer gives no such part. */
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  /** The other values of the answer. */
  readonly others?: SumsOfOthers | undefined;
  /** Changes with any value that the answer reports of the period. */
  readonly digest?: string | undefined;
}

/** Sums of a local day or month beside its consumption; `null`: not reported. */
export interface SumsOfOthers {
  /** kWh. */
  readonly kwhInvoiced: number | null;
  readonly kwhProduction: number | null;
  readonly kwhSold: number | null;
  readonly kwhCompensated: number | null;
  /** Mean, degrees Celsius. */
  readonly temperatureCelsius: number | null;
  /** EUR, with VAT. */
  readonly eurTotal: number | null;
  /** EUR, without VAT. */
  readonly eurDistribution: number | null;
  readonly eurBase: number | null;
  readonly eurTax: number | null;
  /** EUR. */
  readonly eurVat: number | null;
}

/** The sums that an answer tells, earliest first, and what of it could not be read. */
export interface ToldSums {
  readonly sums: readonly ToldSum[];
  /** Rows that could not be used: what and why, without values. */
  readonly problems: readonly string[];
}

/**
 * Reads the rows of a `monthly` answer as days, or of a `yearly` one as months. A row without a total reports nothing yet,
 * unless no row has one and this has production; of two rows of one period the later counts.
 */
export function toldSums(rows: readonly EnergyRow[], span: "day" | "month"): ToldSums {
  const byPeriod = new Map<string, ToldSum>();
  const problems: string[] = [];
  const needsTotal = !isProductionOnly(rows);
  for (const row of rows) {
    if (needsTotal ? row.totalKwh === null : row.productionKwh === null) continue;
    const day = localDayOf(row.timestamp);
    if (day === undefined) {
      problems.push(`a row has a time stamp that is not understood: "${row.timestamp.slice(0, 40)}"`);
      continue;
    }
    const startsOn = span === "day" ? day : day.with({ day: 1 });
    const { kwhDay, kwhNight, kwhNightWinter } = splitByTariff(row.parts);
    const kwh = { kwhTotal: row.totalKwh ?? 0, kwhDay, kwhNight, kwhNightWinter };
    byPeriod.set(startsOn.toString(), { startsOn, ...kwh, others: othersOf(row), digest: digestOf(row) });
  }
  const sums = [...byPeriod.values()].sort((one, other) => Temporal.PlainDate.compare(one.startsOn, other.startsOn));
  return { sums, problems };
}

/** Whether an answer is of a metering point that measures production alone: it has production, and not one total. */
export function isProductionOnly(rows: readonly EnergyRow[]): boolean {
  return rows.some(({ productionKwh }) => productionKwh !== null) && rows.every(({ totalKwh }) => totalKwh === null);
}

function othersOf(row: EnergyRow): SumsOfOthers {
  return {
    kwhInvoiced: row.invoicedKwh,
    kwhProduction: row.productionKwh,
    kwhSold: row.soldKwh,
    kwhCompensated: row.compensatedKwh,
    temperatureCelsius: row.temperatureCelsius,
    eurTotal: row.totalEur,
    eurDistribution: row.distributionEur,
    eurBase: row.baseEur,
    eurTax: row.taxEur,
    eurVat: row.vatEur,
  };
}

/** Of the parsed values, in an order of its own: how the answer was written does not matter. */
function digestOf({ timestamp: _, parts, ...values }: EnergyRow): string {
  const named = Object.entries({ ...values, parts: null }).sort(byName);
  const text = JSON.stringify([named, Object.entries(parts).sort(byName)]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
