import type { VariantName } from "./variants.js";

/** Steps of the login at which a redirect to another host can be put. */
export type ForeignStep =
  | "start"
  | "approach"
  | "login-form"
  | "credentials"
  | "journey"
  | "relay-form"
  | "relay"
  | "callback";

/** A resource of the API, in the words that a request's `kind` has. */
export type Resource =
  | "info"
  | "contracts"
  | "assets"
  | "metering points"
  | "energy daily"
  | "energy monthly"
  | "energy yearly";

/** What is answered in place of data, where everything that is given here fits the request. */
export interface Refusal {
  readonly customerNumber?: string;
  readonly assetId?: string;
  readonly resources?: readonly Resource[];
  readonly status: number;
  /** JSON with a `msg` by default. */
  readonly body?: string;
}

/** How the service behaves; every setting can be changed while the simulator runs. */
export interface Behaviour {
  variant: VariantName;
  user: string;
  password: string;
  /** Milliseconds that every answer takes. */
  latencyMs: number;
  /** How wrong credentials are answered: all three are said of the service, none is recorded. */
  wrongPassword: "feedback" | "redirect" | "401";
  /** The right password leads to a page that asks for a code sent by SMS; no code is ever right. */
  secondFactor: boolean;
  /** A page that tells of maintenance stands in place of the login page, with this status. */
  maintenance: false | 200 | 503;
  /** So many of the next credential posts find their session lost: they lead to an error page and are not judged. */
  loseSessions: number;
  /** At this step the login leads to another host's address. */
  foreign: { readonly step: ForeignStep; readonly url: string } | null;
  /** A browser that has logged in gets its next code without a password, as long as its cookie lives. */
  singleSignOn: boolean;
  tokenLifetimeSeconds: number;
  /** How a bad or missing token is answered. */
  tokenRefusal: 401 | 403 | "login-page";
  /** No token is good, however new. */
  refuseTokens: boolean;
  /** Of these the first that fits a call with a good token answers it. */
  refusals: readonly Refusal[];
  /** How energy of a period that ends before the contract begins is answered: an empty list, `null`, or a status. */
  beforeContract: "empty" | "null" | 204 | 400 | 403 | 404;
  /** `day` together with `monthly` gets 400 (one client's probe); otherwise it is ignored. */
  refuseDayWithMonthly: boolean;
  /** Where the meters are listed. */
  metersListedAt: "both" | "assets" | "meteringpoints";
  /**
   * All keys; four keys (`timestamp`, both consumptions, `temperature`); `timestamp`, `temperature`, `totalConsumption`
   * and `production`; or the wrapped shape of January 2023.
   */
  energyShape: "flat" | "minimal" | "bare" | "wrapped";
  /** Four rows an hour in `daily` answers. */
  quarterHours: boolean;
  stamps: "offset" | "utc" | "none";
  /** The two 03:00s of the October day: told apart by their offsets, two rows of one stamp, or the first alone. */
  october: "distinct" | "one-stamp-twice" | "first-only";
  /** The March day: 23 rows, or the row of 02:00 twice. */
  march: "skip" | "row-twice";
  /** What an hour that is not published shows. */
  unpublished: "absent" | "nulls";
  /** Days after an hour is published until its fees are. */
  feesAfterDays: number;
  /** Whether a monthly answer has the last day of the month before and the first of the month after too. */
  monthsShowNeighbours: boolean;
  /** Local hour of the next day at which a day's hours are published. */
  publishHour: number;
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  variant: "2026-08",
  user: "demo@example.com",
  password: "demo",
  latencyMs: 0,
  wrongPassword: "feedback",
  secondFactor: false,
  maintenance: false,
  loseSessions: 0,
  foreign: null,
  singleSignOn: false,
  tokenLifetimeSeconds: 3600,
  tokenRefusal: 401,
  refuseTokens: false,
  refusals: [],
  beforeContract: "empty",
  refuseDayWithMonthly: false,
  metersListedAt: "both",
  energyShape: "flat",
  quarterHours: false,
  stamps: "offset",
  october: "distinct",
  march: "skip",
  unpublished: "absent",
  feesAfterDays: 0,
  monthsShowNeighbours: false,
  publishHour: 9,
};

/** What both sites share: the behaviour, the public addresses and the clock. */
export interface Context {
  readonly behaviour: Behaviour;
  /** Without a slash at the end. */
  readonly plusUrl: string;
  readonly authUrl: string;
  readonly now: () => number;
  readonly counters: Counters;
}

export interface Counters {
  /** Posts that carried a password, judged or not. */
  passwordPosts: number;
  /** Posts whose password was compared. */
  passwordsJudged: number;
  tokensIssued: number;
  apiCalls: number;
}
