import type { Temporal } from "temporal-polyfill";
import type { EnergyRow } from "../caruna/index.js";
import { type ClockProduct, splitByClock } from "./calendar.js";
import { HOUR_MS, hoursBetween, hoursShownTwice, type LocalDay, localDayAsNumbers } from "./helsinki.js";
import type { MeteredHour } from "./reading.js";
import { splitByTariff, sumOfKwh } from "./tariff.js";
import { readStamp } from "./timestamp.js";

const QUARTER_MS = HOUR_MS / 4;

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

/**
 * Turns the rows of a `daily` answer into the readings of one local day (Europe/Helsinki).
 *
 * An hour is published when all of its rows have a total: one row, or four where the time stamps of the answer show a
 * spacing of 15 minutes (two for 30), which are summed. Repeated rows: see `whereRowsBelong` and `oneRow`.
 *
 * `productAt` tells the distribution product in force at an instant (milliseconds since the epoch): an hour without parts
 * of Caruna+'s own is split by that product's clock.
 */
export function readingsOfDay(
  rows: readonly EnergyRow[],
  day: Temporal.PlainDate,
  productAt: (startEpochMs: number) => ClockProduct | undefined = () => undefined,
): DayOfReadings {
  const bounds = localDayAsNumbers(day);
  const problems = new Problems(day.toString());
  const { rowsByInstant, spacingMs } = whereRowsBelong(rows, bounds, problems);
  tellTwiceShownHourApart(rowsByInstant, bounds);
  const readings: MeteredHour[] = [];
  const unknownParts = new Set<string>();
  const hours = hoursBetween(bounds);
  for (const startEpochMs of hours) {
    const published = publishedRows(rowsByInstant, startEpochMs, spacingMs, problems);
    if (published === undefined) continue;
    const parts = sumOfParts(published);
    for (const name of splitByTariff(parts).unknownParts) unknownParts.add(name);
    readings.push(meteredHour(startEpochMs, published, parts, productAt(startEpochMs)));
  }
  return {
    readings,
    unpublished: hours.length - readings.length,
    unknownParts: [...unknownParts],
    problems: problems.sentences(),
  };
}

function meteredHour(
  startEpochMs: number,
  rows: readonly PublishedRow[],
  parts: Readonly<Record<string, number>>,
  product: ClockProduct | undefined,
): MeteredHour {
  const kwhTotal = sumOfKwh(rows.map((row) => row.totalKwh));
  const { unknownParts, ...own } = splitByTariff(parts);
  const hasSplit = own.kwhDay !== null || own.kwhNight !== null || own.kwhNightWinter !== null;
  // Parts that name no split (a general product's) are Caruna+'s word too: the calendar has no say there.
  const byClock =
    Object.keys(parts).length === 0 && product !== undefined
      ? splitByClock(product, startEpochMs, kwhTotal)
      : undefined;
  const temperatures = rows.flatMap((row) => (row.temperatureCelsius === null ? [] : [row.temperatureCelsius]));
  const statuses = rows.flatMap((row) => (row.status === null ? [] : [row.status]));
  const sum = (value: (row: PublishedRow) => number | null) => sumOfAll(rows.map(value));
  return {
    startEpochMs,
    kwhTotal,
    ...(byClock ?? own),
    kwhInvoiced: sum((row) => row.invoicedKwh),
    kwhProduction: sum((row) => row.productionKwh),
    kwhSold: sum((row) => row.soldKwh),
    kwhCompensated: sum((row) => row.compensatedKwh),
    temperatureCelsius: temperatures.length === 0 ? null : sumOfKwh(temperatures) / temperatures.length,
    eurTotal: sum((row) => row.totalEur),
    eurDistribution: sum((row) => row.distributionEur),
    eurBase: sum((row) => row.baseEur),
    eurTax: sum((row) => row.taxEur),
    eurVat: sum((row) => row.vatEur),
    status: statuses.length === 0 ? null : Math.max(...statuses),
    parts: Object.keys(parts).length === 0 ? null : parts,
    splitSource: byClock !== undefined ? "calendar" : hasSplit ? "caruna" : null,
  };
}

/** The sum of an hour's rows, `null` where one of them does not tell. */
function sumOfAll(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length === values.length ? sumOfKwh(told) : null;
}

/** The rows of the day by the instant at which they start, in the order received, and the spacing of all rows. */
function whereRowsBelong(rows: readonly EnergyRow[], day: LocalDay, problems: Problems) {
  const rowsByInstant = new Map<number, EnergyRow[]>();
  let spacingMs = HOUR_MS;
  for (const row of rows) {
    const stamp = readStamp(row.timestamp, day);
    if ("reason" in stamp) {
      problems.add(
        stamp.reason === "not understood"
          ? "have a time stamp that is not understood"
          : "have a time that the clocks skip on this day",
        row,
      );
    } else if (stamp.epochMs % QUARTER_MS !== 0) {
      problems.add("start at no quarter of an hour", row);
    } else {
      spacingMs = greatestCommonDivisor(spacingMs, stamp.epochMs % HOUR_MS);
      if (stamp.epochMs < day.startEpochMs || stamp.epochMs >= day.endEpochMs) {
        problems.add("lie outside of the day", row);
      } else {
        const together = rowsByInstant.get(stamp.epochMs);
        if (together === undefined) rowsByInstant.set(stamp.epochMs, [row]);
        else together.push(row);
      }
    }
  }
  return { rowsByInstant, spacingMs };
}

/**
 * In October the hour from 03:00 comes twice. Two rows of one stamp there are its two instants, even when they are equal
 * and whatever offset they carry, unless the other instant has a row of its own. What the service does is unknown.
 */
function tellTwiceShownHourApart(rowsByInstant: Map<number, EnergyRow[]>, day: LocalDay): void {
  const { startEpochMs, endEpochMs } = hoursShownTwice(day);
  const lengthMs = endEpochMs - startEpochMs;
  for (let first = startEpochMs; first < endEpochMs; first += QUARTER_MS) {
    const rows = [first, first + lengthMs].map((instant) => rowsByInstant.get(instant) ?? []);
    if (rows.every((there) => there.length > 0)) continue;
    const [firstRow, ...others] = rows.flat();
    if (firstRow === undefined || others.length === 0) continue;
    rowsByInstant.set(first, [firstRow]);
    rowsByInstant.set(first + lengthMs, others);
  }
}

interface PublishedRow extends EnergyRow {
  readonly totalKwh: number;
}

/** The rows that make up an hour; `undefined` where one of them is missing or has no total yet. */
function publishedRows(
  rowsByInstant: ReadonlyMap<number, readonly EnergyRow[]>,
  hourEpochMs: number,
  spacingMs: number,
  problems: Problems,
): PublishedRow[] | undefined {
  const published: PublishedRow[] = [];
  for (let start = hourEpochMs; start < hourEpochMs + HOUR_MS; start += spacingMs) {
    const row = oneRow(rowsByInstant.get(start) ?? [], problems);
    if (row === undefined) return undefined;
    published.push(row);
  }
  return published;
}

/**
 * The published row among those of one instant. An identical repeat is nothing to tell of (the March day was seen to show
 * 02:00 twice); where two differ, the later counts.
 */
function oneRow(rows: readonly EnergyRow[], problems: Problems): PublishedRow | undefined {
  let found: PublishedRow | undefined;
  for (const row of rows) {
    if (!isPublished(row)) continue;
    if (found !== undefined && !sameEnergy(found, row))
      problems.add("were replaced by a later one of the same time", found);
    found = row;
  }
  return found;
}

function isPublished(row: EnergyRow): row is PublishedRow {
  return row.totalKwh !== null;
}

function sameEnergy(one: PublishedRow, other: PublishedRow): boolean {
  const names = Object.keys(one.parts);
  return (
    one.totalKwh === other.totalKwh &&
    names.length === Object.keys(other.parts).length &&
    names.every((name) => one.parts[name] === other.parts[name])
  );
}

/** kWh of the hour by the name of the part; a part that one row of the hour lacks was zero there. */
function sumOfParts(rows: readonly PublishedRow[]): Record<string, number> {
  const kwhByName = new Map<string, number[]>();
  for (const { parts } of rows) {
    for (const [name, kwh] of Object.entries(parts)) kwhByName.set(name, [...(kwhByName.get(name) ?? []), kwh]);
  }
  return Object.fromEntries([...kwhByName].map(([name, values]) => [name, sumOfKwh(values)]));
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}

/** Rows that could not be used, gathered by the reason so that a day of them is one sentence. */
class Problems {
  readonly #rowsByReason = new Map<string, { count: number; first: string }>();

  constructor(private readonly day: string) {}

  /** `reason` completes a sentence that begins with the number of rows. */
  add(reason: string, row: EnergyRow): void {
    const told = this.#rowsByReason.get(reason);
    if (told === undefined) this.#rowsByReason.set(reason, { count: 1, first: row.timestamp.slice(0, 40) });
    else told.count += 1;
  }

  sentences(): string[] {
    return [...this.#rowsByReason].map(
      ([reason, { count, first }]) => `${this.day}: rows that ${reason}: ${count}, the first at "${first}"`,
    );
  }
}
