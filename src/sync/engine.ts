import { Temporal } from "temporal-polyfill";
import {
  AnswerNotUnderstood,
  type CarunaClient,
  CarunaError,
  CarunaUnreachable,
  type MeteringPoint,
} from "../caruna/index.js";
import type { Database, MeteringPointRow, StoreCounts, WriterLease } from "../database/index.js";
import { localDay, type MeteredHour, readingsOfDay, toldSums } from "../energy/index.js";
import type { Logger } from "../logger.js";
import { each } from "./each.js";
import { Followed } from "./followed.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { type Customers, Listing } from "./listing.js";
import { NoMeteringPoint } from "./metering-point.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings, StoredSum, ToldSum } from "./period.js";
import { afterDay, afterFailure, afterMonth, afterYear, dueNow, mendClock, newPeriod, newPeriods } from "./planner.js";
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
  readonly logger: Logger;
}

/** What a cycle did. */
export interface CycleResult extends StoreCounts {
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

/** A metering point as the engine knows it in a cycle. */
interface KnownPoint {
  readonly planned: PlannedMeteringPoint;
  readonly point: MeteringPoint;
}

/** What one request brought. */
type Answer =
  | { readonly state: PeriodState; readonly hours: readonly MeteredHour[]; readonly unpublished: number }
  | { readonly state: PeriodState; readonly sums: readonly ToldSum[] };

type Totals = { -readonly [Name in keyof CycleResult]: CycleResult[Name] };

/** What a cycle works with. */
interface Cycle {
  readonly lease: WriterLease;
  readonly points: ReadonlyMap<string, KnownPoint>;
  /** Asset id of the metering point that `energy_hourly` follows. */
  readonly followed: string | undefined;
  readonly plan: PlanSettings;
  readonly totals: Totals;
  readonly failed: Failure[];
  /** How often each period was asked for in this cycle: a bound, should an answer make its own period due again. */
  readonly asked: Map<string, number>;
}

const MOST_REQUESTS_A_PERIOD = 3;

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
      const nextBatch = async () => {
        const due = await this.#due(cycle, running);
        return due.filter(({ isHistory }) => withHistory || !isHistory).slice(0, PERIODS_A_ROUND);
      };
      return await this.#work(cycle, nextBatch, running);
    }, signal);
  }

  /**
   * Asks for those local days now, however old, of the metering point that `energy_hourly` follows (of all where it
   * follows none). Throws as `cycle` does.
   */
  async load(days: readonly Temporal.PlainDate[], signal: AbortSignal): Promise<CycleResult> {
    return await this.#holdingLease(async (cycle, running) => {
      const { points, followed } = cycle;
      const chosen = [...points.keys()].filter((id) => followed === undefined || id === followed);
      const wanted = chosen.flatMap((id) => days.map((day) => newPeriod(id, "day", day)));
      return await this.#work(cycle, () => this.#withMemory(wanted.splice(0, PERIODS_A_ROUND), running), running);
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
  async #begin(lease: WriterLease, signal: AbortSignal): Promise<Cycle> {
    const { database, now, plan } = this.#options;
    const listedAt = await this.#listWhereDue(lease, signal);
    const rows = (await database.meteringPoints(signal)).filter(({ lastSeenEpochMs }) => lastSeenEpochMs >= listedAt);
    if (rows.length === 0) throw new NoMeteringPoint();
    const points = new Map(rows.map((row) => [row.id, knownPoint(row)] as const));
    const settings = { ...plan, meteringPoints: points.size };
    const followed = await this.#follow(
      [...points.values()].map(({ point }) => point),
      lease,
      signal,
    );
    const plannedFor = `${localDay(now())} ${listedAt}`;
    if (plannedFor !== this.#plannedFor) {
      for (const { planned } of points.values()) await this.#addNewPeriods(planned, settings, lease, signal);
      this.#plannedFor = plannedFor;
    }
    const totals = { days: 0, months: 0, years: 0, inserted: 0, changed: 0, unchanged: 0, unpublished: 0 };
    return { lease, points, followed, plan: settings, totals, failed: [], asked: new Map() };
  }

  /** Once a day, with the first request of the day, the metering points are asked for anew. Returns when they were. */
  async #listWhereDue(lease: WriterLease, signal: AbortSignal): Promise<number> {
    const { database, now, meteringPoint, plan } = this.#options;
    const listedAt = await database.meteringPointsListedAt(signal);
    const dueSince = latestAskFrom(now(), plan.askFromMinutes);
    const isRecent = listedAt !== undefined && listedAt >= dueSince && listedAt <= now();
    const known = await database.meteringPoints(signal);
    const knowsWanted =
      meteringPoint === undefined || known.some(({ id, gsrn }) => id === meteringPoint || gsrn === meteringPoint);
    if (isRecent && knowsWanted) return listedAt;
    const seenAt = now();
    const listed = await this.#listing.read(signal);
    await database.seeMeteringPoints(
      listed.map(({ point, contractFrom, contractTo }) => ({
        id: point.assetId,
        customer: point.customerId,
        gsrn: point.gsrn,
        address: point.address,
        product: point.productDescription,
        fuse: point.fuseSize,
        contractFrom: contractFrom?.toString() ?? null,
        contractTo: contractTo?.toString() ?? null,
      })),
      seenAt,
      lease,
      signal,
    );
    return seenAt;
  }

  async #follow(
    points: readonly MeteringPoint[],
    lease: WriterLease,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { database } = this.#options;
    const before = await database.followedMeteringPoint(signal);
    const readingsOf = async (point: MeteringPoint, day: Temporal.PlainDate) =>
      (await this.#askDay(point, day, signal)).readings;
    const followed = await this.#followed.among(points, before, database, readingsOf, signal);
    if (followed !== undefined && followed !== before) {
      const copied = await database.followMeteringPoint(followed, lease, signal);
      if (copied > 0)
        this.#options.logger.info(
          { hours: copied },
          "energy_hourly now follows this metering point; its stored hours were copied there",
        );
    }
    return followed;
  }

  async #addNewPeriods(
    point: PlannedMeteringPoint,
    plan: PlanSettings,
    lease: WriterLease,
    signal: AbortSignal,
  ): Promise<void> {
    const { database, now } = this.#options;
    const known = (await database.newestPeriods(point.id, plan.daysToLoad + 1, signal)).map(fromRow);
    const added = newPeriods(point, known, known.length > 0, plan, now());
    if (added.length > 0) await database.savePeriods(added.map(toRow), lease, signal);
  }

  async #due(cycle: Cycle, signal: AbortSignal): Promise<PeriodState[]> {
    const { database, now } = this.#options;
    const rows = await database.duePeriods([...cycle.points.keys()], now(), 4 * PERIODS_A_ROUND, signal);
    const states = new Map(rows.map((row) => [keyOf(fromRow(row)), fromRow(row)] as const));
    const mended = mendClock([...states.values()], cycle.plan, now());
    if (mended.length > 0) await database.savePeriods(mended.map(toRow), cycle.lease, signal);
    for (const state of mended) states.set(keyOf(state), state);
    return dueNow([...states.values()], now());
  }

  /** What is remembered of those days, or the days as they are where nothing is. */
  async #withMemory(days: readonly PeriodState[], signal: AbortSignal): Promise<PeriodState[]> {
    const known = new Map<string, PeriodState>();
    for (const [id, ofPoint] of byPoint(days)) {
      const starts = ofPoint.map(({ startsOn }) => startsOn.toString()).sort();
      const rows = await this.#options.database.periods(id, "day", starts[0] ?? "", starts.at(-1) ?? "", signal);
      for (const row of rows) known.set(keyOf(fromRow(row)), fromRow(row));
    }
    return days.map((day) => known.get(keyOf(day)) ?? day);
  }

  /** Round by round until nothing is left: asks, stores, remembers. */
  async #work(cycle: Cycle, nextBatch: () => Promise<PeriodState[]>, signal: AbortSignal): Promise<CycleResult> {
    for (;;) {
      const batch = (await nextBatch()).filter(
        (state) => (cycle.asked.get(keyOf(state)) ?? 0) < MOST_REQUESTS_A_PERIOD,
      );
      if (batch.length === 0) break;
      await this.#round(cycle, batch, signal);
    }
    const { totals, failed } = cycle;
    this.#options.logger.info({ ...totals }, summary(totals));
    if (failed.length > 0) throw new SomeFailed(failed, totals.days + totals.months + totals.years);
    return totals;
  }

  async #round(cycle: Cycle, batch: readonly PeriodState[], signal: AbortSignal): Promise<void> {
    const answers: Answer[] = [];
    const failed: Failure[] = [];
    const ask = async (state: PeriodState, either: AbortSignal) => {
      cycle.asked.set(keyOf(state), (cycle.asked.get(keyOf(state)) ?? 0) + 1);
      cycle.totals[`${state.span}s`] += 1;
      try {
        answers.push(await this.#ask(cycle, state, either));
      } catch (error) {
        if (!isOfOnePeriod(error)) throw error;
        this.#options.logger.warn(
          { [state.span]: state.startsOn.toString(), problem: error.message },
          "a request failed; it is tried again later",
        );
        failed.push({ state, reason: error.message });
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
    const { rows, unreadable } = await this.#options.caruna.energy(query, signal);
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
    const { rows, unreadable } = await this.#options.caruna.energy(query, signal);
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
    if (postponed.length > 0) await database.savePeriods(postponed, cycle.lease, signal);
  }

  async #keepDays(
    cycle: Cycle,
    days: readonly (Answer & { readonly hours: readonly MeteredHour[] })[],
    signal: AbortSignal,
  ): Promise<void> {
    const { database, now, logger } = this.#options;
    const hours = days.map(({ state, hours }) => ({
      meteringPoint: state.meteringPointId,
      hours,
      isFollowed: state.meteringPointId === cycle.followed,
    }));
    const counts = await database.storeHours(hours, cycle.lease, signal);
    cycle.totals.inserted += counts.inserted;
    cycle.totals.changed += counts.changed;
    cycle.totals.unchanged += counts.unchanged;
    for (const { unpublished } of days) cycle.totals.unpublished += unpublished;
    for (const { meteringPoint, startEpochMs, before, after } of counts.changes) {
      logger.info(
        { meteringPoint, hour: new Date(startEpochMs).toISOString(), before, after },
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
    await database.savePeriods(states.map(toRow), cycle.lease, signal);
  }

  /** What is stored now of those days, by period. */
  async #sumsOf(days: readonly PeriodState[], signal: AbortSignal): Promise<Map<string, StoredSum>> {
    const found = new Map<string, StoredSum>();
    for (const [id, ofPoint] of byPoint(days)) {
      const starts = ofPoint.map(({ startsOn }) => startsOn.toString()).sort();
      const rows = await this.#options.database.sumsByDay(id, starts[0] ?? "", starts.at(-1) ?? "", signal);
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
      const range = [startsOn.toString(), startsOn.add({ months: 1 }).subtract({ days: 1 }).toString()] as const;
      const stored = (await database.sumsByDay(id, ...range, signal)).map(fromSumRow);
      const days = (await database.periods(id, "day", ...range, signal)).map(fromRow);
      const states = afterMonth(state, told, stored, days, planned, cycle.plan, now());
      await database.savePeriods(states.map(toRow), cycle.lease, signal);
    } else {
      const range = [startsOn.toString(), startsOn.with({ month: 12, day: 31 }).toString()] as const;
      const stored = (await database.sumsByMonth(id, startsOn.year, signal)).map(fromSumRow);
      const months = await database.periods(id, "month", ...range, signal);
      const years = await database.periods(id, "year", "1900-01-01", "9999-12-31", signal);
      const states = afterYear(state, told, stored, [...months, ...years].map(fromRow), planned, cycle.plan, now());
      await database.savePeriods(states.map(toRow), cycle.lease, signal);
    }
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

function knownPoint(row: MeteringPointRow): KnownPoint {
  const day = (text: string | null) => (text === null ? null : Temporal.PlainDate.from(text));
  return {
    planned: {
      id: row.id,
      contractFrom: day(row.contractFrom),
      contractTo: day(row.contractTo),
      newestHourEpochMs: row.newestHourEpochMs,
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

/** An error that concerns one period alone, so that the others are still worth asking for. */
function isOfOnePeriod(error: unknown): error is CarunaError {
  if (!(error instanceof CarunaError) || error.duringLogin) return false;
  return error instanceof CarunaUnreachable || error instanceof AnswerNotUnderstood;
}

function summary({ days, months, years, inserted, changed, unchanged, unpublished }: CycleResult): string {
  if (days + months + years === 0) return "nothing is due";
  const totals = months + years === 0 ? "" : `, ${months + years} totals compared`;
  const missing = unpublished === 0 ? "" : `, ${unpublished} not published yet`;
  return `${days} days loaded${totals}: ${inserted} hours new, ${changed} changed, ${unchanged} unchanged${missing}`;
}
