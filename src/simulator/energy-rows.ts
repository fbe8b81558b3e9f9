import { HOUR_MS, hoursOfLocalDay, isoWithOffset, isoWithoutZone, localTimeAt, startOfLocalDay } from "./helsinki.js";
import { type Fees, type HourTruth, round } from "./household.js";
import type { SimulatedMeter } from "./meters.js";
import type { Household } from "./readings.js";
import type { Behaviour } from "./settings.js";

export type Timespan = "daily" | "monthly" | "yearly";

/** What a row shows: a quarter, an hour, a day or a month. */
interface Amounts {
  readonly kwhTotal: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly partFees: Readonly<Record<string, number>>;
  readonly temperatureCelsius: number;
  readonly productionKwh: number | null;
  readonly fees: Fees;
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
  return periods.map((period) => flatRow(period, behaviour));
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
    const starts = Array.from({ length: days }, (_, index) => startOfLocalDay(year, month, index + 1));
    return sumPeriods(household, meter, [...starts, startOfLocalDay(year, month + 1, 1)]);
  }
  return sumPeriods(
    household,
    meter,
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
    .filter((hour) => hour >= contractStart(meter))
    .flatMap((hour) => {
      const truth = household.truthOfHour(meter.assetId, hour);
      const published = household.isPublished(meter.assetId, hour);
      const stamp = stampOf(hour, behaviour);
      const periods = behaviour.quarterHours ? quarters(truth, stamp, published) : [wholeHour(truth, stamp, published)];
      // Seen in 2023: where 03:00 does not exist the row of 02:00 came twice.
      const twice = behaviour.march === "row-twice" && localTimeAt(hour + HOUR_MS).hour - localTimeAt(hour).hour === 2;
      return twice ? [...periods, ...periods] : periods;
    });
}

function stampOf(hour: number, behaviour: Behaviour): number {
  const isSecond = localTimeAt(hour - HOUR_MS).hour === localTimeAt(hour).hour;
  return behaviour.october === "one-stamp-twice" && isSecond ? hour - HOUR_MS : hour;
}

function wholeHour(truth: HourTruth, stampEpochMs: number, published: boolean): Period {
  return { stampEpochMs, temperatureCelsius: truth.temperatureCelsius, amounts: published ? sum([truth]) : null };
}

/** Four quarters that sum to the hour exactly, in hundredths of a kWh. */
function quarters(truth: HourTruth, stampEpochMs: number, published: boolean): Period[] {
  const hundredths = Math.round(truth.kwhTotal * 100);
  return [0, 1, 2, 3].map((index) => {
    const kwhTotal = (Math.floor((hundredths * (index + 1)) / 4) - Math.floor((hundredths * index) / 4)) / 100;
    const share = truth.kwhTotal === 0 ? 0 : kwhTotal / truth.kwhTotal;
    const production = truth.productionKwh === null ? null : round(truth.productionKwh / 4, 4);
    const quarter: HourTruth = {
      ...truth,
      kwhTotal,
      parts: mapValues(truth.parts, () => kwhTotal),
      productionKwh: production,
      fees: { ...shareOfFees(truth.fees, share), distributionBaseFee: round(truth.fees.distributionBaseFee / 4, 9) },
    };
    return {
      stampEpochMs: stampEpochMs + index * (HOUR_MS / 4),
      temperatureCelsius: truth.temperatureCelsius,
      amounts: published ? sum([quarter]) : null,
    };
  });
}

function shareOfFees(fees: Fees, share: number): Fees {
  return {
    totalFee: round(fees.totalFee * share, 9),
    distributionFee: round(fees.distributionFee * share, 9),
    distributionBaseFee: round(fees.distributionBaseFee * share, 9),
    electricityTax: round(fees.electricityTax * share, 9),
    valueAddedTax: round(fees.valueAddedTax * share, 9),
  };
}

/** Days or months: the sums of what is published of each. */
function sumPeriods(household: Household, meter: SimulatedMeter, bounds: readonly number[]): Period[] {
  const periods: Period[] = [];
  for (const [index, start] of bounds.slice(0, -1).entries()) {
    const end = bounds[index + 1] ?? start;
    const hours: number[] = [];
    for (let hour = Math.max(start, contractStart(meter)); hour < end; hour += HOUR_MS) hours.push(hour);
    if (hours.length === 0) continue;
    const published = hours.filter((hour) => household.isPublished(meter.assetId, hour));
    const truths = published.map((hour) => household.truthOfHour(meter.assetId, hour));
    const amounts = truths.length === 0 ? null : sum(truths);
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

function sum(truths: readonly HourTruth[]): Amounts {
  const total = (pick: (truth: HourTruth) => number, decimals: number) =>
    round(
      truths.reduce((sofar, truth) => sofar + pick(truth), 0),
      decimals,
    );
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
    parts,
    partFees,
    temperatureCelsius: round(total((truth) => truth.temperatureCelsius, 6) / truths.length, 1),
    productionKwh: truths.some((truth) => truth.productionKwh === null)
      ? null
      : total((truth) => truth.productionKwh ?? 0, 4),
    fees: {
      totalFee: total((truth) => truth.fees.totalFee, 9),
      distributionFee: total((truth) => truth.fees.distributionFee, 9),
      distributionBaseFee: total((truth) => truth.fees.distributionBaseFee, 9),
      electricityTax: total((truth) => truth.fees.electricityTax, 9),
      valueAddedTax: total((truth) => truth.fees.valueAddedTax, 9),
    },
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
  if (behaviour.energyShape === "minimal")
    return { timestamp, totalConsumption: consumption, invoicedConsumption: consumption, temperature };
  if (behaviour.energyShape === "bare")
    return { timestamp, temperature, totalConsumption: consumption, production: amounts?.productionKwh ?? null };
  return {
    timestamp,
    totalConsumption: consumption,
    invoicedConsumption: consumption,
    ...(amounts?.fees ?? NO_FEES),
    temperature,
    statuses: amounts === null ? null : { totalConsumption: 150, invoicedConsumption: 150 },
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
  if (amounts === null || amounts.productionKwh === null) return {};
  const sold = round(Math.max(0, amounts.productionKwh - amounts.kwhTotal), 4);
  return { production: amounts.productionKwh, soldProduction: sold, compensatedProduction: 0 };
}

function wrappedRow(meter: SimulatedMeter, period: Period, behaviour: Behaviour): Record<string, unknown> {
  const { amounts } = period;
  // The one sample of this shape has its stamps in UTC.
  const timestamp = stamp(period.stampEpochMs, behaviour.stamps === "none" ? "none" : "utc");
  return {
    id: meter.gsrn,
    timestamp,
    temperature: period.temperatureCelsius,
    totalcost: amounts?.fees.totalFee ?? null,
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
