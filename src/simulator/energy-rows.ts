import { HOUR_MS, hoursOfLocalDay, isoWithOffset, isoWithoutZone, localTimeAt, startOfLocalDay } from "./helsinki.js";
import { type Fees, type HourTruth, round } from "./household.js";
import type { SimulatedMeter } from "./meters.js";
import type { Household } from "./readings.js";
import type { Behaviour } from "./settings.js";

export type Timespan = "daily" | "monthly" | "yearly";

/** What a row shows: a quarter, an hour, a day or a month. */
interface Amounts extends Omit<HourTruth, "startEpochMs" | "fees"> {
  readonly partFees: Readonly<Record<string, number>>;
  /** `null`: they have not come yet. */
  readonly fees: Fees | null;
}

/** One period of an answer; `amounts` is null while nothing of it is published. */
interface Period {
  readonly stampEpochMs: number;
  readonly temperatureCelsius: number;
  readonly amounts: Amounts | null;
}

const WRAPPED_TYPES = { daily: "hourly", monthly: "daily", yearly: "monthly" } as const;

/**
 * The body of an energy answer, in the shape that is set.
 *
 * @param date year, month and day of the local calendar; month and day count where the timespan needs them
 */
export function energyAnswer(
  household: Household,
  meter: SimulatedMeter,
  behaviour: Behaviour,
  timespan: Timespan,
  date: { readonly year: number; readonly month: number; readonly day: number },
): unknown {
  const periods = periodsOf(household, meter, behaviour, timespan, date);
  if (behaviour.energyShape === "wrapped") {
    const data = periods.map((period) => wrappedRow(meter, period, behaviour));
    return { results: [{ type: WRAPPED_TYPES[timespan], data }] };
  }
  return periods.map((period) => (meter.isProduction ? productionRow(period, behaviour) : flatRow(period, behaviour)));
}

function periodsOf(
  household: Household,
  meter: SimulatedMeter,
  behaviour: Behaviour,
  timespan: Timespan,
  { year, month, day }: { readonly year: number; readonly month: number; readonly day: number },
): Period[] {
  if (timespan === "daily") return hourPeriods(household, meter, behaviour, year, month, day);
  if (timespan === "monthly") {
    const days = Math.round((startOfLocalDay(year, month + 1, 1) - startOfLocalDay(year, month, 1)) / (24 * HOUR_MS));
    const more = behaviour.monthsShowNeighbours ? 1 : 0;
    const bounds = Array.from({ length: days + 1 + 2 * more }, (_, index) =>
      startOfLocalDay(year, month, index + 1 - more),
    );
    return sumPeriods(household, meter, behaviour, bounds);
  }
  return sumPeriods(
    household,
    meter,
    behaviour,
    Array.from({ length: 13 }, (_, index) => startOfLocalDay(year, index + 1, 1)),
  );
}

function hourPeriods(
  household: Household,
  meter: SimulatedMeter,
  behaviour: Behaviour,
  year: number,
  month: number,
  day: number,
): Period[] {
  return hoursOfLocalDay(year, month, day)
    .filter((hour) => hour >= contractStart(meter) && isShown(hour, behaviour))
    .flatMap((hour) => {
      const periods = rowsOfHour(household, meter, hour, stampOf(hour, behaviour));
      // Seen in 2023: where 03:00 does not exist the row of 02:00 came twice.
      const twice = behaviour.march === "row-twice" && localTimeAt(hour + HOUR_MS).hour - localTimeAt(hour).hour === 2;
      return twice ? [...periods, ...periods] : periods;
    });
}

function stampOf(hour: number, behaviour: Behaviour): number {
  return behaviour.october === "one-stamp-twice" && isRepeated(hour) ? hour - HOUR_MS : hour;
}

function isRepeated(hour: number): boolean {
  return localTimeAt(hour - HOUR_MS).hour === localTimeAt(hour).hour;
}

/** A day of 25 hours may be sent as 24 rows. */
function isShown(hour: number, behaviour: Behaviour): boolean {
  return behaviour.october !== "first-only" || !isRepeated(hour);
}

/** The rows of an hour, which sum to it exactly. */
function rowsOfHour(household: Household, meter: SimulatedMeter, hour: number, stampEpochMs: number): Period[] {
  const { assetId, leavesZerosOut } = meter;
  const truth = household.truthOfHour(assetId, hour);
  const isPublished = household.isPublished(assetId, hour);
  const hasFees = household.hasFees(hour);
  const minutes = household.rowMinutes(assetId, hour);
  const { temperatureCelsius } = truth;
  const rows = minutes.map((minute, index): Period => {
    const piece = minutes.length === 1 ? truth : pieceOf(truth, minute / 60, (minutes[index + 1] ?? 60) / 60);
    const amounts = sum([piece], hasFees ? [piece] : []);
    const shown = minutes.length > 1 && leavesZerosOut ? withoutZeros(amounts) : amounts;
    return {
      stampEpochMs: stampEpochMs + minute * MINUTE_MS,
      temperatureCelsius,
      amounts: isPublished ? shown : null,
    };
  });
  const odd = household.oddRows(assetId, hour).map(({ minute, kwhTotal }): Period => {
    const amounts = kwhTotal === null ? null : { ...sum([truth], []), kwhTotal, invoicedKwh: kwhTotal, parts: {} };
    return { stampEpochMs: stampEpochMs + minute * MINUTE_MS, temperatureCelsius, amounts };
  });
  return [...rows, ...odd].sort((one, other) => one.stampEpochMs - other.stampEpochMs);
}

const MINUTE_MS = 60_000;

/** The share of an hour between two parts of it; shares that make up the hour sum to it. */
function pieceOf(truth: HourTruth, from: number, to: number): HourTruth {
  const shareOf = (value: number, decimals: number) => {
    const units = Math.round(value * 10 ** decimals);
    return round((Math.floor(units * to) - Math.floor(units * from)) / 10 ** decimals, decimals);
  };
  const shareOrNull = (value: number | null) => (value === null ? null : shareOf(value, 4));
  return {
    ...truth,
    kwhTotal: shareOf(truth.kwhTotal, 2),
    invoicedKwh: shareOf(truth.invoicedKwh, 2),
    parts: mapValues(truth.parts, (kwh) => shareOf(kwh, 2)),
    productionKwh: shareOrNull(truth.productionKwh),
    soldKwh: shareOrNull(truth.soldKwh),
    compensatedKwh: shareOrNull(truth.compensatedKwh),
    fees: {
      totalFee: shareOf(truth.fees.totalFee, 9),
      distributionFee: shareOf(truth.fees.distributionFee, 9),
      distributionBaseFee: shareOf(truth.fees.distributionBaseFee, 9),
      electricityTax: shareOf(truth.fees.electricityTax, 9),
      valueAddedTax: shareOf(truth.fees.valueAddedTax, 9),
    },
  };
}

function withoutZeros(amounts: Amounts): Amounts {
  return {
    ...amounts,
    productionKwh: amounts.productionKwh === 0 ? null : amounts.productionKwh,
    parts: Object.fromEntries(Object.entries(amounts.parts).filter(([, kwh]) => kwh !== 0)),
  };
}

/** Days or months: the sums of what is published of each. */
function sumPeriods(
  household: Household,
  meter: SimulatedMeter,
  behaviour: Behaviour,
  bounds: readonly number[],
): Period[] {
  const periods: Period[] = [];
  for (const [index, start] of bounds.slice(0, -1).entries()) {
    const end = bounds[index + 1] ?? start;
    const hours: number[] = [];
    for (let hour = Math.max(start, contractStart(meter)); hour < end; hour += HOUR_MS) hours.push(hour);
    if (hours.length === 0) continue;
    const truths = hours
      .filter((hour) => household.isPublished(meter.assetId, hour) && isShown(hour, behaviour))
      .map((hour) => household.truthOfHour(meter.assetId, hour));
    const withFees = truths.filter(({ startEpochMs }) => household.hasFees(startEpochMs));
    const amounts = truths.length === 0 ? null : sum(truths, withFees);
    const temperatureCelsius =
      amounts?.temperatureCelsius ?? household.truthOfHour(meter.assetId, start).temperatureCelsius;
    periods.push({ stampEpochMs: start, temperatureCelsius, amounts });
  }
  return periods;
}

function contractStart(meter: SimulatedMeter): number {
  const [year = 0, month = 0, day = 0] = meter.startDate.split("-").map(Number);
  return startOfLocalDay(year, month, day);
}

/** `withFees`: those of them whose fees have come. */
function sum(truths: readonly HourTruth[], withFees: readonly HourTruth[]): Amounts {
  const total = (pick: (truth: HourTruth) => number, decimals: number, of = truths) =>
    round(
      of.reduce((sofar, truth) => sofar + pick(truth), 0),
      decimals,
    );
  const totalOrNull = (pick: (truth: HourTruth) => number | null) =>
    truths.some((truth) => pick(truth) === null) ? null : total((truth) => pick(truth) ?? 0, 4);
  const fee = (name: keyof Fees) => total(({ fees }) => fees[name], 9, withFees);
  const parts: Record<string, number> = {};
  const partFees: Record<string, number> = {};
  for (const truth of truths) {
    for (const [name, kwh] of Object.entries(truth.parts)) {
      parts[name] = round((parts[name] ?? 0) + kwh, 2);
      partFees[name] = round((partFees[name] ?? 0) + truth.fees.distributionFee, 9);
    }
  }
  return {
    kwhTotal: total((truth) => truth.kwhTotal, 2),
    invoicedKwh: total((truth) => truth.invoicedKwh, 2),
    parts,
    partFees,
    temperatureCelsius: round(total((truth) => truth.temperatureCelsius, 6) / truths.length, 1),
    productionKwh: totalOrNull((truth) => truth.productionKwh),
    soldKwh: totalOrNull((truth) => truth.soldKwh),
    compensatedKwh: totalOrNull((truth) => truth.compensatedKwh),
    fees:
      withFees.length === 0
        ? null
        : {
            totalFee: fee("totalFee"),
            distributionFee: fee("distributionFee"),
            distributionBaseFee: fee("distributionBaseFee"),
            electricityTax: fee("electricityTax"),
            valueAddedTax: fee("valueAddedTax"),
          },
    status: Math.max(...truths.map(({ status }) => status)),
  };
}

function mapValues(
  record: Readonly<Record<string, number>>,
  change: (value: number) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function flatRow(period: Period, behaviour: Behaviour): Record<string, unknown> {
  const { amounts } = period;
  const timestamp = stamp(period.stampEpochMs, behaviour.stamps);
  const temperature = period.temperatureCelsius;
  if (amounts === null && behaviour.unpublished === "absent") return { timestamp, temperature };
  const consumption = amounts?.kwhTotal ?? null;
  const invoiced = amounts?.invoicedKwh ?? null;
  if (behaviour.energyShape === "minimal")
    return { timestamp, totalConsumption: consumption, invoicedConsumption: invoiced, temperature };
  if (behaviour.energyShape === "bare")
    return { timestamp, temperature, totalConsumption: consumption, production: amounts?.productionKwh ?? null };
  return {
    timestamp,
    totalConsumption: consumption,
    invoicedConsumption: invoiced,
    ...(amounts?.fees ?? NO_FEES),
    temperature,
    statuses: amounts === null ? null : { totalConsumption: amounts.status, invoicedConsumption: amounts.status },
    invoicedConsumptionByTransferProductParts: amounts?.parts ?? null,
    distributionFeeByTransferProductParts: amounts?.partFees ?? null,
    ...productionFields(amounts),
  };
}

const NO_FEES = {
  totalFee: null,
  distributionFee: null,
  distributionBaseFee: null,
  electricityTax: null,
  valueAddedTax: null,
};

function productionFields(amounts: Amounts | null): Record<string, number> {
  const fields = {
    production: amounts?.productionKwh ?? null,
    soldProduction: amounts?.soldKwh ?? null,
    compensatedProduction: amounts?.compensatedKwh ?? null,
  };
  return Object.fromEntries(Object.entries(fields).flatMap(([name, kwh]) => (kwh === null ? [] : [[name, kwh]])));
}

/** A metering point that measures production alone has nothing to say of consumption. */
function productionRow({ amounts, stampEpochMs, temperatureCelsius }: Period, { stamps }: Behaviour) {
  const produced = amounts === null ? {} : { production: amounts.productionKwh ?? 0 };
  return { timestamp: stamp(stampEpochMs, stamps), temperature: temperatureCelsius, ...produced };
}

function wrappedRow(meter: SimulatedMeter, period: Period, behaviour: Behaviour): Record<string, unknown> {
  const { amounts } = period;
  // The one sample of this shape has its stamps in UTC.
  const timestamp = stamp(period.stampEpochMs, behaviour.stamps === "none" ? "none" : "utc");
  return {
    id: meter.gsrn,
    timestamp,
    temperature: period.temperatureCelsius,
    totalcost: amounts?.fees?.totalFee ?? null,
    usedownenergy: amounts === null ? null : 0,
    unusedownenergy: null,
    soldenergy: null,
    boughtenergy: amounts?.kwhTotal ?? null,
    consumption: amounts?.kwhTotal ?? null,
    production: amounts?.productionKwh ?? null,
  };
}

function stamp(epochMs: number, style: Behaviour["stamps"]): string {
  if (style === "utc") return new Date(epochMs).toISOString();
  return style === "none" ? isoWithoutZone(epochMs) : isoWithOffset(epochMs);
}
