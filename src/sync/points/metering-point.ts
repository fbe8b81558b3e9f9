import type { MeteringPoint } from "../../caruna/index.js";
import type { HourlyReading } from "../../energy/index.js";

/** `METERING_POINT` names a metering point that the account does not have. */
export class MeteringPointNotFound extends Error {
  override readonly name = "MeteringPointNotFound";

  constructor(wanted: string, points: readonly MeteringPoint[]) {
    super(
      `METERING_POINT is "${wanted}", but this account has no metering point of that id or GSRN. ` +
        `Set it to one of these:\n${listed(points)}`,
    );
  }
}

/** The account has no metering point at all. */
export class NoMeteringPoint extends Error {
  override readonly name = "NoMeteringPoint";

  constructor() {
    super("Caruna+ shows no metering point for this account. See whether there is one at plus.caruna.fi.");
  }
}

/** One line a metering point, with what a person needs to tell them apart and the line to add. */
export function listed(points: readonly MeteringPoint[]): string {
  return points
    .map((point) => {
      const facts = [point.address, point.productDescription, point.gsrn && `GSRN ${point.gsrn}`].filter(Boolean);
      return `  METERING_POINT=${point.assetId}   # ${facts.join(", ")}`;
    })
    .join("\n");
}

/** The metering point of that asset id or GSRN. Throws `MeteringPointNotFound`, listing those that are there. */
export function namedMeteringPoint(points: readonly MeteringPoint[], wanted: string): MeteringPoint {
  const found = points.find((point) => point.assetId === wanted || point.gsrn === wanted);
  if (found === undefined) throw new MeteringPointNotFound(wanted, points);
  return found;
}

/** What `energy_hourly` holds of one hour. */
export interface StoredHour {
  readonly startEpochMs: number;
  readonly kwhTotal: number;
}

/** Values written by other programs went through other number formats; Caruna+ shows hundredths or thousandths of a kWh. */
const TOLERANCE_KWH = 0.0005;
/** Hours that must be there to compare, and the share of them that must agree (some may have been revised since). */
const FEWEST_HOURS = 6;
const AGREEING_SHARE = 0.9;

/**
 * The one metering point whose readings are those stored; undefined where none is, or more than one (two cottages that
 * stand empty look alike).
 */
export function meteringPointOfStoredHours(
  stored: readonly StoredHour[],
  candidates: readonly { readonly point: MeteringPoint; readonly readings: readonly HourlyReading[] }[],
): MeteringPoint | undefined {
  const matching = candidates.filter(({ readings }) => agrees(stored, readings));
  return matching.length === 1 ? matching[0]?.point : undefined;
}

function agrees(stored: readonly StoredHour[], readings: readonly HourlyReading[]): boolean {
  const kwhByHour = new Map(readings.map((reading) => [reading.startEpochMs, reading.kwhTotal]));
  const both = stored.filter((hour) => kwhByHour.has(hour.startEpochMs));
  const equal = both.filter(
    (hour) => Math.abs((kwhByHour.get(hour.startEpochMs) ?? Number.NaN) - hour.kwhTotal) <= TOLERANCE_KWH,
  );
  return both.length >= FEWEST_HOURS && equal.length >= both.length * AGREEING_SHARE;
}
