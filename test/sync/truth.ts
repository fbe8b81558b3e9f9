import type { HourTruth, SimulatedMeter, Simulator } from "../../src/simulator/index.js";
import type { TestDatabase } from "../support/postgres.js";

const HOUR_MS = 3_600_000;

/** A row of `metering_point_hourly` as far as the simulator can tell what it must be. */
export interface MeteredRow {
  readonly meter: string;
  readonly epochMs: number;
  readonly kwh_total: number | null;
  readonly kwh_day: number | null;
  readonly kwh_night: number | null;
  readonly kwh_night_winter: number | null;
  readonly tariff: string | null;
  readonly kwh_invoiced: number | null;
  readonly kwh_production: number | null;
  readonly temperature_celsius: number | null;
  readonly eur_total: number | null;
  readonly eur_distribution: number | null;
  readonly eur_base: number | null;
  readonly eur_tax: number | null;
  readonly eur_vat: number | null;
  readonly status: number | null;
  readonly split_source: string | null;
}

const COLUMNS =
  "kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff, kwh_invoiced, kwh_production, temperature_celsius, " +
  "eur_total, eur_distribution, eur_base, eur_tax, eur_vat, status, split_source";

/** All rows of `metering_point_hourly`, by metering point, earliest first. */
export async function meteredRows(database: Pick<TestDatabase, "query">): Promise<MeteredRow[]> {
  const rows = await database.query(
    `SELECT metering_point AS meter, extract(epoch FROM datetime)::float8 * 1000 AS "epochMs", ${COLUMNS}
     FROM metering_point_hourly ORDER BY metering_point, datetime`,
  );
  return rows as unknown as MeteredRow[];
}

/** The hours that the simulator shows now, of all its metering points or of one, by metering point, earliest first. */
export function publishedRows(simulator: Simulator, nowEpochMs: number, assetId?: string): MeteredRow[] {
  return simulator.household.meters
    .filter((meter) => assetId === undefined || meter.assetId === assetId)
    .toSorted((one, other) => (one.assetId < other.assetId ? -1 : 1))
    .flatMap((meter) => hoursOf(meter, nowEpochMs).flatMap((hour) => rowOf(simulator, meter, hour)));
}

/** From before its contract's first midnight: hours of other days are never published. */
function hoursOf(meter: SimulatedMeter, nowEpochMs: number): number[] {
  const [year = 0, month = 0, day = 0] = meter.startDate.split("-").map(Number);
  const first = Date.UTC(year, month - 1, day) - 3 * HOUR_MS;
  const hours: number[] = [];
  for (let hour = first; hour < nowEpochMs; hour += HOUR_MS) {
    if (localDate(hour) >= meter.startDate) hours.push(hour);
  }
  return hours;
}

const formatter = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Helsinki" });

/** The day of Finland at an instant, `YYYY-MM-DD`. */
export function localDate(epochMs: number): string {
  return formatter.format(epochMs);
}

function rowOf({ household }: Simulator, { assetId }: SimulatedMeter, startEpochMs: number): MeteredRow[] {
  if (!household.isPublished(assetId, startEpochMs)) return [];
  const truth = household.truthOfHour(assetId, startEpochMs);
  const { fees } = truth;
  return [
    {
      meter: assetId,
      epochMs: startEpochMs,
      kwh_total: truth.kwhTotal,
      ...splitOf(truth),
      kwh_invoiced: truth.kwhTotal,
      kwh_production: truth.productionKwh,
      temperature_celsius: truth.temperatureCelsius,
      eur_total: fees.totalFee,
      eur_distribution: fees.distributionFee,
      eur_base: fees.distributionBaseFee,
      eur_tax: fees.electricityTax,
      eur_vat: fees.valueAddedTax,
      status: 150,
    },
  ];
}

type Split = Pick<MeteredRow, "kwh_day" | "kwh_night" | "kwh_night_winter" | "tariff" | "split_source">;

const NO_SPLIT = { kwh_day: null, kwh_night: null, kwh_night_winter: null, split_source: "caruna" } as const;

function splitOf({ parts }: HourTruth): Split {
  if (parts.daytime !== undefined) return { ...NO_SPLIT, kwh_day: parts.daytime, tariff: "day" };
  if (parts.nighttime !== undefined) return { ...NO_SPLIT, kwh_night: parts.nighttime, tariff: "night" };
  if (parts.winterDay !== undefined) return { ...NO_SPLIT, kwh_night_winter: parts.winterDay, tariff: "night_winter" };
  if (parts.otherTime !== undefined) return { ...NO_SPLIT, kwh_day: parts.otherTime, tariff: "other_times" };
  return { ...NO_SPLIT, tariff: "other_times", split_source: null };
}

/** What is stored but for what ought to be, hour by hour; nothing where all is well. */
export function differences(stored: readonly MeteredRow[], expected: readonly MeteredRow[]): string[] {
  const storedByName = new Map(stored.map((row) => [nameOf(row), valuesOf(row)]));
  const expectedByName = new Map(expected.map((row) => [nameOf(row), valuesOf(row)]));
  const twice = stored.length - storedByName.size;
  return [
    ...(twice === 0 ? [] : [`${twice} rows are there twice`]),
    ...[...expectedByName].flatMap(([hour, row]) => {
      const there = storedByName.get(hour);
      if (there === undefined) return [`${hour} is missing`];
      return there === row ? [] : [`${hour} is ${there}, not ${row}`];
    }),
    ...[...storedByName.keys()].filter((hour) => !expectedByName.has(hour)).map((hour) => `${hour} is too much`),
  ];
}

/** Metering point and hour. */
export function nameOf({ meter, epochMs }: MeteredRow): string {
  return `${meter} ${new Date(epochMs).toISOString()}`;
}

/** Everything else of a row, in one text that is the same for the same values. */
export function valuesOf(row: MeteredRow): string {
  return JSON.stringify(row, NAMES);
}
const NAMES = COLUMNS.split(", ");
