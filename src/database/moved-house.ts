import type { KnownMeteringPoint } from "./metering-points.js";

/** The user has moved: what `energy_hourly` mirrors has ended, and another metering point is there. */
export interface MovedHouse {
  /** What happened, in a sentence. */
  readonly message: string;
  /** What to do, with the line to set. */
  readonly nextStep: string;
}

/** After so long without being listed a metering point is gone; a list may lack one for a day. */
const GONE_AFTER_MS = 2 * 24 * 60 * 60_000;

/**
 * @param mirrored id of the metering point that `energy_hourly` mirrors.
 * @param today local day (Europe/Helsinki), e.g. "2026-11-28".
 */
export function movedHouse(
  points: readonly KnownMeteringPoint[],
  mirrored: string | undefined,
  today: string,
  nowEpochMs: number,
): MovedHouse | undefined {
  const from = points.find(({ id }) => id === mirrored);
  if (from === undefined) return undefined;
  const hasEnded = from.contractTo !== null && from.contractTo < today;
  const isGone = from.account === null && from.lastSeenEpochMs < nowEpochMs - GONE_AFTER_MS;
  if (!hasEnded && !isGone) return undefined;
  const to = points.filter(
    ({ id, account, kind, contractTo }) =>
      id !== from.id &&
      account !== null &&
      account === (from.account ?? account) &&
      kind !== "production" &&
      (contractTo === null || contractTo >= today),
  );
  if (to.length === 0) return undefined;
  const end = hasEnded ? `its contract ended on ${from.contractTo}` : "Caruna+ lists it no more";
  const lines = to.map(({ id, address }) => `METERING_POINT=${id}${address === "" ? "" : `   # ${address}`}`);
  return {
    message: `energy_hourly mirrors metering point ${from.id}: ${end}, and there is another one.`,
    nextStep:
      `To go on with it, set ${lines.join(", or ")}; caruna-integration switch-metering-point keeps the rows of before in a table ` +
      "of their own.",
  };
}
