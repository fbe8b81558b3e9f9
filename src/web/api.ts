/*
 * What the server tells the page, and nothing else: no import, so that the browser's code can take the types from here.
 * Instants are milliseconds since the epoch where not said otherwise; days are local ones (Europe/Helsinki), "2026-11-22".
 */

/** `GET /api/overview` */
export interface Overview {
  readonly now: number;
  /** Of this program. */
  readonly version: string;
  /** By id. */
  readonly points: readonly OverviewPoint[];
  /** The last cycle that ended; `null`: none has ended since the start. */
  readonly lastCycle: { readonly ended: number; readonly problem: string | null } | null;
  readonly nextCycle: number | null;
  readonly guard: OverviewGuard;
  /** What is wrong now and what to do about it; empty where all is well. */
  readonly problems: readonly OverviewProblem[];
}

/** The login guard, which pauses the login after password posts that led to no token. */
export interface OverviewGuard {
  /**
   * Until when the password is not posted again; `null`: it is not held back. 8640000000000000, the last instant there
   * is: until it changes or the user asks for a try.
   */
  readonly heldUntil: number | null;
  /** When Caruna+ rejected it last; `null`: it did not, or it is not held back. */
  readonly rejected: number | null;
  /** What came of the last post; this and the following are `null` where the password is not held back. */
  readonly kind: "rejected" | "person needed" | "not understood" | "no answer" | null;
  /** When the password was posted last. */
  readonly posted: number | null;
  /** Caruna's own words (Finnish, masked), where it gave some. */
  readonly words: string | null;
  /** File with the transcript of that login, where there is one. */
  readonly transcript: string | null;
}

export interface OverviewProblem {
  /** What happened, in English, for people. */
  readonly message: string;
  /** What to do; empty where the message says all there is. */
  readonly nextStep: string;
}

/** What there is of a metering point. */
export interface OverviewPoint {
  /** Caruna+'s own id (assetId). */
  readonly id: string;
  /** One line; empty where Caruna+ gives none. */
  readonly address: string;
  /** Distribution product in Caruna's words, e.g. "Yösiirto 25 A". */
  readonly product: string | null;
  /** Main fuse in amperes, phases first, e.g. "3x25". */
  readonly fuse: string | null;
  /** Global Service Relation Number, as printed on bills. */
  readonly gsrn: string | null;
  /** Whether the table `energy_hourly` follows it. */
  readonly isFollowed: boolean;
  /** Starts of its first and of its newest stored hour; `null`: it has none. */
  readonly firstHour: number | null;
  readonly lastHour: number | null;
  readonly hours: number;
  /** Hours from the first one to the end of yesterday, or of the contract. */
  readonly hoursExpected: number;
  /** Stretches of missing hours between stored ones, newest first, the newest 50; `end` is the start of the next hour that is there. */
  readonly gaps: readonly { readonly start: number; readonly end: number }[];
  /** Hours in all gaps, those that are not listed included. */
  readonly gapHours: number;
  /** When Caruna+'s totals and the stored hours were last found to agree; `null`: not yet. */
  readonly verified: number | null;
  /** When Caruna+ is asked for something of it next; `null`: nothing is due. */
  readonly nextAsk: number | null;
  /** Periods that the look back has not read yet. */
  readonly lookBack: { readonly days: number; readonly months: number; readonly years: number };
}

export type SeriesBy = "hour" | "day" | "month" | "year";

/**
 * `GET /api/series?point=ID&by=hour|day|month|year&from=YYYY-MM-DD&to=YYYY-MM-DD` (`to` included; both may be left out).
 * Columns of one length, one entry a period of the local calendar, earliest first. They run from the period of `from` or of
 * the first stored hour, whichever is later, to that of `to` or of the last one; a period without a stored hour has
 * `null`s and 0 hours. Where a period lies in part outside `from` to `to`, it holds what lies inside.
 */
export interface Series {
  /** Start of the local period, in whole SECONDS since the epoch. */
  readonly start: readonly number[];
  readonly kwhTotal: readonly (number | null)[];
  readonly kwhDay: readonly (number | null)[];
  readonly kwhNight: readonly (number | null)[];
  readonly kwhNightWinter: readonly (number | null)[];
  readonly kwhProduction: readonly (number | null)[];
  /** Mean outdoor temperature, degrees Celsius. */
  readonly celsius: readonly (number | null)[];
  /** Price of the distribution with tax and VAT, EUR. */
  readonly eurTotal: readonly (number | null)[];
  /** Hours with a total. */
  readonly hours: readonly number[];
  /** Hours that the period has on a wall clock, as far as it lies between `from` and `to`. */
  readonly hoursExpected: readonly number[];
}

/**
 * `verified`: complete, and found to agree with Caruna+'s total or read once more when it was two weeks old. `future`: not
 * begun yet, or today while nothing of it is there.
 */
export type DayState = "complete" | "partial" | "missing" | "verified" | "future";

/** `GET /api/completeness?point=ID&year=YYYY`: every day of the year; days before the first stored hour are `missing`. */
export interface Completeness {
  readonly days: readonly CompletenessDay[];
}

export interface CompletenessDay {
  readonly day: string;
  readonly hours: number;
  readonly expected: number;
  readonly state: DayState;
}

/** Body of an answer with status 400 or above to anything under `/api/`: what is wrong and what to do. */
export interface ApiError {
  readonly error: string;
}
