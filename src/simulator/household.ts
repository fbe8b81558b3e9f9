import { HOUR_MS, hoursInLocalMonth, type LocalTime, localTimeAt } from "./helsinki.js";

/** Distribution product, in the words of the API's `productType` (`nightly` is seen; the other two are guesses). */
export type ProductType = "nightly" | "general" | "seasonal";

/** What makes one metering point's consumption differ from another's. */
export interface Profile {
  /** Changes the noise, nothing else. */
  readonly seed: number;
  readonly product: ProductType;
  /** kWh per hour and degree below 17 °C. */
  readonly heatingKwhPerDegree: number;
  /** Size of the rest: lights, cooking, devices; 1 is a family of four. */
  readonly householdScale: number;
  readonly sauna: boolean;
  /** A water heater that runs in the first hours of the night price. */
  readonly waterHeater: boolean;
  /** Peak power of solar panels, kW; 0 for none. */
  readonly solarKwp: number;
  /** Production is set off against consumption within the hour, and what is left of either is sold or invoiced. */
  readonly netting: boolean;
  /** Monthly fee without VAT, EUR. */
  readonly monthlyFeeEur: number;
}

/** The truth of one hour, whatever the API shows of it. */
export interface HourTruth {
  /** Start of the hour, epoch milliseconds. */
  readonly startEpochMs: number;
  /** kWh, 2 decimals. */
  readonly kwhTotal: number;
  /** kWh that are invoiced: all but what is set off. */
  readonly invoicedKwh: number;
  /** Invoiced kWh by transfer product part: one part an hour, none where all is set off. */
  readonly parts: Readonly<Record<string, number>>;
  /** °C, 1 decimal. */
  readonly temperatureCelsius: number;
  /** kWh produced, `null` without panels. */
  readonly productionKwh: number | null;
  readonly soldKwh: number | null;
  readonly compensatedKwh: number | null;
  readonly fees: Fees;
  readonly status: number;
}

/** What a correction changes of an hour; the rest follows. */
export interface HourChange {
  readonly kwhTotal?: number;
  readonly invoicedKwh?: number;
  readonly productionKwh?: number;
  readonly temperatureCelsius?: number;
  /** Name of the transfer product part. */
  readonly part?: string;
  /** EUR, without a change of the fees that it is the sum of. */
  readonly totalFee?: number;
  readonly status?: number;
}

/** EUR; all but `totalFee` and `valueAddedTax` themselves are without VAT. */
export interface Fees {
  readonly totalFee: number;
  readonly distributionFee: number;
  readonly distributionBaseFee: number;
  readonly electricityTax: number;
  readonly valueAddedTax: number;
}

/** EUR/kWh without VAT by part. `nighttime` and `electricityTaxEurPerKwh` follow a published sample of 2023. */
const PART_PRICES_EUR_PER_KWH: Readonly<Record<string, number>> = {
  nighttime: 0.0243,
  daytime: 0.0412,
  allDay: 0.0365,
  winterDay: 0.0534,
  otherTime: 0.0239,
};
const ELECTRICITY_TAX_EUR_PER_KWH = 0.02253;

// Share of the household's own use by hour of the local day.
const WORKDAY_KWH = [
  0.22, 0.18, 0.17, 0.17, 0.18, 0.25, 0.55, 0.7, 0.5, 0.35, 0.3, 0.35, 0.35, 0.3, 0.35, 0.5, 0.75, 1.05, 1.15, 1.05,
  0.95, 0.8, 0.55, 0.35,
];
const WEEKEND_KWH = [
  0.3, 0.24, 0.2, 0.18, 0.18, 0.2, 0.28, 0.42, 0.65, 0.85, 0.9, 0.95, 1.0, 0.9, 0.8, 0.85, 0.95, 1.1, 1.1, 1.0, 0.9,
  0.8, 0.6, 0.42,
];

/**
 * The truth of one hour of a household: pure, and the same on every machine.
 *
 * @param startEpochMs start of a whole hour, epoch milliseconds
 */
export function hourTruth(profile: Profile, startEpochMs: number, change: HourChange = {}): HourTruth {
  const local = localTimeAt(startEpochMs);
  const weather = temperatureAt(startEpochMs, local);
  const kwhTotal = round(change.kwhTotal ?? consumptionKwh(profile, startEpochMs, local, weather), 2);
  const produced = profile.solarKwp > 0 ? productionKwh(profile, startEpochMs, local) : null;
  const production = change.productionKwh ?? produced;
  const setOff = profile.netting ? Math.min(production ?? 0, kwhTotal) : 0;
  const surplus = profile.netting ? (production ?? 0) - setOff : Math.max(0, (production ?? 0) - kwhTotal);
  const invoicedKwh = round(change.invoicedKwh ?? kwhTotal - setOff, 2);
  const part = change.part ?? partName(profile.product, local);
  const fees = feesOf(profile, local, part, invoicedKwh);
  return {
    ...{ startEpochMs, kwhTotal, invoicedKwh },
    parts: profile.netting && invoicedKwh === 0 ? {} : { [part]: invoicedKwh },
    temperatureCelsius: change.temperatureCelsius ?? weather,
    productionKwh: production,
    soldKwh: production === null ? null : round(surplus, 4),
    compensatedKwh: production === null ? null : round(setOff, 4),
    fees: { ...fees, totalFee: change.totalFee ?? fees.totalFee },
    status: change.status ?? 150,
  };
}

/** The part that an hour belongs to; the names of the seasonal parts and of the single part are guesses. */
export function partName(product: ProductType, local: LocalTime): string {
  const day = local.hour >= 7 && local.hour < 22;
  if (product === "nightly") return day ? "daytime" : "nighttime";
  if (product === "general") return "allDay";
  const winter = local.month >= 11 || local.month <= 3;
  return winter && local.weekday !== 7 && day ? "winterDay" : "otherTime";
}

/** 24 % to August 2024, 25.5 % since, by the local date. */
export function valueAddedTaxRate(local: LocalTime): number {
  return local.year > 2024 || (local.year === 2024 && local.month >= 9) ? 0.255 : 0.24;
}

export function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  // Adding 0 turns -0 into 0, which JSON would print the same but a strict comparison would not.
  return Math.round(value * factor) / factor + 0;
}

/** `totalFee = (distributionFee + distributionBaseFee + electricityTax) + valueAddedTax`. */
function feesOf(profile: Profile, local: LocalTime, part: string, kwhTotal: number): Fees {
  const distributionFee = round(kwhTotal * (PART_PRICES_EUR_PER_KWH[part] ?? 0), 9);
  const distributionBaseFee = round(profile.monthlyFeeEur / hoursInLocalMonth(local.year, local.month), 8);
  const electricityTax = round(kwhTotal * ELECTRICITY_TAX_EUR_PER_KWH, 9);
  const withoutTax = distributionFee + distributionBaseFee + electricityTax;
  const valueAddedTax = round(withoutTax * valueAddedTaxRate(local), 9);
  return {
    totalFee: round(withoutTax + valueAddedTax, 9),
    distributionFee,
    distributionBaseFee,
    electricityTax,
    valueAddedTax,
  };
}

function consumptionKwh(profile: Profile, epochMs: number, local: LocalTime, temperatureCelsius: number): number {
  const curve = local.weekday >= 6 ? WEEKEND_KWH : WORKDAY_KWH;
  const rhythm = (curve[local.hour] ?? 0.3) * (0.7 + 0.7 * noise(profile.seed, epochMs / HOUR_MS));
  // Darkness: lights burn longer in winter.
  const season = 1 + 0.2 * Math.cos((2 * Math.PI * (dayOfYear(local) - 10)) / 365.25);
  const heating = Math.max(0, 17 - temperatureCelsius) * profile.heatingKwhPerDegree;
  const kwh =
    rhythm * season * profile.householdScale +
    heating * (0.85 + 0.3 * noise(profile.seed + 1, epochMs / HOUR_MS)) +
    waterHeaterKwh(profile, local) +
    saunaKwh(profile, epochMs, local);
  return Math.max(0.05, round(kwh, 2));
}

function waterHeaterKwh(profile: Profile, local: LocalTime): number {
  if (!profile.waterHeater) return 0;
  return { 22: 2.4, 23: 1.9, 0: 0.9 }[local.hour] ?? 0;
}

/** Saturday evening, and some Wednesdays. */
function saunaKwh(profile: Profile, epochMs: number, local: LocalTime): number {
  if (!profile.sauna) return 0;
  const week = Math.floor(epochMs / (7 * 24 * HOUR_MS));
  const bath = local.weekday === 6 || (local.weekday === 3 && noise(profile.seed + 2, week) > 0.5);
  if (!bath) return 0;
  return { 18: 5.6, 19: 3.4 }[local.hour] ?? 0;
}

function productionKwh(profile: Profile, epochMs: number, local: LocalTime): number {
  const height = -Math.cos((2 * Math.PI * (dayOfYear(local) + 10)) / 365.25);
  const dayLengthHours = 12 + 6 * height;
  const fromNoon = Math.abs(local.hour - 13);
  if (fromNoon > dayLengthHours / 2) return 0;
  const sun = Math.cos((Math.PI * fromNoon) / dayLengthHours) * (0.45 + 0.4 * height);
  const clouds = 0.25 + 0.75 * noise(profile.seed + 3, Math.floor(epochMs / (24 * HOUR_MS)));
  return round(Math.max(0, profile.solarKwp * sun * clouds), 2);
}

/** One weather for all: a cold January, a mild July, spells of three days. */
function temperatureAt(epochMs: number, local: LocalTime): number {
  const year = (2 * Math.PI * (dayOfYear(local) - 25)) / 365.25;
  const seasonal = 5.5 - 11.5 * Math.cos(year);
  const swing = 3 - 2 * Math.cos(year);
  const daily = swing * Math.cos((2 * Math.PI * (local.hour - 15)) / 24);
  const spell = epochMs / (72 * HOUR_MS);
  const before = noise(99, Math.floor(spell));
  const after = noise(99, Math.floor(spell) + 1);
  const weather = 14 * (before + (after - before) * (spell - Math.floor(spell)) - 0.5);
  return round(seasonal + daily + weather, 1);
}

function dayOfYear(local: LocalTime): number {
  return (
    Math.round((Date.UTC(local.year, local.month - 1, local.day) - Date.UTC(local.year, 0, 1)) / (24 * HOUR_MS)) + 1
  );
}

/** A number in [0, 1) that depends on nothing but its two arguments. */
function noise(seed: number, index: number): number {
  let mixed = Math.imul(seed + 0x9e3779b9, 0x85ebca6b) ^ Math.imul(Math.floor(index) + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}
