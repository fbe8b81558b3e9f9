import type { Temporal } from "temporal-polyfill";
import type { EnergyRow } from "../caruna/index.js";
import { type ClockProduct, splitByClock } from "./calendar.js";
import { HOUR_MS } from "./helsinki.js";
import type { MeteredHour, MeteredQuarter } from "./reading.js";
import { type RowsOfHour, rowsOfDay, type Spacing } from "./rows-of-day.js";
import { isProductionOnly } from "./sums.js";
import { rounded, splitByTariff, sum } from "./tariff.js";

/** What one answer for one local day came to. */
export interface DayOfReadings {
  /** Ascending, at most one an hour. */
  readonly readings: readonly MeteredHour[];
  /** Hours of the day for which there is no reading. */
  readonly unpublished: number;
  /** Names of transfer product parts that no rule knows, each once. */
  readonly unknownParts: readonly string[];
  /** Rows that could not be used: what and why, without values. */
  readonly problems: readonly string[];
}

/** A published hour, and what it was made of. */
export interface HourFromRows {
  readonly hour: MeteredHour;
  readonly spacing: Spacing;
  /**
   * The four quarters, earliest first, of an hour that was made of them. Their values are rounded, and each value of the
   * hour is the sum of theirs, but for temperature (the mean) and status (the highest).
   */
  readonly quarters: readonly MeteredQuarter[] | null;
}

/** What one answer for one local day came to, and which rows each hour was made of. */
export interface DayFromRows extends Omit<DayOfReadings, "readings"> {
  readonly hours: readonly HourFromRows[];
}

type ProductAt = (startEpochMs: number) => ClockProduct | undefined;

/**
 * Turns the rows of a `daily` answer into the readings of one local day (Europe/Helsinki).
 *
 * An hour is published when all of its rows have a total, and of a metering point that has no totals at all, when it has
 * production; its total is 0 then. Which rows are of an hour: see `rowsOfDay`. Rows of less than an hour are summed.
 *
 * `productAt` tells the distribution product in force at an instant (milliseconds since the epoch): an hour without parts
 * of Caruna+'s own is split by that product's clock.
 */
export function readingsOfDay(
  rows: readonly EnergyRow[],
  day: Temporal.PlainDate,
  productAt?: ProductAt,
): DayOfReadings {
  const { hours, ...rest } = hoursFromRows(rows, day, productAt);
  return { readings: hours.map(({ hour }) => hour), ...rest };
}

/** As `readingsOfDay`, with the quarters of the hours that were made of them. */
export function hoursFromRows(
  rows: readonly EnergyRow[],
  day: Temporal.PlainDate,
  productAt: ProductAt = () => undefined,
): DayFromRows {
  const received = rowsOfDay(rows, day);
  const needsTotal = !isProductionOnly(rows);
  const hours: HourFromRows[] = [];
  const unknownParts = new Set<string>();
  for (const rowsOfHour of received.hours) {
    if (!isPublished(rowsOfHour.rows, needsTotal)) continue;
    const read = hourFromRows(rowsOfHour, productAt(rowsOfHour.startEpochMs));
    for (const name of splitByTariff(read.hour.parts ?? {}).unknownParts) unknownParts.add(name);
    hours.push(read);
  }
  return {
    hours,
    unpublished: received.hourCount - hours.length,
    unknownParts: [...unknownParts],
    problems: received.problems,
  };
}

function isPublished(rows: readonly EnergyRow[], needsTotal: boolean): boolean {
  return needsTotal
    ? rows.every(({ totalKwh }) => totalKwh !== null)
    : rows.some(({ productionKwh }) => productionKwh !== null);
}

function hourFromRows({ startEpochMs, spacing, rows }: RowsOfHour, product: ClockProduct | undefined): HourFromRows {
  const received = rows.map(valuesOf);
  const [only] = received;
  if (only !== undefined && spacing === "hour")
    return { hour: withSplit(startEpochMs, only, product), spacing, quarters: null };
  const pieces = inSameTerms(received);
  const stepMs = HOUR_MS / pieces.length;
  const hour = withSplit(startEpochMs, sumOf(pieces), product);
  const quarters = pieces.map((piece, index) => withSplit(startEpochMs + index * stepMs, piece, product));
  return { hour, spacing, quarters: spacing === "quarters" ? quarters : null };
}

const KWH = ["kwhTotal", "kwhInvoiced", "kwhProduction", "kwhSold", "kwhCompensated"] as const;
const EUR = ["eurTotal", "eurDistribution", "eurBase", "eurTax", "eurVat"] as const;
const KWH_DECIMALS = 6;
/** Caruna+ shows fees to nine decimals. */
const EUR_DECIMALS = 9;

type SummedField = (typeof KWH)[number] | (typeof EUR)[number];

/** What is reported of an hour, or of a piece of one. `null`: not reported. */
interface Values extends Record<SummedField, number | null> {
  readonly temperatureCelsius: number | null;
  readonly status: number | null;
  readonly parts: Readonly<Record<string, number>>;
}

/** As received. */
function valuesOf(row: EnergyRow): Values {
  return {
    kwhTotal: row.totalKwh,
    kwhInvoiced: row.invoicedKwh,
    kwhProduction: row.productionKwh,
    kwhSold: row.soldKwh,
    kwhCompensated: row.compensatedKwh,
    eurTotal: row.totalEur,
    eurDistribution: row.distributionEur,
    eurBase: row.baseEur,
    eurTax: row.taxEur,
    eurVat: row.vatEur,
    temperatureCelsius: row.temperatureCelsius,
    status: row.status,
    parts: row.parts,
  };
}

/** The pieces of an hour, rounded: a value that only some of them carry is 0 in the others, and so is a part. */
function inSameTerms(pieces: readonly Values[]): Values[] {
  const names = [...new Set(pieces.flatMap(({ parts }) => Object.keys(parts)))];
  return pieces.map((piece) => ({
    ...piece,
    ...eachField((field, decimals) =>
      pieces.some((any) => any[field] !== null) ? rounded(piece[field] ?? 0, decimals) : null,
    ),
    parts: Object.fromEntries(names.map((name) => [name, rounded(partOf(piece, name), KWH_DECIMALS)])),
  }));
}

/** Of pieces in the same terms. */
function sumOf(pieces: readonly Values[]): Values {
  const temperatures = pieces.flatMap(({ temperatureCelsius }) => temperatureCelsius ?? []);
  const statuses = pieces.flatMap(({ status }) => status ?? []);
  const names = Object.keys(pieces[0]?.parts ?? {});
  return {
    ...eachField((field, decimals) => {
      const values = pieces.flatMap((piece) => piece[field] ?? []);
      return values.length === 0 ? null : sum(values, decimals);
    }),
    temperatureCelsius: temperatures.length === 0 ? null : sum(temperatures, KWH_DECIMALS) / temperatures.length,
    status: statuses.length === 0 ? null : Math.max(...statuses),
    parts: Object.fromEntries(
      names.map((name) => [
        name,
        sum(
          pieces.map((piece) => partOf(piece, name)),
          KWH_DECIMALS,
        ),
      ]),
    ),
  };
}

function partOf({ parts }: Values, name: string): number {
  return Object.hasOwn(parts, name) ? (parts[name] ?? 0) : 0;
}

function eachField(value: (field: SummedField, decimals: number) => number | null): Record<SummedField, number | null> {
  return {
    kwhTotal: value("kwhTotal", KWH_DECIMALS),
    kwhInvoiced: value("kwhInvoiced", KWH_DECIMALS),
    kwhProduction: value("kwhProduction", KWH_DECIMALS),
    kwhSold: value("kwhSold", KWH_DECIMALS),
    kwhCompensated: value("kwhCompensated", KWH_DECIMALS),
    eurTotal: value("eurTotal", EUR_DECIMALS),
    eurDistribution: value("eurDistribution", EUR_DECIMALS),
    eurBase: value("eurBase", EUR_DECIMALS),
    eurTax: value("eurTax", EUR_DECIMALS),
    eurVat: value("eurVat", EUR_DECIMALS),
  };
}

/**
 * Splits by Caruna+'s own parts, and where it reports none by the clock of the product. Parts are of the consumption that is
 * invoiced: where all of it was set off against production they are 0.
 *
 * Parts that name no split (a general product's) are Caruna+'s word too: the calendar has no say there.
 */
function withSplit(startEpochMs: number, values: Values, product: ClockProduct | undefined): MeteredHour {
  const { kwhTotal, parts, ...rest } = values;
  const hour = { startEpochMs, kwhTotal: kwhTotal ?? 0, ...rest };
  // Without a total it is a metering point that measures production alone: there is nothing to split.
  if (Object.keys(parts).length === 0 && product !== undefined && kwhTotal !== null) {
    const split = splitByClock(product, startEpochMs, values.kwhInvoiced ?? kwhTotal);
    return { ...hour, ...split, parts: null, splitSource: "calendar" };
  }
  const { unknownParts, ...split } = splitByTariff(parts);
  const hasSplit = split.kwhDay !== null || split.kwhNight !== null || split.kwhNightWinter !== null;
  return {
    ...hour,
    ...split,
    parts: Object.keys(parts).length === 0 ? null : parts,
    splitSource: hasSplit ? "caruna" : null,
  };
}
