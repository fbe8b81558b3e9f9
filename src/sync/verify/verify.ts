import { Temporal } from "temporal-polyfill";
import type { CarunaClient } from "../../caruna/index.js";
import { type Database, identify } from "../../database/index.js";
import { dayBounds, localDay } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";
import { type KnownPoint as Point, REQUESTS_AT_ONCE } from "../cycle.js";
import { each } from "../each.js";
import { Fetcher } from "../fetch.js";
import type { PeriodState, PlanSettings } from "../plan/period.js";
import { isBefore, isBeforeLimit, lookBackFrom } from "../plan/planner-schedule.js";
import { type Customers, Listing } from "../points/listing.js";
import { NoMeteringPoint } from "../points/metering-point.js";
import { storedSumsIn } from "../rows.js";
import {
  type Contradiction,
  contradictionOf,
  type DayOfPoint,
  type Difference,
  differenceByHours,
  notLoaded,
  withEnergyHourly,
} from "./verify-compare.js";
import {
  type ComparedPeriod,
  compareMonth,
  compareYear,
  monthsToCompare,
  type Planning,
  readOnce,
  type Totals,
  yearsToCompare,
} from "./verify-plan.js";

export interface VerifierOptions {
  readonly caruna: CarunaClient;
  readonly database: Database;
  readonly customers: Customers;
  readonly plan: Omit<PlanSettings, "meteringPoints">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Local days, both included. */
export interface DayRange {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** What is to be compared. */
export interface VerifyChoice {
  /** Undefined: everything, as far back as there is anything (or as the settings look back). */
  readonly range?: DayRange | undefined;
  /** Whether every hour of those days is read, and each of its values compared; else totals first. */
  readonly everyHour?: boolean;
}

/** What a comparison with Caruna+ came to. */
export interface Verification {
  /** By day. */
  readonly differences: readonly Difference[];
  readonly contradictions: readonly Contradiction[];
  readonly meteringPoints: number;
  /** Requests for energy so far. */
  readonly requests: number;
  /** Days that are stored or reported, of all metering points. */
  readonly days: number;
  /** Days of which every hour was read and compared. */
  readonly daysReadByHour: number;
}

/** None of the days that are to be verified is over. */
export class NothingToVerify extends Error {
  override readonly name = "NothingToVerify";

  constructor({ from }: DayRange) {
    super(
      `None of the days from ${from} on is over, so there is nothing to verify yet. Name a day up to yesterday with --from.`,
    );
  }
}

/** A month of a metering point; what its year reports of it, where that was asked. */
interface MonthOfPoint {
  readonly point: Point;
  readonly startsOn: Temporal.PlainDate;
  readonly byYear?: ComparedPeriod | undefined;
}

interface Comparison {
  readonly plan: VerifierOptions["plan"];
  readonly everyHour: boolean;
  readonly isWanted: (point: Point, day: Temporal.PlainDate) => boolean;
  /** The first day of `energy_hourly` to compare; `null`: its first one. */
  readonly from: Temporal.PlainDate | null;
}

/**
 * Compares what is stored with what Caruna+ shows, and writes nothing: the cycle's plan, run with nothing remembered. The
 * totals of years, of all months and of their days; the hours of the days that differ or are not complete. What sums cannot
 * show (two changes of a day that cancel each other out) is seen where every hour is read.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #listing: Listing;
  readonly #fetcher: Fetcher;
  #points: ReadonlyMap<string, Point> = new Map();
  #requests = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#listing = new Listing(options.caruna, options.customers, options.logger);
    this.#fetcher = new Fetcher({ ...options, historyPaceMs: 0, sleep: async () => {} }, this.#listing);
  }

  /**
   * Every metering point of the account, up to yesterday; of chosen days whatever the settings say.
   *
   * Throws what the client and the database throw, `NoMeteringPoint`, `NothingToVerify`.
   */
  async verify({ range, everyHour = false }: VerifyChoice, signal: AbortSignal): Promise<Verification> {
    const yesterday = this.#today().subtract({ days: 1 });
    if (range !== undefined && isBefore(yesterday, range.from)) throw new NothingToVerify(range);
    const points = await this.#list(signal);
    this.#points = new Map(points.map((point) => [point.planned.id, point]));
    const { plan } = this.#options;
    if (range !== undefined) {
      const over = { from: range.from, to: isBefore(yesterday, range.to) ? yesterday : range.to };
      const months = points.flatMap((point) => monthsOf(over).map((startsOn) => ({ point, startsOn })));
      const isWanted = (_: Point, day: Temporal.PlainDate) => isWithin(day, over);
      return await this.#compare(
        months,
        { plan: { ...plan, backfill: "all" }, everyHour, isWanted, from: over.from },
        signal,
      );
    }
    const months: MonthOfPoint[] = [];
    const ask = async (point: Point, running: AbortSignal) => {
      months.push(...(await this.#monthsOfYears(point, running)));
    };
    await each(points, REQUESTS_AT_ONCE, ask, signal);
    return await this.#compare(months, { plan, everyHour, isWanted: () => true, from: null }, signal);
  }

  /** The days of those differences alone, hour by hour, after `verify`. Throws as that does. */
  async verifyAgain(differences: readonly Difference[], signal: AbortSignal): Promise<Verification> {
    const keyOf = (id: string, day: Temporal.PlainDate) => `${id} ${day}`;
    const days = new Set(differences.map(({ meteringPointId, startsOn }) => keyOf(meteringPointId, startsOn)));
    const months = [...this.#points.values()].flatMap((point) => {
      const own = differences.filter(({ meteringPointId }) => meteringPointId === point.planned.id);
      const starts = new Set(own.map(({ startsOn }) => startsOn.with({ day: 1 }).toString()));
      return [...starts].map((start) => ({ point, startsOn: Temporal.PlainDate.from(start) }));
    });
    const from = differences.map(({ startsOn }) => startsOn).sort(Temporal.PlainDate.compare)[0] ?? null;
    const isWanted = ({ planned }: Point, day: Temporal.PlainDate) => days.has(keyOf(planned.id, day));
    const plan = { ...this.#options.plan, backfill: "all" } as const;
    return await this.#compare(months, { plan, everyHour: true, isWanted, from }, signal);
  }

  #today(): Temporal.PlainDate {
    return localDay(this.#options.now());
  }

  async #list(signal: AbortSignal): Promise<Point[]> {
    const { database, logger, now } = this.#options;
    await database.check(signal);
    const listed = await this.#listing.read(signal);
    if (listed.length === 0) throw new NoMeteringPoint();
    const rows = await database.sync.meteringPoints(signal);
    const known = new Map(rows.map((row) => [row.id, row] as const));
    const ids = identify(
      listed.map(({ point }) => point),
      rows,
    );
    const ends = await database.sync.storedEnds([...known.keys()], signal);
    const points = listed.map(({ point, contractFrom, contractTo }): Point => {
      const id = ids.get(point.assetId) ?? point.assetId;
      const { oldestHourEpochMs = null, newestHourEpochMs = null } = ends.get(id) ?? {};
      const firstSeenEpochMs = known.get(id)?.firstSeenEpochMs ?? now();
      const planned = { id, contractFrom, contractTo, oldestHourEpochMs, newestHourEpochMs, firstSeenEpochMs };
      return { point, planned, hasPeriods: false };
    });
    const verified = new Set(points.map(({ planned }) => planned.id));
    const gone = [...ends].filter(([id, { newestHourEpochMs }]) => !verified.has(id) && newestHourEpochMs !== null);
    if (gone.length > 0)
      logger.warn(
        { meteringPoints: gone.map(([id]) => id) },
        "stored, but not shown by Caruna+ any more: not verified",
      );
    return points;
  }

  /** The months of all years that are worth asking for, as the plan goes back. */
  async #monthsOfYears(point: Point, signal: AbortSignal): Promise<MonthOfPoint[]> {
    const planning = this.#planningOf(point, this.#options.plan);
    const today = this.#today();
    const months = new Map<string, MonthOfPoint>();
    for (const startsOn of monthsToCompare(planning))
      if (isBefore(startsOn, today)) months.set(startsOn.toString(), { point, startsOn });
    const years = yearsToCompare(planning);
    // The plan adds older ones as it goes back.
    for (const year of years) {
      const found = compareYear(year, await this.#totals(year, signal), years, planning);
      const [answered = year, ...older] = found.years;
      years.splice(years.indexOf(year), 1, answered);
      years.push(...older);
      for (const byYear of found.months)
        months.set(byYear.startsOn.toString(), { point, startsOn: byYear.startsOn, byYear });
    }
    return [...months.values()];
  }

  async #compare(months: readonly MonthOfPoint[], comparison: Comparison, signal: AbortSignal): Promise<Verification> {
    const { plan, everyHour, isWanted } = comparison;
    const differences: Difference[] = [];
    const contradictions: Contradiction[] = [];
    const toRead: DayOfPoint[] = [];
    let days = 0;
    const compareDays = async (month: MonthOfPoint, running: AbortSignal) => {
      const { point, startsOn } = month;
      const meteringPointId = point.planned.id;
      const totals = await this.#totals(readOnce(meteringPointId, "month", startsOn), running);
      for (const { lookAt, ...compared } of compareMonth(startsOn, totals, this.#planningOf(point, plan), everyHour)) {
        if (!isWanted(point, compared.startsOn)) continue;
        const day = { meteringPointId, ...compared };
        if (day.told !== undefined || day.stored !== undefined) days += 1;
        if (lookAt === "not loaded") differences.push(notLoaded(day));
        else if (lookAt === "hours") toRead.push(day);
      }
    };
    await each(months, REQUESTS_AT_ONCE, compareDays, signal);
    const compareHours = async (day: DayOfPoint, running: AbortSignal) => {
      const found = differenceByHours(day, await this.#hoursThatDiffer(day, running));
      if (found === undefined) return;
      if ("values" in found) contradictions.push(found);
      else differences.push(found);
    };
    await each(toRead, REQUESTS_AT_ONCE, compareHours, signal);
    contradictions.push(...this.#contradictoryMonths(months, [...differences, ...contradictions]));
    return {
      differences: await this.#withFollowed(differences, comparison, signal),
      contradictions,
      ...{ meteringPoints: this.#points.size, requests: this.#requests },
      ...{ days, daysReadByHour: toRead.length },
    };
  }

  /** Whole months of which their year reports something else than all of their days explain. */
  #contradictoryMonths(
    months: readonly MonthOfPoint[],
    found: readonly Pick<Difference, "meteringPointId" | "startsOn">[],
  ): Contradiction[] {
    const monthOf = (id: string, day: Temporal.PlainDate) => `${id} ${day.toPlainYearMonth()}`;
    const explained = new Set(found.map(({ meteringPointId, startsOn }) => monthOf(meteringPointId, startsOn)));
    return months.flatMap(({ point, startsOn, byYear }) => {
      const { id } = point.planned;
      const { settings } = this.#planningOf(point, this.#options.plan);
      const limit = lookBackFrom(point.planned, settings);
      const isWhole = !isBeforeLimit(startsOn, limit) && !isBefore(this.#today(), startsOn.add({ months: 1 }));
      if (byYear === undefined || !isWhole || explained.has(monthOf(id, startsOn))) return [];
      return contradictionOf({ meteringPointId: id, ...byYear }, "month") ?? [];
    });
  }

  #planningOf({ planned }: Point, plan: VerifierOptions["plan"]): Planning {
    const settings = { ...plan, meteringPoints: this.#points.size };
    return { point: planned, settings, nowEpochMs: this.#options.now() };
  }

  /** What Caruna+ reports of the parts of a period, and what is stored of them. */
  async #totals(period: PeriodState, signal: AbortSignal): Promise<Totals> {
    const answer = await this.#ask(period, signal);
    const stored = await storedSumsIn(this.#options.database.sync, period, signal);
    return { told: "sums" in answer ? answer.sums : [], stored };
  }

  async #hoursThatDiffer({ meteringPointId, startsOn }: DayOfPoint, signal: AbortSignal) {
    const answer = await this.#ask(readOnce(meteringPointId, "day", startsOn), signal);
    const hours = "hours" in answer ? answer.hours : [];
    const { startEpochMs, endEpochMs } = dayBounds(startsOn);
    return await this.#options.database.sync.hoursThatDiffer(meteringPointId, startEpochMs, endEpochMs, hours, signal);
  }

  async #ask(period: PeriodState, signal: AbortSignal) {
    this.#requests += 1;
    return await this.#fetcher.period({ points: this.#points }, period, signal);
  }

  async #withFollowed(
    differences: readonly Difference[],
    { plan, isWanted, from }: Comparison,
    signal: AbortSignal,
  ): Promise<readonly Difference[]> {
    const { sync } = this.#options.database;
    const followed = await sync.followedMeteringPoint(signal);
    const point = followed === undefined ? undefined : this.#points.get(followed);
    if (point === undefined) return differences;
    // No row of energy_hourly can be older than electricity meters.
    const startEpochMs = from === null ? Date.UTC(1900, 0, 1) : dayBounds(from).startEpochMs;
    const endEpochMs = dayBounds(this.#today()).startEpochMs;
    const rows = await sync.followedDifferences(point.planned.id, startEpochMs, endEpochMs, signal);
    const limit = lookBackFrom(point.planned, this.#planningOf(point, plan).settings);
    const wanted = rows
      .map((row) => ({ ...row, day: Temporal.PlainDate.from(row.day) }))
      .filter(({ day }) => isWanted(point, day) && !isBeforeLimit(day, limit));
    return withEnergyHourly(differences, point.planned.id, wanted);
  }
}

function isWithin(day: Temporal.PlainDate, { from, to }: DayRange): boolean {
  return !isBefore(day, from) && !isBefore(to, day);
}

/** First days of the months that a range has a part in. */
function monthsOf({ from, to }: DayRange): Temporal.PlainDate[] {
  const months: Temporal.PlainDate[] = [];
  for (let month = from.with({ day: 1 }); !isBefore(to, month); month = month.add({ months: 1 })) months.push(month);
  return months;
}
