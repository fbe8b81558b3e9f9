import type { HourlyReading, MeteredHour } from "../../energy/index.js";

/** The split of an hour by the price of the distribution; parts in kWh. `null` where nobody has told. */
export interface Split {
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly tariff: string | null;
}

/** The values of one row of `energy_hourly`; parts and total in kWh. */
export interface HourValues extends Split {
  readonly kwhTotal: number | null;
}

/** Everything that `metering_point_hourly` holds of an hour beside its key; units as in its columns' names. */
export interface MeteredHourValues extends HourValues, Omit<MeteredHour, keyof HourlyReading> {}

/**
 * What a row of `energy_hourly` is to hold after a reading: a `null` never overwrites a value. `tariff` says where the
 * parts come from, so a reading without any part leaves the tariff of a row that has parts.
 *
 * @param superseded a split that the program itself stored before, and that the reading takes the place of as a whole.
 */
export function mergeHour(stored: HourValues, reading: HourValues, superseded?: Split): HourValues {
  const kept = superseded && isSameSplit(stored, superseded) ? { ...stored, ...NO_SPLIT } : stored;
  return { kwhTotal: reading.kwhTotal ?? stored.kwhTotal, ...mergeSplit(kept, reading) };
}

export function isSameHour(one: HourValues, other: HourValues): boolean {
  return one.kwhTotal === other.kwhTotal && isSameSplit(one, other);
}

const NO_SPLIT = { kwhDay: null, kwhNight: null, kwhNightWinter: null, tariff: null } as const;

function mergeSplit(stored: Split, reading: Split): Split {
  const keepsTariff = stored.tariff !== null && hasParts(stored) && !hasParts(reading);
  return {
    kwhDay: reading.kwhDay ?? stored.kwhDay,
    kwhNight: reading.kwhNight ?? stored.kwhNight,
    kwhNightWinter: reading.kwhNightWinter ?? stored.kwhNightWinter,
    tariff: keepsTariff ? stored.tariff : (reading.tariff ?? stored.tariff),
  };
}

function isSameSplit(one: Split, other: Split): boolean {
  return (
    one.kwhDay === other.kwhDay &&
    one.kwhNight === other.kwhNight &&
    one.kwhNightWinter === other.kwhNightWinter &&
    one.tariff === other.tariff
  );
}

function hasParts({ kwhDay, kwhNight, kwhNightWinter }: Split): boolean {
  return kwhDay !== null || kwhNight !== null || kwhNightWinter !== null;
}

/** What a row of `metering_point_hourly` is to hold after a reading. */
export interface MergedHour {
  readonly values: MeteredHourValues;
  /** The stored split, where that of the reading took its place as a whole. */
  readonly superseded: Split | undefined;
}

/**
 * As `mergeHour`, for all columns. A split has one source: Caruna+'s parts take the place of the calendar's, and the
 * calendar's that of Caruna+'s parts only where the total has become another since Caruna+ told them.
 */
export function mergeMeteredHour(stored: MeteredHourValues, reading: MeteredHourValues): MergedHour {
  const isOtherSource = hasParts(stored) && hasParts(reading) && stored.splitSource !== reading.splitSource;
  const isOutdone = isOtherSource && reading.splitSource === "calendar" && stored.kwhTotal === reading.kwhTotal;
  const superseded = isOtherSource && !isOutdone ? splitOf(stored) : undefined;
  const told = isOutdone ? { ...reading, ...splitOf(stored) } : reading;
  const keepsSource = isOutdone || (hasParts(stored) && !hasParts(reading));
  const values: MeteredHourValues = {
    ...mergeHour(stored, told, superseded),
    kwhInvoiced: reading.kwhInvoiced ?? stored.kwhInvoiced,
    kwhProduction: reading.kwhProduction ?? stored.kwhProduction,
    kwhSold: reading.kwhSold ?? stored.kwhSold,
    kwhCompensated: reading.kwhCompensated ?? stored.kwhCompensated,
    temperatureCelsius: reading.temperatureCelsius ?? stored.temperatureCelsius,
    eurTotal: reading.eurTotal ?? stored.eurTotal,
    eurDistribution: reading.eurDistribution ?? stored.eurDistribution,
    eurBase: reading.eurBase ?? stored.eurBase,
    eurTax: reading.eurTax ?? stored.eurTax,
    eurVat: reading.eurVat ?? stored.eurVat,
    status: reading.status ?? stored.status,
    parts: reading.parts ?? stored.parts,
    splitSource: keepsSource ? stored.splitSource : (reading.splitSource ?? stored.splitSource),
  };
  return { values, superseded };
}

/** Whether a stored hour would be another one after this reading of it. */
export function isChangedBy(stored: MeteredHourValues, reading: MeteredHourValues): boolean {
  return !isSameMeteredHour(stored, mergeMeteredHour(stored, reading).values);
}

export function isSameMeteredHour(one: MeteredHourValues, other: MeteredHourValues): boolean {
  return (
    isSameHour(one, other) &&
    one.kwhInvoiced === other.kwhInvoiced &&
    one.kwhProduction === other.kwhProduction &&
    one.kwhSold === other.kwhSold &&
    one.kwhCompensated === other.kwhCompensated &&
    one.temperatureCelsius === other.temperatureCelsius &&
    one.eurTotal === other.eurTotal &&
    one.eurDistribution === other.eurDistribution &&
    one.eurBase === other.eurBase &&
    one.eurTax === other.eurTax &&
    one.eurVat === other.eurVat &&
    one.status === other.status &&
    one.splitSource === other.splitSource &&
    isSameParts(one.parts, other.parts)
  );
}

function splitOf({ kwhDay, kwhNight, kwhNightWinter, tariff }: Split): Split {
  return { kwhDay, kwhNight, kwhNightWinter, tariff };
}

function isSameParts(one: MeteredHourValues["parts"], other: MeteredHourValues["parts"]): boolean {
  if (one === null || other === null) return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
