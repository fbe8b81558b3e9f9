import { Temporal } from "temporal-polyfill";
import {
  AnswerNotUnderstood,
  type CarunaClient,
  CarunaError,
  CarunaUnreachable,
  type MeteringPoint,
} from "../caruna/index.js";
import type { Database, HourChange, UpsertCounts } from "../database/index.js";
import { type HourlyReading, lastDays, localDay, readingsOfDay } from "../energy/index.js";
import type { Logger } from "../logger.js";
import { each } from "./each.js";
import { listed, meteringPointOfStoredHours, NoMeteringPoint, namedMeteringPoint } from "./metering-point.js";

/** Requests to Caruna+ that are under way at one time. */
const REQUESTS_AT_ONCE = 4;
/** Rows that are gathered before they are written, so that years of days stay out of memory. */
const ROWS_A_BATCH = 2000;

export interface SyncOptions {
  readonly caruna: CarunaClient;
  readonly database: Database;
  /** Asset id or GSRN of the metering point that `energy_hourly` follows; undefined: the one there is, or that it already follows. */
  readonly meteringPoint: string | undefined;
  /** How many local days up to yesterday a cycle loads. */
  readonly daysToLoad: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** What a cycle did. */
export interface SyncResult extends UpsertCounts {
  /** Local days asked for. */
  readonly days: number;
  /** Hours of those days that Caruna+ has not published yet. */
  readonly unpublished: number;
}

/** Some days could not be loaded; all others were. */
export class DaysFailed extends Error {
  override readonly name = "DaysFailed";

  constructor(failed: readonly { day: string; reason: string }[], asked: number) {
    const [first] = failed;
    super(
      `${failed.length} of ${asked} days could not be loaded (${failed
        .map(({ day }) => day)
        .slice(0, 5)
        .join(", ")}` + `${failed.length > 5 ? ", …" : ""}); the others were. ${first?.reason ?? ""}`,
    );
  }
}

/** Brings hours from Caruna+ into `energy_hourly`. */
export class Sync {
  readonly #options: SyncOptions;
  readonly #namesWarnedOf = new Set<string>();
  #followed: string | undefined;

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#followed = options.meteringPoint;
  }

  /**
   * One cycle: the last `daysToLoad` local days up to yesterday. The database is reached before Caruna+ is asked for
   * anything. Throws what the client and the database throw, `MeteringPointNotFound`, `NoMeteringPoint`, `DaysFailed`.
   */
  async cycle(signal: AbortSignal): Promise<SyncResult> {
    return await this.load(lastDays(this.#options.now(), this.#options.daysToLoad), signal);
  }

  /** Loads those local days of Europe/Helsinki, however old. Throws as `cycle` does. */
  async load(days: readonly Temporal.PlainDate[], signal: AbortSignal): Promise<SyncResult> {
    await this.#options.database.check(signal);
    const point = await this.#meteringPoint(signal);
    if (point === undefined) return { days: 0, unpublished: 0, inserted: 0, changed: 0, unchanged: 0 };
    const result = await this.#loadDays(point, days, signal);
    this.#options.logger.info({ ...result }, summary(result));
    return result;
  }

  async #meteringPoint(signal: AbortSignal): Promise<MeteringPoint | undefined> {
    const points = await this.#options.caruna.meteringPoints(signal);
    if (points.length === 0) throw new NoMeteringPoint();
    if (this.#followed !== undefined) return namedMeteringPoint(points, this.#followed);
    const [only, ...others] = points;
    const point = others.length === 0 ? only : await this.#pointInTheTable(points, signal);
    if (point === undefined) {
      this.#options.logger.warn(
        {},
        `this account has ${points.length} metering points, and energy_hourly follows one: nothing is written to it until ` +
          `one of these lines stands in .env:\n${listed(points)}`,
      );
    }
    return point;
  }

  /** An original user's table holds one meter's hours: the newest stored day tells whose. */
  async #pointInTheTable(points: readonly MeteringPoint[], signal: AbortSignal): Promise<MeteringPoint | undefined> {
    const stored = await this.#options.database.newestStoredHours(signal);
    const [newest] = stored;
    if (newest === undefined) return undefined;
    const day = localDay(newest.startEpochMs);
    const candidates: { point: MeteringPoint; readings: readonly HourlyReading[] }[] = [];
    await each(
      points,
      REQUESTS_AT_ONCE,
      async (point, either) => {
        candidates.push({ point, readings: (await this.#readingsOf(point, day, either)).readings });
      },
      signal,
    );
    const point = meteringPointOfStoredHours(stored, candidates);
    if (point === undefined) return undefined;
    this.#followed = point.assetId;
    this.#options.logger.info(
      {},
      `energy_hourly holds the hours of ${day} of one metering point, and goes on with it:\n${listed([point])}`,
    );
    return point;
  }

  async #loadDays(point: MeteringPoint, days: readonly Temporal.PlainDate[], signal: AbortSignal): Promise<SyncResult> {
    const { database, logger } = this.#options;
    const totals = { days: days.length, unpublished: 0, inserted: 0, changed: 0, unchanged: 0 };
    const failed: { day: string; reason: string }[] = [];
    let waiting: HourlyReading[] = [];
    const write = async () => {
      const batch = waiting;
      waiting = [];
      const counts = await database.upsertEnergyHourly(batch, signal);
      this.#logChanges(counts.changes);
      totals.inserted += counts.inserted;
      totals.changed += counts.changed;
      totals.unchanged += counts.unchanged;
    };
    const loadDay = async (day: Temporal.PlainDate, either: AbortSignal) => {
      try {
        const { readings, unpublished } = await this.#readingsOf(point, day, either);
        totals.unpublished += unpublished;
        waiting.push(...readings);
      } catch (error) {
        if (!isOfOneDay(error)) throw error;
        logger.warn({ day: day.toString(), problem: error.message }, "a day could not be loaded");
        failed.push({ day: day.toString(), reason: error.message });
      }
      if (waiting.length >= ROWS_A_BATCH) await write();
    };
    await each(days, REQUESTS_AT_ONCE, loadDay, signal);
    await write();
    if (failed.length > 0) throw new DaysFailed(failed, days.length);
    return totals;
  }

  /** A value that Caruna+ revised is never replaced silently. */
  #logChanges(changes: readonly HourChange[]): void {
    for (const { startEpochMs, before, after } of changes) {
      const hour = Temporal.Instant.fromEpochMilliseconds(startEpochMs).toString();
      this.#options.logger.info({ hour, before, after }, "an hour has other values than before");
    }
  }

  async #readingsOf(point: MeteringPoint, day: Temporal.PlainDate, signal: AbortSignal) {
    const { logger, caruna } = this.#options;
    const query = { meteringPoint: point, timespan: "daily", year: day.year, month: day.month, day: day.day } as const;
    const { rows, unreadable } = await caruna.energy(query, signal);
    const readings = readingsOfDay(rows, day);
    const problems = [...unreadable, ...readings.problems];
    if (problems.length > 0)
      logger.warn(
        { day: day.toString(), rows: problems.length, problems: problems.slice(0, 5) },
        "rows that could not be used",
      );
    for (const name of readings.unknownParts) this.#warnOnceOf(name);
    return readings;
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

/** An error that concerns one day alone, so that the other days are still worth asking for. */
function isOfOneDay(error: unknown): error is CarunaError {
  if (!(error instanceof CarunaError) || error.duringLogin) return false;
  return error instanceof CarunaUnreachable || error instanceof AnswerNotUnderstood;
}

function summary(result: SyncResult): string {
  const hours = `${result.inserted} hours new, ${result.changed} changed, ${result.unchanged} unchanged`;
  const missing = result.unpublished === 0 ? "" : `, ${result.unpublished} not published yet`;
  return `${result.days} days loaded: ${hours}${missing}`;
}
