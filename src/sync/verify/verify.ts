import { Temporal } from "temporal-polyfill";
import type { CarunaClient } from "../../caruna/index.js";
import { type Database, identify } from "../../database/index.js";
import { dayBounds, localDay, readingsOfDay, toldSums } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";
import { REQUESTS_AT_ONCE } from "../cycle.js";
import { each } from "../each.js";
import type { PlannedMeteringPoint, PlanSettings, StoredSum } from "../plan/period.js";
import { EMPTY_YEARS_BEFORE_CONTRACT, MOST_EMPTY_YEARS } from "../plan/planner.js";
import { isBefore, lookBackFrom, newestYear } from "../plan/planner-schedule.js";
import { type Customers, type ListedMeteringPoint, Listing } from "../points/listing.js";
import { NoMeteringPoint } from "../points/metering-point.js";
import { isNothingBeforeContract } from "../points/refusals.js";
import { fromSumRow } from "../rows.js";
import {
  type ComparedDay,
  type Contradiction,
  type Difference,
  differenceByHours,
  notLoaded,
  suspicionOfDay,
  suspicionOfMonth,
  withEnergyHourly,
} from "./verify-compare.js";

const HOUR_MS = 3_600_000;

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

/** What a comparison of everything with Caruna+ came to. */
export interface Verification {
  /** By day. */
  readonly differences: readonly Difference[];
  readonly contradictions: readonly Contradiction[];
  /** How many metering points were compared, and how many requests for energy it took. */
  readonly meteringPoints: number;
  readonly requests: number;
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

/** A metering point with what is remembered of it. */
interface Point extends ListedMeteringPoint {
  readonly planned: PlannedMeteringPoint;
  readonly oldestHourEpochMs: number | null;
  /** The first day that is looked after even when nothing of it is stored; `null`: all are. */
  readonly limit: Temporal.PlainDate | null;
}

interface MonthOfPoint {
  readonly point: Point;
  readonly month: Temporal.PlainDate;
}

/**
 * Compares what is stored with what Caruna+ shows, and writes nothing: totals of months, of the days of the months that
 * differ, the hours of the days that differ. What sums cannot show (two changes that cancel each other out) it does not see.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #listing: Listing;
  #points: readonly Point[] = [];
  #requests = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#listing = new Listing(options.caruna, options.customers, options.logger);
  }

  /**
   * Every metering point of the account, up to yesterday. Without a range year by year, as far back as there is anything
   * (or as the settings look back); with one every month of it, whatever the settings say.
   *
   * Throws what the client and the database throw, `NoMeteringPoint`, `NothingToVerify`.
   */
  async verify(range: DayRange | undefined, signal: AbortSignal): Promise<Verification> {
    const yesterday = this.#today().subtract({ days: 1 });
    if (range !== undefined && isBefore(yesterday, range.from)) throw new NothingToVerify(range);
    await this.#list(signal);
    if (range !== undefined) {
      const over = { from: range.from, to: isBefore(yesterday, range.to) ? yesterday : range.to };
      const months = this.#points.flatMap((point) => monthsOf(over).map((month) => ({ point, month })));
      return await this.#lookInto(months, (_, day) => isWithin(day, over), over.from, signal);
    }
    const months: MonthOfPoint[] = [];
    const ask = async (point: Point, running: AbortSignal) => {
      months.push(...(await this.#suspectMonths(point, running)));
    };
    await each(this.#points, REQUESTS_AT_ONCE, ask, signal);
    const isWanted = ({ limit }: Point, day: Temporal.PlainDate, stored: StoredSum | undefined) =>
      stored !== undefined || limit === null || !isBefore(day, limit);
    return await this.#lookInto(months, isWanted, null, signal);
  }

  /** The days of those differences alone, after `verify`. Throws as that does. */
  async verifyAgain(differences: readonly Difference[], signal: AbortSignal): Promise<Verification> {
    const keyOf = (id: string, day: Temporal.PlainDate) => `${id} ${day}`;
    const days = new Set(differences.map(({ meteringPointId, startsOn }) => keyOf(meteringPointId, startsOn)));
    const months = this.#points.flatMap((point) => {
      const own = differences.filter(({ meteringPointId }) => meteringPointId === point.planned.id);
      const starts = new Set(own.map(({ startsOn }) => startsOn.with({ day: 1 }).toString()));
      return [...starts].map((start) => ({ point, month: Temporal.PlainDate.from(start) }));
    });
    const oldest = differences.map(({ startsOn }) => startsOn).sort(Temporal.PlainDate.compare)[0] ?? null;
    const isWanted = ({ planned }: Point, day: Temporal.PlainDate) => days.has(keyOf(planned.id, day));
    return await this.#lookInto(months, isWanted, oldest, signal);
  }

  #today(): Temporal.PlainDate {
    return localDay(this.#options.now());
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { database, logger, now, plan } = this.#options;
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
    this.#points = listed.map(({ point, contractFrom, contractTo }) => {
      const id = ids.get(point.assetId) ?? point.assetId;
      const planned = {
        ...{ id, contractFrom, contractTo },
        newestHourEpochMs: ends.get(id)?.newestHourEpochMs ?? null,
        firstSeenEpochMs: known.get(id)?.firstSeenEpochMs ?? now(),
      };
      const limit = lookBackFrom(planned, { ...plan, meteringPoints: listed.length });
      const oldestHourEpochMs = ends.get(id)?.oldestHourEpochMs ?? null;
      return { point, contractFrom, contractTo, planned, oldestHourEpochMs, limit };
    });
    const verified = new Set(this.#points.map(({ planned }) => planned.id));
    const gone = [...ends].filter(([id, { newestHourEpochMs }]) => !verified.has(id) && newestHourEpochMs !== null);
    if (gone.length > 0)
      logger.warn(
        { meteringPoints: gone.map(([id]) => id) },
        "stored, but not shown by Caruna+ any more: not verified",
      );
  }

  /** The months of which the totals by year show that they must be looked into, newest year first. */
  async #suspectMonths(point: Point, signal: AbortSignal): Promise<MonthOfPoint[]> {
    const { planned } = point;
    const newestStored = planned.newestHourEpochMs === null ? 0 : localDay(planned.newestHourEpochMs).year;
    const newest = Math.max(newestYear(planned, this.#today()).year, newestStored);
    const suspects: MonthOfPoint[] = [];
    const emptyYears: number[] = [];
    for (let year = newest; isWorthAsking(year, emptyYears, point); year -= 1) {
      const told = await this.#told(point, new Temporal.PlainDate(year, 1, 1), "year", signal);
      const rows = await this.#options.database.sync.sumsByMonth(planned.id, year, signal);
      const stored = byStart(rows.map(fromSumRow));
      if (stored.size === 0 && [...told.values()].every(({ kwhTotal }) => kwhTotal === 0)) {
        emptyYears.push(year);
        continue;
      }
      emptyYears.length = 0;
      for (let month = 1; month <= 12; month += 1) {
        const start = new Temporal.PlainDate(year, month, 1);
        const hours = this.#hoursOfMonth(start, planned);
        const suspicion = suspicionOfMonth(told.get(start.toString()), stored.get(start.toString()), hours);
        if (isBefore(start, this.#today()) && suspicion !== "none") suspects.push({ point, month: start });
      }
    }
    return suspects;
  }

  /** How many hours a month has, from the beginning of the contract to the end of yesterday. */
  #hoursOfMonth(month: Temporal.PlainDate, { contractFrom, contractTo }: PlannedMeteringPoint): number {
    const start = contractFrom !== null && isBefore(month, contractFrom) ? contractFrom : month;
    const ends = [
      month.add({ months: 1 }),
      this.#today(),
      ...(contractTo === null ? [] : [contractTo.add({ days: 1 })]),
    ];
    const end = ends.sort(Temporal.PlainDate.compare)[0] ?? month;
    return Math.max(0, dayBounds(end).startEpochMs - dayBounds(start).startEpochMs) / HOUR_MS;
  }

  async #lookInto(
    months: readonly MonthOfPoint[],
    isWanted: (point: Point, day: Temporal.PlainDate, stored: StoredSum | undefined) => boolean,
    energyHourlyFrom: Temporal.PlainDate | null,
    signal: AbortSignal,
  ): Promise<Verification> {
    const differences: Difference[] = [];
    const contradictions: Contradiction[] = [];
    const suspects: { readonly point: Point; readonly compared: ComparedDay }[] = [];
    const lookIntoMonth = async ({ point, month }: MonthOfPoint, running: AbortSignal) => {
      for (const compared of await this.#daysOf(point, month, running)) {
        if (!isBefore(compared.day, this.#today()) || !isWanted(point, compared.day, compared.stored)) continue;
        const suspicion = suspicionOfDay(compared.day, compared.told, compared.stored);
        if (suspicion === "not loaded") differences.push(notLoaded(compared));
        else if (suspicion === "look closer") suspects.push({ point, compared });
      }
    };
    await each(months, REQUESTS_AT_ONCE, lookIntoMonth, signal);
    const lookIntoDay = async ({ point, compared }: (typeof suspects)[number], running: AbortSignal) => {
      const found = differenceByHours(compared, await this.#hoursThatDiffer(point, compared.day, running));
      if (found === undefined) return;
      if ("span" in found) differences.push(found);
      else contradictions.push(found);
    };
    await each(suspects, REQUESTS_AT_ONCE, lookIntoDay, signal);
    return {
      differences: await this.#withFollowed(differences, isWanted, energyHourlyFrom, signal),
      contradictions,
      meteringPoints: this.#points.length,
      requests: this.#requests,
    };
  }

  /** The days of a month that Caruna+ tells of or that have stored hours. */
  async #daysOf(point: Point, month: Temporal.PlainDate, signal: AbortSignal): Promise<ComparedDay[]> {
    const meteringPointId = point.planned.id;
    const last = month.add({ months: 1 }).subtract({ days: 1 });
    const told = await this.#told(point, month, "month", signal);
    const { sync } = this.#options.database;
    const rows = await sync.sumsByDay(meteringPointId, month.toString(), last.toString(), signal);
    const stored = byStart(rows.map(fromSumRow));
    const days = [...new Set([...told.keys(), ...stored.keys()])].sort();
    return days.map((day) => ({
      ...{ meteringPointId, day: Temporal.PlainDate.from(day) },
      ...{ told: told.get(day), stored: stored.get(day) },
    }));
  }

  async #hoursThatDiffer({ point, planned }: Point, day: Temporal.PlainDate, signal: AbortSignal) {
    const { caruna, database } = this.#options;
    this.#requests += 1;
    const query = { meteringPoint: point, timespan: "daily", year: day.year, month: day.month, day: day.day } as const;
    const { rows, unreadable } = await caruna.energyAnswer(query, { signal });
    const { readings, problems } = readingsOfDay(rows, day, await this.#listing.productOf(point, signal));
    this.#tellProblems(`day ${day}`, [...unreadable, ...problems]);
    const { startEpochMs, endEpochMs } = dayBounds(day);
    return await database.sync.hoursThatDiffer(planned.id, startEpochMs, endEpochMs, readings, signal);
  }

  /** Caruna+'s totals of the months of a year or of the days of a month, by their first day. */
  async #told(
    { point, contractFrom }: Point,
    startsOn: Temporal.PlainDate,
    span: "year" | "month",
    signal: AbortSignal,
  ) {
    this.#requests += 1;
    const isYear = span === "year";
    const { year, month } = startsOn;
    const period = isYear ? ({ timespan: "yearly", year } as const) : ({ timespan: "monthly", year, month } as const);
    const last = startsOn.add(isYear ? { years: 1 } : { months: 1 }).subtract({ days: 1 });
    const { rows, unreadable } = await this.#options.caruna
      .energyAnswer({ meteringPoint: point, ...period }, { signal })
      .catch((error: unknown) => {
        if (isNothingBeforeContract(error, last, contractFrom)) return { rows: [], unreadable: [] };
        throw error;
      });
    const { sums, problems } = toldSums(rows, isYear ? "month" : "day");
    this.#tellProblems(`${span} ${startsOn}`, [...unreadable, ...problems]);
    return byStart(sums.filter((sum) => sum.startsOn.year === year && (isYear || sum.startsOn.month === month)));
  }

  async #withFollowed(
    differences: readonly Difference[],
    isWanted: (point: Point, day: Temporal.PlainDate, stored: StoredSum | undefined) => boolean,
    from: Temporal.PlainDate | null,
    signal: AbortSignal,
  ): Promise<readonly Difference[]> {
    const { sync } = this.#options.database;
    const followed = await sync.followedMeteringPoint(signal);
    const point = this.#points.find(({ planned }) => planned.id === followed);
    if (point === undefined) return differences;
    // No row of energy_hourly can be older than electricity meters.
    const startEpochMs = from === null ? Date.UTC(1900, 0, 1) : dayBounds(from).startEpochMs;
    const endEpochMs = dayBounds(this.#today()).startEpochMs;
    const rows = await sync.followedDifferences(point.planned.id, startEpochMs, endEpochMs, signal);
    const days = rows.map((row) => ({ ...row, day: Temporal.PlainDate.from(row.day) }));
    const wanted = days.filter(({ day }) => isWanted(point, day, undefined));
    return withEnergyHourly(differences, point.planned.id, wanted);
  }

  #tellProblems(of: string, problems: readonly string[]): void {
    if (problems.length === 0) return;
    const fields = { of, count: problems.length, problems: problems.slice(0, 5) };
    this.#options.logger.warn(fields, "rows that could not be used");
  }
}

/** As far back as looking back goes, and as far as there are stored hours. `emptyYears`: the last ones asked for, in a row. */
function isWorthAsking(
  year: number,
  emptyYears: readonly number[],
  { oldestHourEpochMs, contractFrom, limit }: Point,
): boolean {
  if (oldestHourEpochMs !== null && year >= localDay(oldestHourEpochMs).year) return true;
  if (limit !== null && year < limit.year) return false;
  const contractYear = contractFrom?.year ?? Number.POSITIVE_INFINITY;
  if (year >= contractYear) return emptyYears.length < MOST_EMPTY_YEARS;
  return emptyYears.filter((empty) => empty < contractYear).length < EMPTY_YEARS_BEFORE_CONTRACT;
}

function byStart<Sum extends { readonly startsOn: Temporal.PlainDate }>(sums: readonly Sum[]): Map<string, Sum> {
  return new Map(sums.map((sum) => [sum.startsOn.toString(), sum]));
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
