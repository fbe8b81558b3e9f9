import { Temporal } from "temporal-polyfill";
import {
  AccessRefused,
  AnswerNotUnderstood,
  type CarunaClient,
  CarunaError,
  CarunaUnreachable,
  type MeteringPoint,
} from "../caruna/index.js";
import type {
  Database,
  HoursToStore,
  KnownMeteringPoint,
  Lease,
  SeenMeteringPoint,
  UpsertCounts,
} from "../database/index.js";
import { localDay, type MeteredHour, readingsOfDay, toldSums } from "../energy/index.js";
import type { Logger } from "../shared/logger.js";
import { each } from "./each.js";
import { LeaseKeeper } from "./lease/lease-keeper.js";
import { lookBackAnew, type Round } from "./plan/look-back.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, StoredSum, ToldSum } from "./plan/period.js";
import {
  afterDay,
  afterFailure,
  afterMonth,
  afterYear,
  dueNow,
  mendClock,
  newPeriod,
  newPeriods,
} from "./plan/planner.js";
import { Followed } from "./points/followed.js";
import { type Customers, type ListedMeteringPoint, Listing } from "./points/listing.js";
import { NoMeteringPoint } from "./points/metering-point.js";
import { fromRow, fromSumRow, toRow } from "./rows.js";

/** Requests to Caruna+ that are under way at one time (the client may let through fewer). */
const REQUESTS_AT_ONCE = 4;
/** Periods that are asked for before the answers are written: about 2,000 rows of days, and memory stays flat. */
const PERIODS_A_ROUND = 84;

export interface EngineOptions {
  readonly caruna: CarunaClient;
  readonly database: Database;
  /** Asset id or GSRN of the metering point that `energy_hourly` follows; undefined: see `Followed`. */
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

/** A local day of a metering point. */
export interface DayOfPoint {
  readonly meteringPointId: string;
  readonly day: Temporal.PlainDate;
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

interface Failure {
  readonly state: PeriodState;
  readonly reason: string;
}

/** After so many requests in a row without an answer Caruna+ is out of order, and the rest is left for the next cycle. */
const MOST_UNREACHABLE_IN_A_ROW = 8;

/** A metering point as the engine knows it in a cycle. */
interface KnownPoint {
  readonly planned: PlannedMeteringPoint;
  readonly point: MeteringPoint;
  readonly hasPeriods: boolean;
}

/** What the request for a day brought. */
interface DayAnswer {
  readonly state: PeriodState;
  readonly hours: readonly MeteredHour[];
  readonly unpublished: number;
}

/** What the request for a month or a year brought. */
interface SumsAnswer {
  readonly state: PeriodState;
  readonly sums: readonly ToldSum[];
}

type Answer = DayAnswer | SumsAnswer;

type Totals = { -readonly [Name in keyof CycleResult]: CycleResult[Name] };

/** What a cycle works with. */
interface Cycle {
  readonly lease: Lease;
  readonly points: ReadonlyMap<string, KnownPoint>;
  /** Asset id of the metering point that `energy_hourly` follows. */
  readonly followed: string | undefined;
  readonly plan: PlanSettings;
  readonly totals: Totals;
  readonly failed: Failure[];
  /** How often each period was asked for in this cycle: a bound, should an answer make its own period due again. */
  readonly asked: Map<string, number>;
  /** Metering points that Caruna+ refuses to show: nothing more is asked of them in this cycle. */
  readonly refused: Set<string>;
  /** When the metering points were listed, milliseconds since the epoch. */
  readonly listedAt: number;
  unreachableInARow: number;
}

const MOST_REQUESTS_A_PERIOD = 3;

/** Under this name it is remembered when the metering points were listed last, in milliseconds since the epoch. */
const LISTED_AT = "metering points listed at";

/**
 * Brings the database to what Caruna+ publishes: asks for what is due, stores what comes, remembers when to ask again.
 * With nothing due it makes not one request.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #listing: Listing;
  readonly #followed: Followed;
  readonly #lease: LeaseKeeper;
  readonly #namesWarnedOf = new Set<string>();
  /** The local day and listing for which the rows that time brings were added. */
  #plannedFor = "";
  /** Start of the newest stored hour of each metering point that has one, as of that planning and what was stored since. */
  readonly #newestHours = new Map<string, number>();
  #nextHistoryEpochMs = 0;

  constructor(options: EngineOptions) {
    const { caruna, customers, database, sleep, logger, meteringPoint } = options;
    this.#options = options;
    this.#listing = new Listing(caruna, customers, logger);
    this.#followed = new Followed(meteringPoint, logger);
    this.#lease = new LeaseKeeper(database, sleep, logger);
  }

  /**
   * One cycle: whatever is due now, and what becomes due on account of the answers. `withHistory`: the look back too.
   * The database is reached before Caruna+ is asked for anything. Throws what the client and the database throw,
   * `MeteringPointNotFound`, `NoMeteringPoint`, `SomeFailed`.
   */
  async cycle({ withHistory }: { withHistory: boolean }, signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      return await this.#work(cycle, () => this.#nextDue(cycle, withHistory, running), withHistory, running);
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
      return await this.#work(cycle, () => this.#nextDue(cycle, true, running), false, running);
    }, signal);
  }

  /**
   * Asks for those local days now, however old, of the metering point that `energy_hourly` follows (of all where it
   * follows none). Throws as `cycle` does.
   */
  async load(days: readonly Temporal.PlainDate[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#loadChosen(({ points, followed }) => {
      const chosen = [...points.keys()].filter((id) => followed === undefined || id === followed);
      return chosen.flatMap((id) => days.map((day) => newPeriod(id, "day", day)));
    }, signal);
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

  async #loadChosen(choose: (cycle: Cycle) => PeriodState[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      const wanted = choose(cycle);
      return await this.#work(
        cycle,
        () => this.#withMemory(wanted.splice(0, PERIODS_A_ROUND), running),
        false,
        running,
      );
    }, signal);
  }

  async #holdingLease(
    task: (cycle: Cycle, signal: AbortSignal) => Promise<CycleResult>,
    signal: AbortSignal,
  ): Promise<CycleResult> {
    await this.#options.database.check(signal);
    return await this.#lease.holding(
      async (lease, running) => await task(await this.#begin(lease, running), running),
      signal,
    );
  }

  /** The metering points, whom `energy_hourly` follows, and the rows that time has brought. */
  async #begin(lease: Lease, signal: AbortSignal): Promise<Cycle> {
    const { plan } = this.#options;
    const { listedAt, known } = await this.#listWhereDue(lease, signal);
    const rows = known.filter(({ lastSeenEpochMs }) => lastSeenEpochMs >= listedAt);
    if (rows.length === 0) throw new NoMeteringPoint();
    const ids = rows.map(({ id }) => id);
    await this.#readNewestHours(ids, listedAt, signal);
    const newestHourOf = (id: string) => this.#newestHours.get(id) ?? null;
    const points = new Map(rows.map((row) => [row.id, knownPoint(row, newestHourOf(row.id))] as const));
    const unlisted = known.filter(({ id }) => !points.has(id)).map((row) => knownPoint(row, null).point);
    const followed = await this.#follow(lease, [...points.values()], unlisted, signal);
    const settings = { ...plan, meteringPoints: points.size };
    const totals = { days: 0, months: 0, years: 0, inserted: 0, changed: 0, unchanged: 0, unpublished: 0 };
    const nothingYet = { totals, failed: [], asked: new Map(), refused: new Set<string>(), unreachableInARow: 0 };
    const cycle = { lease, points, followed, plan: settings, listedAt, ...nothingYet };
    await this.#planAhead(cycle, signal);
    return cycle;
  }

  /** Once for each local day and each list of metering points. */
  async #planAhead({ lease, points, followed, plan, listedAt }: Cycle, signal: AbortSignal): Promise<void> {
    if (this.#isPlanned(listedAt)) return;
    const plannedFor = this.#planningOf(listedAt);
    await this.#addNewPeriods(lease, [...points.values()], plan, signal);
    if (followed !== undefined) await this.#mendFollowed(lease, followed, signal);
    this.#plannedFor = plannedFor;
  }

  #planningOf(listedAt: number): string {
    return `${localDay(this.#options.now())} ${listedAt}`;
  }

  #isPlanned(listedAt: number): boolean {
    return this.#planningOf(listedAt) === this.#plannedFor;
  }

  /** A statement for each metering point: with each planning, not with each cycle. */
  async #readNewestHours(ids: readonly string[], listedAt: number, signal: AbortSignal): Promise<void> {
    if (this.#isPlanned(listedAt)) return;
    const ends = await this.#options.database.sync.storedEnds(ids, signal);
    this.#newestHours.clear();
    for (const [id, { newestHourEpochMs }] of ends)
      if (newestHourEpochMs !== null) this.#newestHours.set(id, newestHourEpochMs);
  }

  #noteNewestHours(hours: readonly HoursToStore[]): void {
    for (const { meteringPointId, readings } of hours) {
      let newest = this.#newestHours.get(meteringPointId) ?? Number.NEGATIVE_INFINITY;
      for (const { startEpochMs } of readings) newest = Math.max(newest, startEpochMs);
      if (Number.isFinite(newest)) this.#newestHours.set(meteringPointId, newest);
    }
  }

  /** The sums that are compared are those of `metering_point_hourly`: what `energy_hourly` alone has lost shows in none. */
  async #mendFollowed(lease: Lease, followed: string, signal: AbortSignal): Promise<void> {
    const { database, logger } = this.#options;
    const hours = await database.sync.mendFollowed(lease, followed, signal);
    if (hours > 0)
      logger.warn({ hours }, "energy_hourly lacked hours, or had others than were read: they were put back");
  }

  /**
   * Once a day, with the first request of the day, the metering points are asked for anew; so they are when the one that
   * is named is not known. Returns when they were listed last, and all that are known.
   */
  async #listWhereDue(
    lease: Lease,
    signal: AbortSignal,
  ): Promise<{ listedAt: number; known: readonly KnownMeteringPoint[] }> {
    const { database, now, meteringPoint, plan } = this.#options;
    const listedAt = Number((await database.sync.remembered(LISTED_AT, signal)) ?? Number.NaN);
    const isRecent = listedAt >= latestAskFrom(now(), plan.askFromMinutes) && listedAt <= now();
    const isWanted = ({ id, gsrn }: KnownMeteringPoint) => id === meteringPoint || gsrn === meteringPoint;
    const known = await database.sync.meteringPoints(signal);
    // Known ones that are gone were taken out of the database by somebody else.
    const isKnown = known.length > 0 && (meteringPoint === undefined || known.some(isWanted));
    if (isRecent && isKnown) return { listedAt, known };
    const seenAt = now();
    const seen = await this.#list(known.length > 0, signal);
    if (seen === undefined) return { listedAt: Number.isNaN(listedAt) ? 0 : listedAt, known };
    await database.sync.seeMeteringPoints(lease, seen, seenAt, signal);
    await database.sync.remember(lease, LISTED_AT, String(seenAt), signal);
    return { listedAt: seenAt, known: await database.sync.meteringPoints(signal) };
  }

  /**
   * The metering points that Caruna+ lists. Undefined where some are known, and the list of today is empty or cannot be
   * read: their hours are still to be had, and the next cycle asks for the list again.
   */
  async #list(someAreKnown: boolean, signal: AbortSignal): Promise<SeenMeteringPoint[] | undefined> {
    const goOn = (problem: string) =>
      this.#options.logger.warn({ problem }, "the list of metering points is not to be had; going on with those known");
    try {
      const listed = await this.#listing.read(signal);
      // With chosen customers, none is what the settings ask for.
      if (listed.length > 0 || !someAreKnown || this.#options.customers !== "all") return listed.map(seenPoint);
      goOn("Caruna+ lists none");
    } catch (error) {
      const mayDoWithout = error instanceof AnswerNotUnderstood || error instanceof AccessRefused;
      if (!someAreKnown || !mayDoWithout || error.duringLogin) throw error;
      goOn(error.message);
    }
    return undefined;
  }

  /** `unlisted`: metering points that Caruna+ has shown once, and does not list now. */
  async #follow(
    lease: Lease,
    points: readonly KnownPoint[],
    unlisted: readonly MeteringPoint[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { database, logger } = this.#options;
    const before = await database.sync.followedMeteringPoint(signal);
    const readingsOf = async (point: MeteringPoint, day: Temporal.PlainDate) =>
      (await this.#askDay(point, day, signal)).readings;
    const listed = points.map(({ point }) => point);
    const followed = await this.#followed.among({ listed, unlisted }, before, database, readingsOf, signal);
    if (followed === undefined || followed === before) return followed;
    const { previous, written, others } = await database.sync.followMeteringPoint(lease, followed, signal);
    if (written > 0)
      logger.info(
        { hours: written },
        "energy_hourly follows another metering point now; its stored hours were copied there",
      );
    if (previous !== null && others > 0)
      logger.warn(
        { hours: others, previous, followed },
        "energy_hourly still holds hours of the metering point that it followed before, where the one it follows now has none; " +
          "they stay (metering_point_hourly tells whose each hour is)",
      );
    return followed;
  }

  /** The rows of the last days, months and the year that each metering point lacks. */
  async #addNewPeriods(
    lease: Lease,
    points: readonly KnownPoint[],
    plan: PlanSettings,
    signal: AbortSignal,
  ): Promise<void> {
    const { sync } = this.#options.database;
    const nowEpochMs = this.#options.now();
    const meteringPointIds = points.map(({ planned }) => planned.id);
    const today = localDay(nowEpochMs);
    const since = {
      day: today.subtract({ days: plan.daysToLoad + 1 }),
      month: today.subtract({ months: 2 }),
      // A contract that ended has its newest year in the past.
      year: today.subtract({ years: 50 }),
    };
    const known: PeriodState[] = [];
    for (const span of ["day", "month", "year"] as const) {
      const query = { meteringPointIds, span, from: since[span].toString(), to: today.toString() };
      known.push(...(await sync.periods(query, signal)).map(fromRow));
    }
    const knownByPoint = byPoint(known);
    const added = points.flatMap(({ planned, hasPeriods }) =>
      newPeriods(planned, knownByPoint.get(planned.id) ?? [], hasPeriods, plan, nowEpochMs),
    );
    await sync.savePeriods(lease, added.map(toRow), signal);
  }

  /** The next round of a cycle. */
  async #nextDue(cycle: Cycle, withHistory: boolean, signal: AbortSignal): Promise<PeriodState[]> {
    // The look back may go on past midnight.
    await this.#planAhead(cycle, signal);
    const due = await this.#due(cycle, signal);
    // What is not due any more needs no bound; years of days would pile up.
    const stillDue = new Set(due.map(keyOf));
    for (const key of cycle.asked.keys()) if (!stillDue.has(key)) cycle.asked.delete(key);
    const wanted = due.filter((state) => (withHistory || !state.isHistory) && mayBeAsked(cycle, state));
    return wanted.slice(0, PERIODS_A_ROUND);
  }

  /** What is due now, put right where a wrong clock had a part in it. */
  async #due({ lease, points, plan, asked }: Cycle, signal: AbortSignal): Promise<PeriodState[]> {
    const { database, now } = this.#options;
    // Those that may not be asked for any more in this cycle must not hide the others.
    const limit = 4 * PERIODS_A_ROUND + asked.size;
    for (;;) {
      const due = { meteringPointIds: [...points.keys()], nowEpochMs: now(), limit };
      const states = (await database.sync.duePeriods(due, signal)).map(fromRow);
      const mended = mendClock(states, plan, now());
      if (mended.length === 0) return dueNow(states, now());
      // Most of what is mended is not due, and what is may stand behind it; each turn mends some of the rows there are.
      await database.sync.savePeriods(lease, mended.map(toRow), signal);
    }
  }

  /** What is remembered of those days, or the days as they are where nothing is. */
  async #withMemory(days: readonly PeriodState[], signal: AbortSignal): Promise<PeriodState[]> {
    if (days.length === 0) return [];
    const known = new Map<string, PeriodState>();
    const { from, to, meteringPointIds } = reachOf(days);
    const rows = await this.#options.database.sync.periods({ meteringPointIds, span: "day", from, to }, signal);
    for (const row of rows) known.set(keyOf(fromRow(row)), fromRow(row));
    return days.map((day) => known.get(keyOf(day)) ?? day);
  }

  /** Round by round until nothing is left: asks, stores, remembers. `isQuiet`: that nothing was due is not worth a line. */
  async #work(
    cycle: Cycle,
    nextBatch: () => Promise<PeriodState[]>,
    isQuiet: boolean,
    signal: AbortSignal,
  ): Promise<CycleResult> {
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
    const { totals, failed } = cycle;
    if (!isQuiet || totals.days + totals.months + totals.years > 0)
      this.#options.logger.info({ ...totals }, summary(totals));
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
        answers.push(await this.#ask(cycle, state, either));
        cycle.unreachableInARow = 0;
      } catch (error) {
        if (!isOfOnePeriod(error)) throw error;
        if (error instanceof AccessRefused) cycle.refused.add(state.meteringPointId);
        this.#options.logger.warn(
          { [state.span]: state.startsOn.toString(), problem: error.message },
          "a request failed; it is tried again later",
        );
        failed.push({ state, reason: error.message });
        cycle.unreachableInARow = error instanceof CarunaUnreachable ? cycle.unreachableInARow + 1 : 0;
        if (cycle.unreachableInARow >= MOST_UNREACHABLE_IN_A_ROW) throw error;
      }
    };
    try {
      await each(batch, REQUESTS_AT_ONCE, ask, signal);
    } finally {
      // What did come is kept, even when the round was ended by an error.
      if (!signal.aborted) await this.#keep(cycle, answers, failed, signal);
    }
  }

  async #ask(cycle: Cycle, state: PeriodState, signal: AbortSignal): Promise<Answer> {
    const known = cycle.points.get(state.meteringPointId);
    if (known === undefined) throw new Error(`metering point ${state.meteringPointId} is not among those listed`);
    if (state.isHistory) await this.#paceHistory(signal);
    const { span, startsOn } = state;
    if (span === "day") {
      const { readings, unpublished } = await this.#askDay(known.point, startsOn, signal);
      return { state, hours: readings, unpublished };
    }
    const timespan = span === "month" ? "monthly" : "yearly";
    const query = {
      meteringPoint: known.point,
      timespan,
      year: startsOn.year,
      ...(span === "month" && { month: startsOn.month }),
    } as const;
    const { rows, unreadable } = await this.#options.caruna.energyAnswer(query, { signal });
    const { sums, problems } = toldSums(rows, span === "month" ? "day" : "month");
    this.#tellProblems(`${span} ${startsOn}`, [...unreadable, ...problems]);
    return { state, sums: sums.filter((sum) => isWithin(sum.startsOn, span, startsOn)) };
  }

  /** The look back goes at a pace that a host would not mind. */
  async #paceHistory(signal: AbortSignal): Promise<void> {
    const { historyPaceMs, now, sleep } = this.#options;
    const waitMs = this.#nextHistoryEpochMs - now();
    this.#nextHistoryEpochMs = Math.max(now(), this.#nextHistoryEpochMs) + historyPaceMs;
    // A wait longer than the pace of a few requests comes of a clock that was set back.
    if (historyPaceMs > 0 && waitMs > 0) await sleep(Math.min(waitMs, historyPaceMs * REQUESTS_AT_ONCE), signal);
  }

  async #askDay(point: MeteringPoint, day: Temporal.PlainDate, signal: AbortSignal) {
    const query = { meteringPoint: point, timespan: "daily", year: day.year, month: day.month, day: day.day } as const;
    const { rows, unreadable } = await this.#options.caruna.energyAnswer(query, { signal });
    const needsCalendar = rows.some((row) => row.totalKwh !== null && Object.keys(row.parts).length === 0);
    const productAt = needsCalendar ? await this.#listing.productOf(point, signal) : undefined;
    const answer = readingsOfDay(rows, day, productAt);
    this.#tellProblems(`day ${day}`, [...unreadable, ...answer.problems]);
    for (const name of answer.unknownParts) this.#warnOnceOf(name);
    return answer;
  }

  /** Stores the hours first, so that the sums that come after see them; a period is remembered only when its answer is stored. */
  async #keep(
    cycle: Cycle,
    answers: readonly Answer[],
    failed: readonly Failure[],
    signal: AbortSignal,
  ): Promise<void> {
    const { database, now } = this.#options;
    cycle.failed.push(...failed);
    const days = answers.filter((answer) => "hours" in answer);
    if (days.length > 0) await this.#keepDays(cycle, days, signal);
    for (const answer of answers)
      if (!("hours" in answer)) await this.#keepSums(cycle, answer.state, answer.sums, signal);
    const postponed = failed.map(({ state }) => toRow(afterFailure(state, now())));
    await database.sync.savePeriods(cycle.lease, postponed, signal);
  }

  async #keepDays(cycle: Cycle, days: readonly DayAnswer[], signal: AbortSignal): Promise<void> {
    const { database, now, logger } = this.#options;
    // The hours of one metering point together take a few statements, however many days they are of.
    const hours = [...new Set(days.map(({ state }) => state.meteringPointId))].map((meteringPointId) => ({
      meteringPointId,
      isFollowed: meteringPointId === cycle.followed,
      readings: days.filter(({ state }) => state.meteringPointId === meteringPointId).flatMap((day) => day.hours),
    }));
    const counts = await database.sync.storeReadings(cycle.lease, { hours, periods: [] }, signal);
    this.#noteNewestHours(hours);
    cycle.totals.inserted += counts.inserted;
    cycle.totals.changed += counts.changed;
    cycle.totals.unchanged += counts.unchanged;
    for (const { unpublished } of days) cycle.totals.unpublished += unpublished;
    for (const { meteringPointId, startEpochMs, before, after } of counts.changes) {
      logger.info(
        { meteringPoint: meteringPointId, hour: new Date(startEpochMs).toISOString(), before, after },
        "an hour has other values than before",
      );
    }
    const sums = await this.#sumsOf(
      days.map(({ state }) => state),
      signal,
    );
    const states: PeriodState[] = [];
    for (const { state } of days) {
      const planned = cycle.points.get(state.meteringPointId)?.planned;
      if (planned === undefined) continue;
      const stored = sums.get(keyOf(state)) ?? nothingStored(state.startsOn);
      const after = afterDay(state, stored, planned, cycle.plan, now());
      if (after.isInconsistent) {
        logger.warn(
          { day: state.startsOn.toString(), kwhTold: state.kwhTold, kwhStored: stored.kwhTotal },
          "Caruna+'s total of this day does not match its own hours; the hours are stored as they are",
        );
      }
      states.push(after.state);
    }
    await database.sync.savePeriods(cycle.lease, states.map(toRow), signal);
  }

  /** What is stored now of those days, by period. */
  async #sumsOf(days: readonly PeriodState[], signal: AbortSignal): Promise<Map<string, StoredSum>> {
    const found = new Map<string, StoredSum>();
    for (const [id, ofPoint] of byPoint(days)) {
      const { from, to } = reachOf(ofPoint);
      const rows = await this.#options.database.sync.sumsByDay(id, from, to, signal);
      for (const row of rows)
        found.set(keyOf({ meteringPointId: id, span: "day", startsOn: fromSumRow(row).startsOn }), fromSumRow(row));
    }
    return found;
  }

  async #keepSums(cycle: Cycle, state: PeriodState, told: readonly ToldSum[], signal: AbortSignal): Promise<void> {
    const { database, now } = this.#options;
    const { meteringPointId: id, span, startsOn } = state;
    const planned = cycle.points.get(id)?.planned;
    if (planned === undefined) return;
    if (span === "month") {
      const range = { from: startsOn.toString(), to: startsOn.add({ months: 1 }).subtract({ days: 1 }).toString() };
      const stored = (await database.sync.sumsByDay(id, range.from, range.to, signal)).map(fromSumRow);
      const days = (await database.sync.periods({ meteringPointIds: [id], span: "day", ...range }, signal)).map(
        fromRow,
      );
      const states = afterMonth(state, told, stored, days, planned, cycle.plan, now());
      await database.sync.savePeriods(cycle.lease, states.map(toRow), signal);
    } else {
      const range = { from: startsOn.toString(), to: startsOn.with({ month: 12, day: 31 }).toString() };
      const stored = (await database.sync.sumsByMonth(id, startsOn.year, signal)).map(fromSumRow);
      const months = await database.sync.periods({ meteringPointIds: [id], span: "month", ...range }, signal);
      const years = await database.sync.periods(
        { meteringPointIds: [id], span: "year", from: "0001-01-01", to: "9999-12-31" },
        signal,
      );
      const states = afterYear(state, told, stored, [...months, ...years].map(fromRow), planned, cycle.plan, now());
      await database.sync.savePeriods(cycle.lease, states.map(toRow), signal);
    }
  }

  /** The look back takes its time: a line for every stretch of it. */
  #tellHistory(batch: readonly PeriodState[]): void {
    const days = batch.filter(({ span, isHistory }) => isHistory && span === "day");
    const oldest = days.at(-1);
    if (oldest === undefined) return;
    this.#options.logger.info({ days: days.length }, `history: loaded back to ${oldest.startsOn}`);
  }

  #tellProblems(what: string, problems: readonly string[]): void {
    if (problems.length === 0) return;
    this.#options.logger.warn(
      { of: what, count: problems.length, problems: problems.slice(0, 5) },
      "rows that could not be used",
    );
  }

  #warnOnceOf(part: string): void {
    if (this.#namesWarnedOf.has(part)) return;
    this.#namesWarnedOf.add(part);
    this.#options.logger.warn(
      { part },
      "a transfer product part of a name we do not know: its hours keep their total, without a split",
    );
  }
}

function seenPoint({ point, contractFrom, contractTo }: ListedMeteringPoint): SeenMeteringPoint {
  return {
    id: point.assetId,
    customer: point.customerId,
    gsrn: point.gsrn,
    address: point.address,
    product: point.productDescription,
    fuse: point.fuseSize,
    contractFrom: contractFrom?.toString() ?? null,
    contractTo: contractTo?.toString() ?? null,
  };
}

function knownPoint(row: KnownMeteringPoint, newestHourEpochMs: number | null): KnownPoint {
  const day = (text: string | null) => (text === null ? null : Temporal.PlainDate.from(text));
  return {
    hasPeriods: row.hasPeriods,
    planned: {
      id: row.id,
      contractFrom: day(row.contractFrom),
      contractTo: day(row.contractTo),
      newestHourEpochMs,
      firstSeenEpochMs: row.firstSeenEpochMs,
    },
    point: {
      customerId: row.customer,
      assetId: row.id,
      gsrn: row.gsrn,
      address: row.address,
      productDescription: row.product,
      fuseSize: row.fuse,
    },
  };
}

function keyOf({
  meteringPointId,
  span,
  startsOn,
}: Pick<PeriodState, "meteringPointId" | "span" | "startsOn">): string {
  return `${span} ${startsOn} ${meteringPointId}`;
}

function byPoint(states: readonly PeriodState[]): Map<string, PeriodState[]> {
  const groups = new Map<string, PeriodState[]>();
  for (const state of states) {
    const group = groups.get(state.meteringPointId);
    if (group === undefined) groups.set(state.meteringPointId, [state]);
    else group.push(state);
  }
  return groups;
}

/** The metering points and the first and last day of some days. */
function reachOf(days: readonly PeriodState[]) {
  const starts = days.map(({ startsOn }) => startsOn.toString()).sort();
  const meteringPointIds = [...new Set(days.map(({ meteringPointId }) => meteringPointId))];
  return { meteringPointIds, from: starts[0] ?? "", to: starts.at(-1) ?? "" };
}

function nothingStored(startsOn: Temporal.PlainDate): StoredSum {
  return { startsOn, hours: 0, kwhTotal: 0, kwhDay: null, kwhNight: null, kwhNightWinter: null };
}

function isWithin(day: Temporal.PlainDate, span: "month" | "year", startsOn: Temporal.PlainDate): boolean {
  return day.year === startsOn.year && (span === "year" || day.month === startsOn.month);
}

/** The last time at which the wall clock in Finland showed that time of the day. */
function latestAskFrom(nowEpochMs: number, minutes: number): number {
  const today = localDay(nowEpochMs);
  const at = (day: Temporal.PlainDate) =>
    day.toZonedDateTime({
      timeZone: "Europe/Helsinki",
      plainTime: new Temporal.PlainTime(Math.floor(minutes / 60), minutes % 60),
    }).epochMilliseconds;
  return at(today) <= nowEpochMs ? at(today) : at(today.subtract({ days: 1 }));
}

function mayBeAsked({ asked, refused }: Cycle, state: PeriodState): boolean {
  return !refused.has(state.meteringPointId) && (asked.get(keyOf(state)) ?? 0) < MOST_REQUESTS_A_PERIOD;
}

/** An error that concerns one period or one metering point alone, so that the others are still worth asking for. */
function isOfOnePeriod(error: unknown): error is CarunaError {
  if (!(error instanceof CarunaError) || error.duringLogin) return false;
  return [AccessRefused, AnswerNotUnderstood, CarunaUnreachable].some((kind) => error instanceof kind);
}

function summary({ days, months, years, inserted, changed, unchanged, unpublished }: CycleResult): string {
  if (days + months + years === 0) return "nothing is due";
  const totals = months + years === 0 ? "" : `, ${months + years} totals compared`;
  const missing = unpublished === 0 ? "" : `, ${unpublished} not published yet`;
  return `${days} days loaded${totals}: ${inserted} hours new, ${changed} changed, ${unchanged} unchanged${missing}`;
}
