import type { AccessRefused, CarunaClient, MeteringPoint } from "../caruna/index.js";
import type { AccountIdentity, Database, Lease, UpsertCounts } from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import type { Round } from "./plan/look-back.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings } from "./plan/period.js";
import type { Customers, FailedCustomer } from "./points/listing.js";

/**
 * Requests to Caruna+ that wait to be sent or are under way at one time: as many as a user may allow. The client lets
 * through as many as the setting allows.
 */
export const REQUESTS_AT_ONCE = 8;

export interface EngineOptions {
  readonly caruna: CarunaClient;
  /** The account that the client logs in to. */
  readonly account: AccountIdentity;
  readonly database: Database;
  /** Id, asset id of today or GSRN of the metering point that `energy_hourly` mirrors; undefined: see `PrimaryPoint`. */
  readonly meteringPoint: string | undefined;
  readonly customers: Customers;
  readonly plan: Omit<PlanSettings, "meteringPoints">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Shortest time from the start of one request of the look back to the next, in milliseconds; 0: as fast as it goes. */
  readonly historyPaceMs: number;
  /** Told after each round of requests, while a cycle goes on. */
  readonly onRound: (round: Round) => Promise<void>;
  readonly logger: Logger;
}

/** What a cycle did. */
export interface CycleResult extends UpsertCounts {
  /** Requests by what they asked for. */
  readonly days: number;
  readonly months: number;
  readonly years: number;
  /** Hours of the days asked for that Caruna+ has not published yet. */
  readonly unpublished: number;
}

/** Some of what was due could not be had; all the rest was stored. */
export class SomeFailed extends Error {
  override readonly name = "SomeFailed";

  constructor(failed: readonly Failure[], asked: number) {
    const named = failed.slice(0, 5).map(({ state }) => `${state.span} ${state.startsOn}`);
    super(
      `${failed.length} of ${asked} requests failed (${named.join(", ")}${failed.length > 5 ? ", …" : ""}); what the others ` +
        `brought is stored. ${failed[0]?.reason ?? ""}`,
    );
  }
}

export interface Failure {
  readonly state: PeriodState;
  readonly reason: string;
}

/** A metering point as the engine knows it in a cycle. */
export interface KnownPoint {
  readonly planned: PlannedMeteringPoint;
  readonly point: MeteringPoint;
  readonly hasPeriods: boolean;
}

export type Totals = { -readonly [Name in keyof CycleResult]: CycleResult[Name] };

/** What a cycle works with; the metering points are those that its account loads. */
export interface Cycle {
  readonly lease: Lease;
  readonly points: ReadonlyMap<string, KnownPoint>;
  /** Id of the metering point that `energy_hourly` mirrors; undefined where this account has no part in it. */
  readonly followed: string | undefined;
  readonly plan: PlanSettings;
  readonly totals: Totals;
  readonly failed: Failure[];
  /** How often each period was asked for in this cycle: a bound, should an answer make its own period due again. */
  readonly asked: Map<string, number>;
  /**
   * Metering points of which nothing more is asked in this cycle: Caruna+ refuses to show them, with its refusal, or it
   * answers others and not them.
   */
  readonly refused: Map<string, AccessRefused | undefined>;
  /** Metering points that were refused before, whose time to be asked for has not come. */
  readonly resting: ReadonlySet<string>;
  /** Metering points of which Caruna+ answered something in this cycle. */
  readonly answered: Set<string>;
  /** When the metering points were listed, milliseconds since the epoch. */
  readonly listedAt: number;
  /** The metering points of the last requests, as far as none of these was answered. */
  unreachable: string[];
  /** Customers whose lists were due, where Caruna+ answered none: it is out of order, or their lists alone are. */
  readonly unansweredLists: readonly FailedCustomer[];
  /** How many periods of the backfill were asked for by a cycle that is not meant for it: those since the first stored hour. */
  caughtUp: number;
}

export function keyOf({
  meteringPointId,
  span,
  startsOn,
}: Pick<PeriodState, "meteringPointId" | "span" | "startsOn">): string {
  return `${span} ${startsOn} ${meteringPointId}`;
}

export function byPoint(states: readonly PeriodState[]): Map<string, PeriodState[]> {
  const groups = new Map<string, PeriodState[]>();
  for (const state of states) {
    const group = groups.get(state.meteringPointId);
    if (group === undefined) groups.set(state.meteringPointId, [state]);
    else group.push(state);
  }
  return groups;
}

/** The metering points and the first and last day of some days. */
export function reachOf(days: readonly PeriodState[]) {
  const starts = days.map(({ startsOn }) => startsOn.toString()).sort();
  const meteringPointIds = [...new Set(days.map(({ meteringPointId }) => meteringPointId))];
  return { meteringPointIds, from: starts[0] ?? "", to: starts.at(-1) ?? "" };
}
