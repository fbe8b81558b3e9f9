import type { MeteringPoint } from "../../caruna/index.js";
import type { KnownMeteringPoint } from "../../database/index.js";
import type { HourlyReading } from "../../energy/index.js";

/** `METERING_POINT` names a metering point that the account does not have. */
export class MeteringPointNotFound extends Error {
  override readonly name = "MeteringPointNotFound";

  constructor(wanted: string, points: readonly NamedPoint[]) {
    super(
      `METERING_POINT is "${wanted}", but this account has no metering point of that id or GSRN. ` +
        `Set it to one of these:\n${listed(points)}`,
    );
  }
}

/** `energy_hourly` holds the hours of another meter than the one that is to be mirrored there. */
export class MeteringPointDiffers extends Error {
  override readonly name = "MeteringPointDiffers";
  readonly #wanted: string;
  readonly #before: string | undefined;

  constructor(wanted: NamedPoint & { readonly id: string }, before: string | undefined, compared: Comparison) {
    const holder = before === undefined ? "another meter" : `another meter (metering point ${before})`;
    super(
      `energy_hourly holds the hours of ${holder} than metering point ${wanted.id}: of ${compared.hours} hours that Caruna+ still ` +
        `shows, ${compared.differing} differ. Nothing was written, so that two meters do not mix in one table. To keep those rows in a ` +
        "table of their own and have energy_hourly mirror this metering point alone, run: caruna-integration " +
        `switch-metering-point${before === undefined ? "" : `; to go on as before, set METERING_POINT=${before}`}. The line of this one:\n${listed([wanted])}`,
    );
    this.#wanted = wanted.id;
    this.#before = before;
  }

  /** Whether it says this of those two. */
  isOf(wanted: string, before: string | undefined): boolean {
    return this.#wanted === wanted && this.#before === before;
  }
}

/** The account has no metering point at all. */
export class NoMeteringPoint extends Error {
  override readonly name = "NoMeteringPoint";

  /** @param refusedCustomers how many of its customers Caruna+ refuses to show. */
  constructor(refusedCustomers = 0) {
    const refused = refusedCustomers === 0 ? "" : `, and refuses ${refusedCustomers} of its customer numbers`;
    super(`Caruna+ shows no metering point for this account${refused}. See whether there is one at plus.caruna.fi.`);
  }
}

/** What a person tells metering points apart by. */
export interface NamedPoint {
  /** The id that never changes; undefined: as the asset id. */
  readonly id?: string;
  /** Caruna+'s own id of today. */
  readonly assetId: string;
  readonly gsrn: string | null;
  readonly address: string;
  readonly product?: string | null;
  readonly productDescription?: string | null;
}

/** One line a metering point, with what a person needs to tell them apart and the line to add. */
export function listed(points: readonly NamedPoint[]): string {
  return points
    .map(({ id, assetId, address, gsrn, product, productDescription }) => {
      const facts = [address, product ?? productDescription, gsrn && `GSRN ${gsrn}`].filter(Boolean);
      return `  METERING_POINT=${id ?? assetId}   # ${facts.join(", ")}`;
    })
    .join("\n");
}

/** The one of a list that is named. Throws `MeteringPointNotFound`, listing those that are there. */
export function namedMeteringPoint(points: readonly MeteringPoint[], wanted: string): MeteringPoint {
  const found = points.find((point) => isNamed(point, wanted));
  if (found === undefined) throw new MeteringPointNotFound(wanted, points);
  return found;
}

/** Whether a setting names that metering point: by the id that never changes, by today's asset id, or by GSRN. */
export function isNamed({ id, assetId, gsrn }: Pick<NamedPoint, "id" | "assetId" | "gsrn">, wanted: string): boolean {
  const digits = wanted.replace(/\s+/g, "");
  return [id, assetId].some((known) => known === wanted || known === digits) || gsrn === digits;
}

/** As the client takes it. */
export function carunaPoint(row: KnownMeteringPoint): MeteringPoint {
  return {
    customerId: row.customer,
    assetId: row.assetId,
    kind: row.kind ?? "consumption",
    gsrn: row.gsrn,
    address: row.address,
    productDescription: row.product,
    fuseSize: row.fuse,
  };
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

/** How the stored hours of some days compare with a metering point's: hours that both have, and those of them that differ. */
export interface Comparison {
  readonly hours: number;
  readonly differing: number;
}

export function compareWithStored(stored: readonly StoredHour[], readings: readonly HourlyReading[]): Comparison {
  const kwhByHour = new Map(readings.map((reading) => [reading.startEpochMs, reading.kwhTotal]));
  const both = stored.filter((hour) => typeof kwhByHour.get(hour.startEpochMs) === "number");
  const differing = both.filter(
    (hour) => Math.abs((kwhByHour.get(hour.startEpochMs) ?? Number.NaN) - hour.kwhTotal) > TOLERANCE_KWH,
  );
  return { hours: both.length, differing: differing.length };
}

/** Whether the stored hours are that metering point's, with the exception of some that were revised since. */
export function isSameMeter({ hours, differing }: Comparison): boolean {
  return hours >= FEWEST_HOURS && hours - differing >= hours * AGREEING_SHARE;
}

/** Whether they are another one's: most differ. What cannot be compared, and one odd hour, prove nothing. */
export function isOtherMeter({ hours, differing }: Comparison): boolean {
  return hours >= FEWEST_HOURS && differing > hours / 2;
}
