import { Temporal } from "temporal-polyfill";
import { AccessRefused, AnswerNotUnderstood } from "../../caruna/index.js";
import {
  type Database,
  isLoadedByAnother,
  type KnownMeteringPoint,
  type Lease,
  type Mirrored,
} from "../../database/index.js";
import { dayBounds, type HourlyReading, localDay } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";
import {
  type Comparison,
  compareWithStored,
  isNamed,
  isOtherMeter,
  isSameMeter,
  listed,
  MeteringPointDiffers,
  MeteringPointNotFound,
} from "./metering-point.js";

export type ReadingsOf = (point: KnownMeteringPoint, day: Temporal.PlainDate) => Promise<readonly HourlyReading[]>;

/** What there is to choose from. */
export interface PrimaryChoice {
  readonly known: readonly KnownMeteringPoint[];
  /** Of the account of this program. */
  readonly lease: Lease;
  readonly before: Mirrored;
  /** When Caruna+ was last asked for the list, milliseconds since the epoch. */
  readonly listedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Name in `sync_state`, followed by the account: when the list was read of which no metering point matches `energy_hourly`. */
const NO_MATCH = "energy_hourly matches none listed at, account";
/** Days of `energy_hourly` that are compared with those of another metering point, before it is written there. */
const DAYS_COMPARED = 5;

/**
 * The primary metering point, which `energy_hourly` mirrors. Of the account that wrote it first, or whose METERING_POINT
 * is set: the one that is named; else the one that it was before; else the only one there is; else, in an original user's
 * table, the one whose hours are stored; else none, and the log says what to do.
 */
export class PrimaryPoint {
  readonly #wanted: string | undefined;
  readonly #logger: Logger;
  readonly #reported = new Set<string>();
  /** What came of the last comparison: it costs requests. */
  #refused: MeteringPointDiffers | undefined;

  constructor(wanted: string | undefined, logger: Logger) {
    this.#wanted = wanted;
    this.#logger = logger;
  }

  /**
   * Returns its id; undefined where this account writes nothing to `energy_hourly`. Throws `MeteringPointNotFound` where the
   * named one was never listed: one that was stays named, as a list may lack it for a day or its contract may have ended,
   * and the others go on. Throws `MeteringPointDiffers` where the table holds the hours of another meter.
   *
   * `readingsOf` asks Caruna+, and is called only where hours must be compared.
   */
  async choose(
    choice: PrimaryChoice,
    database: Database,
    readingsOf: ReadingsOf,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { known, lease, before, now } = choice;
    const { account } = lease;
    const own = known.filter((point) => point.account === account);
    const mirrored = known.find(({ id }) => id === before.meteringPointId);
    const isOthers = mirrored !== undefined && isLoadedByAnother(mirrored, account, now);
    if (this.#wanted !== undefined) {
      const point = this.named(known, account, now);
      if (point === undefined) return undefined;
      if (point.account !== account || point.id === before.meteringPointId) return point.id;
      if (isOthers && before.isConfigured && before.account === mirrored.account) {
        this.#report(
          `energy_hourly mirrors metering point ${mirrored.id} of another account, whose METERING_POINT names it: this account's ` +
            "hours are in metering_point_hourly alone",
        );
        return undefined;
      }
      return await this.#compared(point, before, database, readingsOf, signal);
    }
    if (isOthers) {
      this.#report(
        `energy_hourly mirrors metering point ${mirrored.id} of another account: this account's hours are in metering_point_hourly ` +
          "alone; METERING_POINT claims energy_hourly for one of its own",
      );
      return undefined;
    }
    if (own.some(({ id }) => id === before.meteringPointId)) return before.meteringPointId;
    const [only, ...others] = own;
    if (only === undefined) return undefined;
    // A table that mirrored another one is not given to whoever is left: a list may lack a metering point for a day.
    if (before.meteringPointId === undefined && others.length === 0) return only.id;
    const found = await this.#inTheTable(own, choice, database, readingsOf, signal);
    if (found === undefined)
      this.#report(
        `this account has ${own.length} metering points, and energy_hourly mirrors one: nothing is written to it until ` +
          `one of these lines stands in .env (the hours of all are in metering_point_hourly):\n${listed(own)}`,
      );
    return found;
  }

  /** The one that METERING_POINT names; undefined where another account loads it. Throws `MeteringPointNotFound`. */
  named(known: readonly KnownMeteringPoint[], account: string, now: number): KnownMeteringPoint | undefined {
    const wanted = this.#wanted ?? "";
    const own = known.filter((point) => point.account === account);
    const named = own.find((point) => isNamed(point, wanted)) ?? known.find((point) => isNamed(point, wanted));
    if (named === undefined) throw new MeteringPointNotFound(wanted, own);
    if (named.account === account) return named;
    if (isLoadedByAnother(named, account, now)) {
      this.#report(
        `another account of this database loads the metering point of METERING_POINT (${named.id}), and writes energy_hourly; ` +
          "this one takes it over when that one no longer lists it or has not run for two days",
      );
      return undefined;
    }
    this.#report(
      "Caruna+ does not list the metering point of METERING_POINT now: energy_hourly stays as it is until it does; where it " +
        "never will again, name another one",
    );
    return named;
  }

  /** Throws `MeteringPointDiffers` where most of the hours that both have differ; what cannot be compared proves nothing. */
  async #compared(
    point: KnownMeteringPoint,
    before: Mirrored,
    database: Database,
    readingsOf: ReadingsOf,
    signal: AbortSignal,
  ): Promise<string> {
    if (this.#refused?.isOf(point.id, before.meteringPointId) === true) throw this.#refused;
    let total: Comparison = { hours: 0, differing: 0 };
    for (const day of spread(await database.sync.daysOfEnergyHourly(signal), DAYS_COMPARED)) {
      const { startEpochMs, endEpochMs } = dayBounds(Temporal.PlainDate.from(day));
      const stored = await database.hoursBetween(startEpochMs, endEpochMs, signal);
      const readings = await readingsOf(point, Temporal.PlainDate.from(day)).catch(noneIfNotShown);
      const { hours, differing } = compareWithStored(stored, readings);
      total = { hours: total.hours + hours, differing: total.differing + differing };
    }
    if (!isOtherMeter(total)) return point.id;
    this.#refused = new MeteringPointDiffers(point, before.meteringPointId, total);
    throw this.#refused;
  }

  /** Compares once for each listing, whichever program of this account does: it costs requests, and an idle cycle has none. */
  async #inTheTable(
    points: readonly KnownMeteringPoint[],
    { lease, listedAt }: PrimaryChoice,
    database: Database,
    readingsOf: ReadingsOf,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const stored = await database.newestStoredHours(signal);
    const [newest] = stored;
    if (newest === undefined) return undefined;
    const name = `${NO_MATCH} ${lease.account}`;
    if ((await database.sync.remembered(name, signal)) === String(listedAt)) return undefined;
    const day = localDay(newest.startEpochMs);
    const compared = await Promise.all(
      points.map(async (point) => {
        const readings = await readingsOf(point, day).catch(noneIfNotShown);
        return { point, comparison: compareWithStored(stored, readings) };
      }),
    );
    // Two cottages that stand empty look alike.
    const [match, ...others] = compared.filter(({ comparison }) => isSameMeter(comparison));
    if (match === undefined || others.length > 0) {
      await database.sync.remember(lease, name, String(listedAt), signal);
      return undefined;
    }
    this.#logger.info(
      {},
      `energy_hourly holds the hours of ${day} of one metering point, and goes on with it:\n${listed([match.point])}`,
    );
    return match.point.id;
  }

  #report(message: string): void {
    if (this.#reported.has(message)) return;
    this.#reported.add(message);
    this.#logger.warn({}, message);
  }
}

/** For days that Caruna+ does not show of a metering point. */
function noneIfNotShown(error: unknown): readonly HourlyReading[] {
  const isNotShown = error instanceof AccessRefused || error instanceof AnswerNotUnderstood;
  if (isNotShown && !error.duringLogin) return [];
  throw error;
}

/** Some of a list, its first among them, at even distances. */
function spread<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, index) => items[Math.floor((index * (items.length - 1)) / (count - 1))],
  ).filter((item) => item !== undefined);
}
