import type { PeriodState, StoredSum, ToldSum } from "./period.js";

/** Caruna+ may round its totals to hundredths of a kWh; the rest is for the arithmetic of floating point. */
const TOLERANCE_KWH = 0.005 + 1e-6;
/** Two sums of the same hours, added up in another order. */
const SAME_KWH = 1e-6;

/*
 * What a row remembers of comparing, in three columns:
 *
 *   told  stored  verified
 *   null  null    null      never compared, or read anew with other values since
 *   a     a       set       told and stored agreed
 *   a     null    null      the totals differ: it is due on account of that
 *   a     a       null      the parts differ: it is due, or was read and the parts are let be
 *   a     b       null      it was read, and the totals differ all the same: this pair is accepted
 */

type Difference = "none" | "total" | "parts";

/** Whether Caruna+'s sums and ours agree. A total of a period without one stored hour differs, even when it is 0. */
export function differenceOf(told: ToldSum, stored: StoredSum | undefined): Difference {
  if (stored === undefined || stored.hours === 0 || !agree(told.kwhTotal, stored.kwhTotal)) return "total";
  const parts = [
    [told.kwhDay, stored.kwhDay],
    [told.kwhNight, stored.kwhNight],
    [told.kwhNightWinter, stored.kwhNightWinter],
  ] as const;
  const differ = parts.some(([one, other]) => one !== null && other !== null && !agree(one, other));
  return differ ? "parts" : "none";
}

function agree(one: number, other: number): boolean {
  return Math.abs(one - other) <= TOLERANCE_KWH;
}

function isSame(one: number | null, other: number): boolean {
  return one !== null && Math.abs(one - other) <= SAME_KWH;
}

/**
 * A period after what Caruna+ tells of it was compared with what is stored. Where they differ it is due since
 * `dueSinceEpochMs`, unless it was read on account of the very same difference before. The same object where nothing changed.
 */
export function afterComparing(
  state: PeriodState,
  told: ToldSum,
  stored: StoredSum | undefined,
  dueSinceEpochMs: number,
  nowEpochMs: number,
): PeriodState {
  const kwhTold = told.kwhTotal;
  const kwhStored = stored?.kwhTotal ?? 0;
  const isSamePair = isSame(state.kwhTold, kwhTold) && isSame(state.kwhStored, kwhStored);
  const difference = differenceOf(told, stored);
  if (difference === "none") {
    if (isSamePair && state.verifiedEpochMs !== null) return state;
    return { ...state, kwhTold, kwhStored, verifiedEpochMs: nowEpochMs };
  }
  if (isSamePair && state.verifiedEpochMs === null) return state;
  if (isWaitingForTotal(state, kwhTold, dueSinceEpochMs)) return state;
  return {
    ...state,
    kwhTold,
    kwhStored: difference === "total" ? null : kwhStored,
    verifiedEpochMs: null,
    nextAskEpochMs: dueSinceEpochMs,
    timesAsked: 0,
  };
}

function isWaitingForTotal(state: PeriodState, kwhTold: number, dueSinceEpochMs: number): boolean {
  return isSame(state.kwhTold, kwhTold) && state.kwhStored === null && state.nextAskEpochMs === dueSinceEpochMs;
}

type Compared = Pick<PeriodState, "kwhTold" | "kwhStored" | "verifiedEpochMs">;

/**
 * What is remembered of comparing after the period itself was read and stored. `isInconsistent` where it was read
 * because its total differed, and differs still: Caruna+'s own sums and hours do not match, or were told at two times
 * between which it revised them; then the next comparing sets it right.
 */
export function afterReading(
  state: PeriodState,
  stored: StoredSum,
  nowEpochMs: number,
): { compared: Compared; isInconsistent: boolean } {
  const { kwhTold, verifiedEpochMs } = state;
  if (kwhTold === null || (state.kwhStored !== null && isSame(state.kwhStored, stored.kwhTotal))) {
    return { compared: { kwhTold, kwhStored: state.kwhStored, verifiedEpochMs }, isInconsistent: false };
  }
  if (state.kwhStored !== null) {
    return { compared: { kwhTold: null, kwhStored: null, verifiedEpochMs: null }, isInconsistent: false };
  }
  const agrees = agree(kwhTold, stored.kwhTotal);
  return {
    compared: {
      kwhTold,
      kwhStored: stored.kwhTotal,
      verifiedEpochMs: agrees && stored.hours > 0 ? nowEpochMs : null,
    },
    isInconsistent: !agrees,
  };
}
