import { Temporal } from "temporal-polyfill";
import { AccessRefused, AnswerNotUnderstood, type MeteringPoint } from "../caruna/index.js";
import type { HoursToStore, KnownMeteringPoint, Lease, SeenMeteringPoint } from "../database/index.js";
import { localDay } from "../energy/index.js";
import { byPoint, type Cycle, type EngineOptions, type KnownPoint } from "./cycle.js";
import type { Fetcher } from "./fetch.js";
import type { PeriodState, PlanSettings } from "./plan/period.js";
import { newPeriods } from "./plan/planner.js";
import { Followed } from "./points/followed.js";
import type { ListedMeteringPoint, Listing } from "./points/listing.js";
import { NoMeteringPoint } from "./points/metering-point.js";
import { fromRow, toRow } from "./rows.js";

/** Under this name it is remembered when the metering points were listed last, in milliseconds since the epoch. */
const LISTED_AT = "metering points listed at";

/** How a cycle begins: the metering points, the one that `energy_hourly` follows, and the rows that time has brought. */
export class CycleStart {
  readonly #options: EngineOptions;
  readonly #listing: Listing;
  readonly #fetcher: Fetcher;
  readonly #followed: Followed;
  /** The local day and listing for which the rows that time brings were added. */
  #plannedFor = "";
  /** Start of the newest stored hour of each metering point that has one, as of that planning and what was stored since. */
  readonly #newestHours = new Map<string, number>();

  constructor(options: EngineOptions, listing: Listing, fetcher: Fetcher) {
    this.#options = options;
    this.#listing = listing;
    this.#fetcher = fetcher;
    this.#followed = new Followed(options.meteringPoint, options.logger);
  }

  /** The metering points, whom `energy_hourly` follows, and the rows that time has brought. */
  async begin(lease: Lease, signal: AbortSignal): Promise<Cycle> {
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
    await this.planAhead(cycle, signal);
    return cycle;
  }

  /** Once for each local day and each list of metering points. */
  async planAhead({ lease, points, followed, plan, listedAt }: Cycle, signal: AbortSignal): Promise<void> {
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

  /** To be told of what was stored, so that nobody has to ask the database again. */
  noteNewestHours(hours: readonly HoursToStore[]): void {
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
      (await this.#fetcher.day(point, day, signal)).readings;
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
