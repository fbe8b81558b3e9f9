import { Temporal } from "temporal-polyfill";
import { CarunaUnreachable, RateLimited } from "../caruna/index.js";
import {
  ABANDONED_AFTER_MS,
  type HoursToStore,
  isLoadedByAnother,
  type KnownAccount,
  type KnownMeteringPoint,
  type Lease,
  movedHouse,
  ORIGINALS_LAST_TABLE,
  type SeenMeteringPoint,
  type StoredEnds,
} from "../database/index.js";
import { localDay } from "../energy/index.js";
import { ZONE } from "../shared/local-day.js";
import { byPoint, type Cycle, type EngineOptions, type KnownPoint } from "./cycle.js";
import type { Fetcher } from "./fetch.js";
import { type Days, daysOfFees, daysToCover, fillGaps, missingFees } from "./plan/gaps.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings } from "./plan/period.js";
import { newPeriods } from "./plan/planner.js";
import type { FailedCustomer, ListedMeteringPoint, Listing } from "./points/listing.js";
import { carunaPoint, isNamed, MeteringPointNotFound, NoMeteringPoint } from "./points/metering-point.js";
import { PrimaryPoint } from "./points/primary-point.js";
import { isOfOneResource, isWithdrawn, Refusals } from "./points/refusals.js";
import { fromRow, fromSumRow, toRow } from "./rows.js";

/** Under this name and the id of an account it is remembered of which customers it listed: `all`, `own`, or numbers. */
const LISTED_OF = "metering points listed of";

interface ListedPoints {
  /** Milliseconds since the epoch. */
  readonly listedAt: number;
  readonly pointsListed: number;
  readonly known: readonly KnownMeteringPoint[];
  /** As in `Cycle`. */
  readonly unansweredLists: readonly FailedCustomer[];
}

/** How a cycle begins: the metering points, the one that `energy_hourly` follows, and the rows that time has brought. */
export class CycleStart {
  readonly #options: EngineOptions;
  readonly #listing: Listing;
  readonly #fetcher: Fetcher;
  readonly #primary: PrimaryPoint;
  readonly #refusals: Refusals;
  /** The local day and listing for which the rows that time brings were added. */
  #plannedFor = "";
  #othersReportedFor = Number.NaN;
  #moveReportedOn = "";
  /** Start of the newest stored hour of each metering point that has one, as of that planning and what was stored since. */
  readonly #newestHours = new Map<string, number>();
  /** Start of the first stored hour of each, as of that planning. */
  readonly #oldestHours = new Map<string, number>();

  constructor(options: EngineOptions, listing: Listing, fetcher: Fetcher) {
    this.#options = options;
    this.#listing = listing;
    this.#fetcher = fetcher;
    this.#primary = new PrimaryPoint(options.meteringPoint, options.logger);
    this.#refusals = new Refusals(options.database, options.now, options.logger);
  }

  /** Remembers which metering points and lists were refused in a cycle, and which metering points were answered. */
  async noteRefusals({ lease, points, refused, answered, unansweredLists }: Cycle, signal: AbortSignal): Promise<void> {
    const refusable = (id: string) => {
      const customer = points.get(id)?.point.customerId;
      return customer === undefined ? [] : [{ customer, meteringPoint: id }];
    };
    // One that is refused some of its days alone is not refused.
    const whole = [...refused].filter(([id]) => !answered.has(id));
    // Energy was answered: it is the lists alone that are out of order.
    const lists = answered.size === 0 ? [] : unansweredLists;
    await this.#refusals.note(
      lease,
      [
        ...whole.flatMap(([id, error]) =>
          error === undefined ? [] : refusable(id).map((point) => ({ ...point, error })),
        ),
        ...lists.map((list) => ({ ...list, meteringPoint: null, isAlone: true })),
      ],
      [...answered].flatMap(refusable),
      signal,
    );
  }

  /** The metering points, the primary one, and the rows that time has brought. */
  async begin(lease: Lease, account: KnownAccount, signal: AbortSignal): Promise<Cycle> {
    const { database, logger, now, plan } = this.#options;
    await this.#refusals.read(lease, signal);
    const { listedAt, pointsListed, known, unansweredLists } = await this.#listWhereDue(lease, account, signal);
    await database.sync.noteRun(lease, now(), signal);
    if (account.isNew && (await database.sync.hasOriginalsLastTable(signal))) logger.warn({}, ORIGINALS_LAST_TABLE);
    const rows = known.filter((point) => point.account === lease.account);
    if (rows.length === 0) {
      const isLoaded = known.some((point) => isLoadedByAnother(point, lease.account, now()));
      if (pointsListed === 0 || !isLoaded) throw new NoMeteringPoint(this.#refusals.refusedCustomers);
      this.#reportOthers(listedAt);
    }
    const ids = rows.map(({ id }) => id);
    await this.#readNewestHours(ids, listedAt, signal);
    const endsOf = (id: string): StoredEnds => ({
      oldestHourEpochMs: this.#oldestHours.get(id) ?? null,
      newestHourEpochMs: this.#newestHours.get(id) ?? null,
    });
    const points = new Map(rows.map((row) => [row.id, knownPoint(row, endsOf(row.id))] as const));
    const followed = await this.#follow(lease, known, listedAt, signal);
    const settings = { ...plan, meteringPoints: points.size };
    const totals = { days: 0, months: 0, years: 0, inserted: 0, changed: 0, unchanged: 0, unpublished: 0 };
    const nothingYet = {
      totals,
      failed: [],
      asked: new Map(),
      refused: new Map(),
      resting: new Set(this.#refusals.restingPoints),
      answered: new Set<string>(),
      unreachable: [],
      unansweredLists,
      caughtUp: 0,
    };
    const cycle = { lease, points, followed, plan: settings, listedAt, ...nothingYet };
    await this.planAhead(cycle, signal);
    return cycle;
  }

  /** As `Engine.switchMeteringPoint` says, with the account's lease. */
  async switchPrimary(lease: Lease, account: KnownAccount, signal: AbortSignal) {
    const { database, meteringPoint, now } = this.#options;
    const { known } = await this.#listWhereDue(lease, account, signal);
    const own = known.filter((point) => point.account === lease.account);
    const [only, ...others] = own;
    const point = meteringPoint === undefined ? only : own.find((row) => isNamed(row, meteringPoint));
    if (point === undefined || (meteringPoint === undefined && others.length > 0))
      throw new MeteringPointNotFound(meteringPoint ?? "", own);
    const { meteringPointId } = await database.sync.mirrored(signal);
    if (meteringPointId === point.id) return undefined;
    const claim = { meteringPointId: point.id, isConfigured: meteringPoint !== undefined };
    const switched = await database.sync.switchMeteringPoint(lease, claim, localDay(now()).toString(), signal);
    return { ...switched, meteringPointId: point.id };
  }

  /** Once for each listing: that this account has nothing to load. */
  #reportOthers(listedAt: number): void {
    if (this.#othersReportedFor === listedAt) return;
    this.#othersReportedFor = listedAt;
    this.#options.logger.info(
      {},
      "another account of this database loads all metering points that this account lists; this one takes over what that one " +
        "no longer lists, and everything when that one has not run for two days",
    );
  }

  /** Once for each local day and each list of metering points. */
  async planAhead({ lease, points, followed, plan, listedAt }: Cycle, signal: AbortSignal): Promise<void> {
    if (this.#isPlanned(listedAt)) return;
    const plannedFor = this.#planningOf(listedAt);
    await this.#addNewPeriods(lease, [...points.values()], plan, signal);
    if (followed !== undefined) await this.#mendFollowed(lease, followed, signal);
    await this.#reportMove(lease, signal);
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
    this.#oldestHours.clear();
    for (const [id, { oldestHourEpochMs, newestHourEpochMs }] of ends) {
      if (newestHourEpochMs !== null) this.#newestHours.set(id, newestHourEpochMs);
      if (oldestHourEpochMs !== null) this.#oldestHours.set(id, oldestHourEpochMs);
    }
  }

  /** To be told of what was stored, so that nobody has to ask the database again. */
  noteNewestHours(hours: readonly HoursToStore[]): void {
    for (const { meteringPointId, readings } of hours) {
      let newest = this.#newestHours.get(meteringPointId) ?? Number.NEGATIVE_INFINITY;
      for (const { startEpochMs } of readings) newest = Math.max(newest, startEpochMs);
      if (Number.isFinite(newest)) this.#newestHours.set(meteringPointId, newest);
    }
  }

  /** Once a day, by the program whose account loads what is mirrored, or that nobody loads any more. */
  async #reportMove({ account }: Lease, signal: AbortSignal): Promise<void> {
    const { database, logger, now } = this.#options;
    const today = localDay(now()).toString();
    if (this.#moveReportedOn === today) return;
    this.#moveReportedOn = today;
    const mirrored = await database.sync.followedMeteringPoint(signal);
    const known = await database.sync.meteringPoints(signal);
    const loader = known.find(({ id }) => id === mirrored)?.account ?? account;
    const moved = loader === account ? movedHouse(known, mirrored, today, now()) : undefined;
    if (moved !== undefined) logger.warn({}, `${moved.message} ${moved.nextStep}`);
  }

  /** The sums that are compared are those of `metering_point_hourly`: what `energy_hourly` alone has lost shows in none. */
  async #mendFollowed(lease: Lease, followed: string, signal: AbortSignal): Promise<void> {
    const { database, logger } = this.#options;
    const hours = await database.sync.mendFollowed(lease, followed, signal);
    if (hours > 0)
      logger.warn({ hours }, "energy_hourly lacked hours, or had others than were read: they were put back");
  }

  /**
   * Once a day, with the first request of the day, the metering points are listed again; so they are when the one that is
   * named is not known, and when an account that loads some has run for the last time two days ago. Returns when they were
   * listed last, how many, and all that are known.
   */
  async #listWhereDue(lease: Lease, account: KnownAccount, signal: AbortSignal): Promise<ListedPoints> {
    const { database, now, meteringPoint, plan, customers } = this.#options;
    const listedAt = account.listedEpochMs ?? Number.NaN;
    const isRecent = listedAt >= latestAskFrom(now(), plan.askFromMinutes) && listedAt <= now();
    const known = await database.sync.meteringPoints(signal);
    // Known ones that are gone were taken out of the database by somebody else.
    const isKnown =
      known.length > 0 && (meteringPoint === undefined || known.some((row) => isNamed(row, meteringPoint)));
    const isAbandonedSince = known.some(({ account: loader, accountRunEpochMs }) => {
      const abandonedAt = (accountRunEpochMs ?? Number.POSITIVE_INFINITY) + ABANDONED_AFTER_MS;
      return loader !== account.id && abandonedAt > listedAt && abandonedAt <= now();
    });
    const selected = typeof customers === "string" ? customers : customers.join(",");
    const listedOf = `${LISTED_OF} ${account.id}`;
    const before = await database.sync.remembered(listedOf, signal);
    const isOfSelected = before === undefined || before === selected;
    const nothingFailed = { unansweredLists: [] };
    const asBefore = {
      listedAt: account.listedEpochMs ?? 0,
      pointsListed: account.pointsListed ?? 0,
      known,
      ...nothingFailed,
    };
    if (isRecent && isKnown && !isAbandonedSince && isOfSelected) return asBefore;
    const own = known.filter((point) => point.account === account.id);
    // A session would be needed to learn that there is nobody to ask.
    if (isKnown && this.#isEveryCustomerResting(own)) return asBefore;
    const listedNow = now();
    const listed = await this.#list(lease, own, signal);
    if (listed === undefined) return asBefore;
    if ("unansweredLists" in listed) return { ...asBefore, ...listed };
    await database.sync.seeMeteringPoints(lease, listed, listedNow, signal);
    if (before !== selected) await database.sync.remember(lease, listedOf, selected, signal);
    const knownNow = await database.sync.meteringPoints(signal);
    return { listedAt: listedNow, pointsListed: listed.length, known: knownNow, ...nothingFailed };
  }

  #isEveryCustomerResting(own: readonly KnownMeteringPoint[]): boolean {
    const resting = new Set(this.#refusals.restingCustomers.map(({ customer }) => customer));
    return own.length > 0 && own.every(({ customer }) => resting.has(customer));
  }

  /**
   * The metering points that Caruna+ lists, and those known of customers that did not answer and have not been refused.
   * Undefined where some are known, and no customer showed its lists or the list of today is empty: their hours are still to be had,
   * and the next cycle asks for the list again. Where Caruna+ is out of order, perhaps for the lists alone, these.
   */
  async #list(
    lease: Lease,
    known: readonly KnownMeteringPoint[],
    signal: AbortSignal,
  ): Promise<SeenMeteringPoint[] | Pick<Cycle, "unansweredLists"> | undefined> {
    const goOn = (problem: string) =>
      this.#options.logger.warn({ problem }, "the metering points could not be listed; going on with those known");
    const resting = known.length === 0 ? [] : this.#refusals.restingCustomers;
    const ids = resting.map(({ customer }) => customer);
    const { points, answered, failed, incomplete, rested } = await this.#listing.readByCustomer(ids, signal);
    const [first] = failed;
    const isOutage = first?.error instanceof CarunaUnreachable || first?.error instanceof RateLimited;
    if (first !== undefined && answered.length === 0 && (isOutage || known.length === 0)) {
      if (known.length === 0) throw first.error;
      goOn(first.error.message);
      return { unansweredLists: failed };
    }
    const isAlone = answered.length === 0;
    const refused = failed.map((one) => ({ ...one, meteringPoint: null, isAlone }));
    const shown = answered.map((customer) => ({ customer, meteringPoint: null }));
    await this.#refusals.note(lease, refused, shown, signal);
    if (known.length > 0 && answered.length === 0 && failed.length + rested.length > 0) {
      if (first !== undefined) goOn(first.error.message);
      return undefined;
    }
    // With chosen customers, none is what the settings ask for.
    if (points.length === 0 && known.length > 0 && failed.length === 0 && this.#options.customers === "all") {
      goOn("Caruna+ lists none");
      return undefined;
    }
    const withdrawn = new Set(resting.flatMap(({ customer, status }) => (isWithdrawn(status) ? [customer] : [])));
    const kept = new Set([...incomplete, ...rested.filter((customer) => !withdrawn.has(customer))]);
    const isListed = new Set(points.map(({ point }) => point.assetId));
    const stillKnown = known.filter(({ assetId, customer }) => kept.has(customer) && !isListed.has(assetId));
    return [...points.map(seenPoint), ...stillKnown.map((row) => ({ ...row, kind: row.kind ?? "consumption" }))];
  }

  /** The metering point that `energy_hourly` mirrors, where this account is the one to write it. */
  async #follow(
    lease: Lease,
    known: readonly KnownMeteringPoint[],
    listedAt: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { database, logger, now } = this.#options;
    const readingsOf = async (row: KnownMeteringPoint, day: Temporal.PlainDate) =>
      await this.#fetcher.day(carunaPoint(row), day, signal).then(
        ({ readings }) => readings,
        (error: unknown) => {
          // One that is refused cannot be compared; the others can.
          if (isOfOneResource(error) && !(error instanceof CarunaUnreachable)) return [];
          throw error;
        },
      );
    const before = await database.sync.mirrored(signal);
    const chosen = await this.#primary.choose(
      { known, lease, before, listedAt, now: now() },
      database,
      readingsOf,
      signal,
    );
    const isConfigured = this.#options.meteringPoint !== undefined;
    const isClaimed = before.account === lease.account && before.isConfigured === isConfigured;
    if (chosen === undefined || (chosen === before.meteringPointId && isClaimed)) return chosen;
    const { previous, written, others } = await database.sync.followMeteringPoint(lease, chosen, isConfigured, signal);
    if (written > 0)
      logger.info(
        { hours: written },
        "energy_hourly mirrors another metering point now; its stored hours were copied there",
      );
    if (previous !== null && others > 0)
      logger.warn(
        { hours: others, previous, followed: chosen },
        "energy_hourly still holds hours of the metering point that it mirrored before, where the one it mirrors now has none; " +
          "they stay (metering_point_hourly tells whose each hour is)",
      );
    return chosen;
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
    for (const { planned } of points) await this.#lookAfter(lease, planned, plan, signal);
  }

  /** What any cycle brings, however long ago the last one was: days that were never asked for, and fees that come late. */
  async #lookAfter(lease: Lease, point: PlannedMeteringPoint, plan: PlanSettings, signal: AbortSignal): Promise<void> {
    const { sync } = this.#options.database;
    const nowEpochMs = this.#options.now();
    const covered = daysToCover(point, nowEpochMs);
    if (covered === undefined) return;
    const texts = ({ from, to }: Days) => ({ from: from.toString(), to: to.toString() });
    const { from, to } = texts(covered);
    const neverAsked = (await sync.daysNeverAsked(point.id, from, to, signal)).map((day) =>
      Temporal.PlainDate.from(day),
    );
    const remembered = async (span: "day" | "month", days: Days) =>
      (await sync.periods({ meteringPointIds: [point.id], span, ...texts(days) }, signal)).map(fromRow);
    const months =
      neverAsked.length === 0 ? [] : await remembered("month", { from: covered.from.with({ day: 1 }), to: covered.to });
    const recent = daysOfFees(nowEpochMs);
    const sums = (await sync.sumsByDay(point.id, recent.from.toString(), recent.to.toString(), signal)).map(fromSumRow);
    const mayLackFees = sums.some(({ hoursWithoutFee = 0 }) => hoursWithoutFee > 0);
    const days = mayLackFees ? await remembered("day", recent) : [];
    const due = [...fillGaps(point, neverAsked, months, covered, plan), ...missingFees(sums, days, plan, nowEpochMs)];
    await sync.savePeriods(lease, due.map(toRow), signal);
  }
}

function seenPoint({ point, contractFrom, contractTo }: ListedMeteringPoint): SeenMeteringPoint {
  return {
    assetId: point.assetId,
    kind: point.kind,
    customer: point.customerId,
    gsrn: point.gsrn,
    address: point.address,
    product: point.productDescription,
    fuse: point.fuseSize,
    contractFrom: contractFrom?.toString() ?? null,
    contractTo: contractTo?.toString() ?? null,
  };
}

function knownPoint(row: KnownMeteringPoint, ends: StoredEnds): KnownPoint {
  const day = (text: string | null) => (text === null ? null : Temporal.PlainDate.from(text));
  return {
    hasPeriods: row.hasPeriods,
    planned: {
      id: row.id,
      contractFrom: day(row.contractFrom),
      contractTo: day(row.contractTo),
      ...ends,
      firstSeenEpochMs: row.firstSeenEpochMs,
    },
    point: carunaPoint(row),
  };
}

/** The last time at which the wall clock in Finland showed that time of the day. */
function latestAskFrom(nowEpochMs: number, minutes: number): number {
  const today = localDay(nowEpochMs);
  const at = (day: Temporal.PlainDate) =>
    day.toZonedDateTime({
      timeZone: ZONE,
      plainTime: new Temporal.PlainTime(Math.floor(minutes / 60), minutes % 60),
    }).epochMilliseconds;
  return at(today) <= nowEpochMs ? at(today) : at(today.subtract({ days: 1 }));
}
