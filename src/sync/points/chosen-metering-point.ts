import { isNamed } from "./metering-point.js";

/** What a person tells metering points apart by. */
export interface MeteringPointOnOffer {
  /** The id that never changes. */
  readonly id: string;
  /** Caruna+'s own id of today. */
  readonly assetId: string;
  readonly gsrn: string | null;
  /** In one line; empty where none is known. */
  readonly address: string;
  /** Distribution product in Caruna's words. */
  readonly product: string | null;
}

/** What was wanted of the metering points, and by what. */
export interface MeteringPointWish {
  /** Asset id or GSRN; the spaces that bills print between its digits do not matter. */
  readonly wanted: string | undefined;
  /** The option or the setting that names it. */
  readonly namedBy: "--metering-point" | "METERING_POINT";
  /** Id of the one that is meant where none is named. */
  readonly otherwise?: string | undefined;
}

/** A command needs one metering point, and it is not clear which. */
export class MeteringPointNotChosen extends Error {
  override readonly name = "MeteringPointNotChosen";
}

/**
 * The metering point that is named; else the one that is meant otherwise; else the only one there is.
 * Throws `MeteringPointNotChosen`, whose message is one line that lists them.
 */
export function chosenMeteringPoint<Point extends MeteringPointOnOffer>(
  points: readonly Point[],
  { wanted, namedBy, otherwise }: MeteringPointWish,
): Point {
  if (wanted !== undefined) {
    const named = points.find((point) => isNamed(point, wanted));
    if (named !== undefined) return named;
    const shown = JSON.stringify(wanted.slice(0, 40));
    throw new MeteringPointNotChosen(`${namedBy} ${shown} is no metering point known here; there is ${list(points)}.`);
  }
  const meant = points.find(({ id }) => id === otherwise);
  const [only, ...others] = points;
  if (meant !== undefined) return meant;
  if (only !== undefined && others.length === 0) return only;
  throw new MeteringPointNotChosen(
    `There are ${points.length} metering points; choose one with --metering-point: ${list(points)}.`,
  );
}

function list(points: readonly MeteringPointOnOffer[]): string {
  if (points.length === 0) return "none";
  return points
    .map(({ id, address, product }) => {
      const facts = [address, product].filter((fact) => fact !== null && fact !== "");
      return facts.length === 0 ? id : `${id} (${facts.join(", ")})`;
    })
    .join("; ");
}
