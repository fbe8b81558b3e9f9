import type { Temporal } from "temporal-polyfill";
import { AccessRefused, CarunaUnreachable, RateLimited } from "../caruna/index.js";
import type { Switched } from "../database/index.js";
import { CycleStart } from "./begin.js";
import {
  type Cycle,
  type CycleResult,
  type EngineOptions,
  type Failure,
  keyOf,
  REQUESTS_AT_ONCE,
  SomeFailed,
} from "./cycle.js";
import { DueQueue, PERIODS_A_ROUND } from "./due.js";
import { each } from "./each.js";
import { type Answer, Fetcher } from "./fetch.js";
import { LeaseKeeper } from "./lease/lease-keeper.js";
import { lookBackAnew } from "./plan/look-back.js";
import type { PeriodState } from "./plan/period.js";
import { newPeriod } from "./plan/planner.js";
import { Listing } from "./points/listing.js";
import { isOfOneCall } from "./points/refusals.js";
import { fromRow, toRow } from "./rows.js";
import { Recorder } from "./store.js";

/** A local day of a metering point. */
export interface DayOfPoint {
  readonly meteringPointId: string;
  readonly day: Temporal.PlainDate;
}

/** After so many requests in a row without an answer Caruna+ is out of order, and the rest is left for the next cycle. */
const MOST_UNREACHABLE_IN_A_ROW = 8;

/**
 * Brings the database to what Caruna+ publishes: asks for what is due, stores what comes, remembers when to ask again.
 * With nothing due it makes not one request.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #lease: LeaseKeeper;
  readonly #fetcher: Fetcher;
  readonly #start: CycleStart;
  readonly #due: DueQueue;
  readonly #recorder: Recorder;

  constructor(options: EngineOptions) {
    const { caruna, customers, database, sleep, logger } = options;
    const listing = new Listing(caruna, customers, logger);
    this.#options = options;
    this.#lease = new LeaseKeeper(database, sleep, logger);
    this.#fetcher = new Fetcher(options, listing);
    this.#start = new CycleStart(options, listing, this.#fetcher);
    this.#due = new DueQueue(options);
    this.#recorder = new Recorder(options, this.#start);
  }

  /**
   * One cycle: whatever is due now, and what becomes due on account of the answers. `withHistory`: the look back too.
   * The database is reached before Caruna+ is asked for anything. Throws what the client and the database throw,
   * `MeteringPointNotFound`, `NoMeteringPoint`, `SomeFailed`.
   */
  async cycle({ withHistory }: { withHistory: boolean }, signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      return await this.#work(cycle, () => this.#nextDue(cycle, withHistory, running), running);
    }, signal);
  }

  /**
   * Looks back once more, as far as `plan.backfill` says now, until nothing is left: what was not loaded under another
   * setting is found too. Ended before, it goes on from there the next time. Throws as `cycle` does.
   */
  async lookBack(signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      const { sync } = this.#options.database;
      const all = { meteringPointIds: [...cycle.points.keys()], from: "0001-01-01", to: "9999-12-31" };
      const years = await sync.periods({ ...all, span: "year" }, running);
      const months = await sync.periods({ ...all, span: "month" }, running);
      const anew = lookBackAnew([...years, ...months].map(fromRow), cycle.plan);
      await sync.savePeriods(cycle.lease, anew.map(toRow), running);
      return await this.#work(cycle, () => this.#nextDue(cycle, true, running), running);
    }, signal);
  }

  /** Asks for those local days now, however old, of all metering points that the settings select. Throws as `cycle` does. */
  async load(days: readonly Temporal.PlainDate[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#loadChosen(
      ({ points }) => [...points.keys()].flatMap((id) => days.map((day) => newPeriod(id, "day", day))),
      signal,
    );
  }

  /**
   * Asks for those days of those metering points now; one that Caruna+ does not list any more is left out. Throws as
   * `cycle` does.
   */
  async loadDays(days: readonly DayOfPoint[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#loadChosen(({ points }) => {
      const listed = days.filter(({ meteringPointId }) => points.has(meteringPointId));
      return listed.map(({ meteringPointId, day }) => newPeriod(meteringPointId, "day", day));
    }, signal);
  }

  /**
   * Has `energy_hourly` mirror the metering point that is configured (or the only one there is) from now on, whatever the
   * table holds: its rows are kept in a table of their own. Undefined where it mirrors that one already. Throws as `cycle`
   * does, and `DatabaseRightsMissing`.
   */
  async switchMeteringPoint(
    signal: AbortSignal,
  ): Promise<(Switched & { readonly meteringPointId: string }) | undefined> {
    const { database, account: identity } = this.#options;
    await database.check(signal);
    const account = await database.sync.account(identity, signal);
    return await this.#lease.holding(
      account.id,
      async (lease, running) => await this.#start.switchPrimary(lease, account, running),
      signal,
    );
  }

  async #loadChosen(choose: (cycle: Cycle) => PeriodState[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      const wanted = choose(cycle);
      return await this.#work(cycle, () => this.#due.withMemory(wanted.splice(0, PERIODS_A_ROUND), running), running);
    }, signal);
  }

  async #holdingLease(
    task: (cycle: Cycle, signal: AbortSignal) => Promise<CycleResult>,
    signal: AbortSignal,
  ): Promise<CycleResult> {
    const { database, account: identity } = this.#options;
    await database.check(signal);
    const account = await database.sync.account(identity, signal);
    return await this.#lease.holding(
      account.id,
      async (lease, running) => await task(await this.#start.begin(lease, account, running), running),
      signal,
    );
  }

  /** The next round of a cycle. The look back may go on past midnight. */
  async #nextDue(cycle: Cycle, withHistory: boolean, signal: AbortSignal): Promise<PeriodState[]> {
    await this.#start.planAhead(cycle, signal);
    return await this.#due.next(cycle, withHistory, signal);
  }

  /** Round by round until nothing is left: asks, stores, remembers. */
  async #work(cycle: Cycle, nextBatch: () => Promise<PeriodState[]>, signal: AbortSignal): Promise<CycleResult> {
    for (;;) {
      const batch = await nextBatch();
      if (batch.length === 0) break;
      const before = { ...cycle.totals };
      await this.#round(cycle, batch, signal);
      this.#tellHistory(batch);
      const { inserted, changed, unchanged } = cycle.totals;
      const points = [...cycle.points.values()].map(({ planned }) => planned);
      const stored = { inserted: inserted - before.inserted, changed: changed - before.changed };
      const hours = inserted + changed + unchanged;
      await this.#options.onRound({ asked: batch, points, plan: cycle.plan, hours, stored });
    }
    await this.#start.noteRefusals(cycle, signal);
    const { totals, failed, answered, unansweredLists } = cycle;
    if (unansweredLists[0] !== undefined && answered.size === 0) throw unansweredLists[0].error;
    // What every hour of a log that runs for years would say is for those who look for it.
    if (totals.days + totals.months + totals.years === 0) this.#options.logger.debug({}, "nothing is due");
    else this.#options.logger.info({ ...totals }, summary(totals));
    if (failed.length > 0) throw new SomeFailed(failed, totals.days + totals.months + totals.years);
    return totals;
  }

  async #round(cycle: Cycle, batch: readonly PeriodState[], signal: AbortSignal): Promise<void> {
    const answers: Answer[] = [];
    const failed: Failure[] = [];
    const ask = async (state: PeriodState, either: AbortSignal) => {
      if (cycle.refused.has(state.meteringPointId)) return;
      cycle.asked.set(keyOf(state), (cycle.asked.get(keyOf(state)) ?? 0) + 1);
      cycle.totals[`${state.span}s`] += 1;
      try {
        answers.push(await this.#fetcher.period(cycle, state, either));
        cycle.answered.add(state.meteringPointId);
        cycle.unreachable = [];
      } catch (error) {
        if (!isOfOneCall(error, this.#options.caruna)) throw error;
        if (error instanceof AccessRefused) cycle.refused.set(state.meteringPointId, error);
        if (error instanceof RateLimited) {
          // Where others are answered it is of this metering point alone; otherwise of everything.
          if (!isAnswered(cycle, state.meteringPointId)) throw error;
          cycle.refused.set(state.meteringPointId, undefined);
        }
        this.#options.logger.warn(
          { [state.span]: state.startsOn.toString(), problem: error.message },
          "a request failed; it is tried again later",
        );
        failed.push({ state, reason: error.message });
        if (!(error instanceof CarunaUnreachable)) cycle.unreachable = [];
        else if (isOutage(cycle, state.meteringPointId)) {
          // No matter of these periods: they stay due, for the cycle that finds Caruna+ well again.
          failed.splice(-cycle.unreachable.length);
          throw error;
        }
      }
    };
    try {
      await each(batch, REQUESTS_AT_ONCE, ask, signal);
    } finally {
      // What did come is kept, even when the round was ended by an error.
      if (!signal.aborted) await this.#recorder.keep(cycle, answers, failed, signal);
    }
  }

  /** The look back takes its time: a line for every stretch of it. */
  #tellHistory(batch: readonly PeriodState[]): void {
    const days = batch.filter(({ span, isHistory }) => isHistory && span === "day");
    const oldest = days.at(-1);
    if (oldest === undefined) return;
    this.#options.logger.info({ days: days.length }, `history: loaded back to ${oldest.startsOn}`);
  }
}

/** Whether Caruna+ is out of order after one more failure; where it answers others, this metering point alone is left out. */
function isOutage(cycle: Cycle, meteringPointId: string): boolean {
  cycle.unreachable.push(meteringPointId);
  // The lists were out of order before, and nothing has been answered since.
  const isNothingAnswered = cycle.unansweredLists.length > 0 && cycle.answered.size === 0;
  if (cycle.unreachable.length < (isNothingAnswered ? 1 : MOST_UNREACHABLE_IN_A_ROW)) return false;
  const isOnlyThis = cycle.unreachable.every((id) => id === meteringPointId);
  if (!isOnlyThis || !isAnswered(cycle, meteringPointId)) return true;
  cycle.refused.set(meteringPointId, undefined);
  cycle.unreachable = [];
  return false;
}

/** Whether Caruna+ has answered for another metering point than this one. */
function isAnswered({ answered }: Cycle, except: string): boolean {
  return [...answered].some((id) => id !== except);
}

function summary({ days, months, years, inserted, changed, unchanged, unpublished }: CycleResult): string {
  const totals = months + years === 0 ? "" : `, ${months + years} totals compared`;
  const missing = unpublished === 0 ? "" : `, ${unpublished} not published yet`;
  return `${days} days loaded${totals}: ${inserted} hours new, ${changed} changed, ${unchanged} unchanged${missing}`;
}
