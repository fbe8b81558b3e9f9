import type { PeriodState, StoredSum, SumsOfOthers, ToldSum } from "./period.js";

/** Two sums of the same hours, added up in another order. */
const SAME_KWH = 1e-6;
/** By so much the values of an hour may be off among themselves, as they are rounded one by one (in published samples). */
const ROUNDING_OF_AN_HOUR = 1e-7;
/** Sums are rounded to hundredths at the coarsest, mean temperatures to whole degrees. */
const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 9;

/*
 * What a row remembers of comparing, in three columns:
 *
 *   told  stored  verified
 *   null  null    null      never compared, or read anew with other values since
 *   a     a       set       told and stored agreed
 *   a     null    null      the totals differ: it is due on account of that
 *   a     a       null      the parts, or the production, differ: it is due, or was read and they are let be
 *   a     b       null      it was read, and the totals differ all the same: this pair is accepted (never while hours
 *                           are missing: then it stays a, null, null, and waits to be asked again)
 */

/** A value that Caruna+ reports of a period, and that is not the sum (temperature: the mean) of what is stored. */
export interface ValueDifference {
  readonly value: "kwhTotal" | (typeof PARTS)[number] | keyof SumsOfOthers;
  readonly reported: number;
  /** `null`: no stored hour has one. */
  readonly stored: number | null;
}

const PARTS = ["kwhDay", "kwhNight", "kwhNightWinter"] as const;
const OTHER_SUMS = [
  ...(["kwhInvoiced", "kwhProduction", "kwhSold", "kwhCompensated"] as const),
  ...(["eurTotal", "eurDistribution", "eurBase", "eurTax", "eurVat"] as const),
];

/**
 * Every value of Caruna+'s report that is not what is stored, but for rounding; where no hour has a value, that counts as 0.
 * A mean temperature is compared for a whole day alone: what it is of a part of one, or of a month, is not known.
 */
export function valuesThatDiffer(told: ToldSum, stored: StoredSum | undefined): ValueDifference[] {
  const hours = stored?.hours ?? 0;
  const compared: ValueDifference[] = [];
  const compare = (value: ValueDifference["value"], reported: number | null | undefined, ours: number | null) => {
    if (reported !== null && reported !== undefined) compared.push({ value, reported, stored: ours });
  };
  compare("kwhTotal", told.kwhTotal, stored?.kwhTotal ?? null);
  for (const part of PARTS) compare(part, told[part], stored?.[part] ?? null);
  if (stored === undefined || stored.others !== undefined)
    for (const name of OTHER_SUMS) compare(name, told.others?.[name], stored?.others?.[name] ?? null);
  const differing = compared.filter((one) => !agree(one.reported, one.stored ?? 0, hours));
  const temperature = temperatureThatDiffers(told, stored);
  return temperature === undefined ? differing : [...differing, temperature];
}

function temperatureThatDiffers(told: ToldSum, stored: StoredSum | undefined): ValueDifference | undefined {
  const reported = told.others?.temperatureCelsius ?? null;
  if (reported === null || stored?.others === undefined || stored.hours < 23 || stored.hours > 25) return undefined;
  const ours = stored.others.temperatureCelsius;
  const agrees = ours !== null && Math.abs(reported - ours) <= halfOfLastDecimal(reported, 0) + SAME_KWH;
  return agrees ? undefined : { value: "temperatureCelsius", reported, stored: ours };
}

/** Whether Caruna+'s sums and ours agree. A total of a period without one stored hour differs, even when it is 0. */
function differenceOf(told: ToldSum, stored: StoredSum | undefined): "none" | "total" | "parts" {
  if (stored === undefined || stored.hours === 0) return "total";
  const values = valuesThatDiffer(told, stored).map(({ value }) => value);
  if (values.includes("kwhTotal")) return "total";
  // An hour without consumption leaves no other trace in the sums than its production.
  return [...PARTS, "kwhProduction" as const].some((value) => values.includes(value)) ? "parts" : "none";
}

/** Whether what is stored of a period is all that Caruna+ reports of it, however many hours that are. */
export function isAllOf(kwhTold: number | null, stored: StoredSum): boolean {
  // 0 is the total of any number of hours of a metering point that measures production alone.
  return kwhTold !== null && kwhTold !== 0 && stored.hours > 0 && agree(kwhTold, stored.kwhTotal, stored.hours);
}

function agree(reported: number, stored: number, hours: number): boolean {
  return (
    Math.abs(reported - stored) <= halfOfLastDecimal(reported, FEWEST_DECIMALS) + (hours + 1) * ROUNDING_OF_AN_HOUR
  );
}

/** By how much rounding may have changed a number that is shown so. */
function halfOfLastDecimal(value: number, fewest: number): number {
  const [, shown = ""] = /\.(\d*?)0*$/.exec(value.toFixed(MOST_DECIMALS)) ?? [];
  return 0.5 * 10 ** -Math.max(fewest, shown.length);
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
  if (isWaitingForTotal(state, kwhTold)) return state;
  return {
    ...state,
    kwhTold,
    kwhStored: difference === "total" ? null : kwhStored,
    verifiedEpochMs: null,
    nextAskEpochMs: dueSinceEpochMs,
    timesAsked: 0,
  };
}

/** Due on account of this very total, or waiting to be asked again because it was read and hours are missing. */
function isWaitingForTotal(state: PeriodState, kwhTold: number): boolean {
  return isSame(state.kwhTold, kwhTold) && state.kwhStored === null && state.nextAskEpochMs !== null;
}

/**
 * A period after its parent's answer reported it as `told`. Where that says something else than when the period was read,
 * it is due again: at once, and where it keeps changing after pauses that grow. An answer is compared with an answer, so
 * there are no tolerances; only where none was remembered is it compared with what is stored.
 *
 * `before`: as it was remembered; `after`: the same compared by its totals. The same object where nothing changed.
 */
export function afterReport(
  before: PeriodState,
  after: PeriodState,
  told: ToldSum,
  stored: StoredSum | undefined,
  dueSinceEpochMs: number,
  nowEpochMs: number,
): PeriodState {
  if (told.digest === undefined) return after;
  if (before.reported === told.digest) return after.timesReported === 0 ? after : { ...after, timesReported: 0 };
  const noted = { ...after, reported: told.digest };
  const isDue = after.nextAskEpochMs !== null && after.nextAskEpochMs <= nowEpochMs;
  if (before.askedEpochMs === null || isDue) return noted;
  if (before.reported === null && valuesThatDiffer(told, stored).length === 0) return noted;
  const nextAskEpochMs = Math.max(dueSinceEpochMs, before.askedEpochMs + pauseAfterReportMs(before.timesReported));
  // A day that keeps changing waits already.
  if (after.nextAskEpochMs !== null && after.nextAskEpochMs <= nextAskEpochMs) return noted;
  return {
    ...noted,
    nextAskEpochMs: before.timesReported === 0 ? dueSinceEpochMs : nextAskEpochMs,
    timesReported: before.timesReported + 1,
  };
}

const DAY_MS = 24 * 3_600_000;
const LONGEST_PAUSE_DAYS = 30;

/** How long a period is left alone whose report has changed so many times in a row: not at all, then 1, 2, 4, … 30 days. */
function pauseAfterReportMs(timesReported: number): number {
  return timesReported === 0 ? 0 : Math.min(2 ** (timesReported - 1), LONGEST_PAUSE_DAYS) * DAY_MS;
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
  isComplete: boolean,
  nowEpochMs: number,
): { compared: Compared; isInconsistent: boolean } {
  const { kwhTold, verifiedEpochMs } = state;
  if (kwhTold === null || (state.kwhStored !== null && isSame(state.kwhStored, stored.kwhTotal))) {
    return { compared: { kwhTold, kwhStored: state.kwhStored, verifiedEpochMs }, isInconsistent: false };
  }
  if (state.kwhStored !== null) {
    return { compared: { kwhTold: null, kwhStored: null, verifiedEpochMs: null }, isInconsistent: false };
  }
  const agrees = agree(kwhTold, stored.kwhTotal, stored.hours);
  if (!agrees && !isComplete) {
    return { compared: { kwhTold, kwhStored: null, verifiedEpochMs: null }, isInconsistent: false };
  }
  return {
    compared: {
      kwhTold,
      kwhStored: stored.kwhTotal,
      verifiedEpochMs: agrees && stored.hours > 0 ? nowEpochMs : null,
    },
    isInconsistent: !agrees,
  };
}
