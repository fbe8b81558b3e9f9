import type { ConnectionPool, Session } from "./connection/connection-pool.js";
import { type DayOfYear, readDaysOfYear } from "./hours/days-of-year.js";
import { exportHours } from "./hours/export.js";
import type { StoredMeteredHour } from "./hours/metering-point-hourly.js";
import { readSeries, type SeriesQuery, type SeriesRow } from "./hours/series.js";
import { type KnownMeteringPoint, readMeteringPoints } from "./metering-points.js";
import { type AccessRefusalRow, readRefusals } from "./refusals.js";
import { type MeteringPointStatus, readStatus, type StatusQuery } from "./status.js";

/**
 * What is stored, for those who look at it while the engine works: it has connections of its own, so that nobody who looks
 * keeps the engine waiting. All methods throw subclasses of `DatabaseError`, or the reason of the signal.
 */
export class HistoryStore {
  readonly #pool: () => ConnectionPool;

  /** @param pool the connections as they are now. */
  constructor(pool: () => ConnectionPool) {
    this.#pool = pool;
  }

  /** Every metering point ever seen, by id. */
  async meteringPoints(signal?: AbortSignal): Promise<KnownMeteringPoint[]> {
    return await this.#read(readMeteringPoints, signal);
  }

  /** As `SyncStore.refusals` says, of all accounts. */
  async refusals(signal?: AbortSignal): Promise<AccessRefusalRow[]> {
    return await this.#read((session) => readRefusals(session, undefined), signal);
  }

  /** As `SyncStore.status` says. */
  async status(query: StatusQuery, signal?: AbortSignal): Promise<MeteringPointStatus[]> {
    return await this.#read((session) => readStatus(session, query), signal);
  }

  /**
   * Sums of the stored hours by local period, earliest first: every period from the first stored hour to the newest one, as
   * far as they lie within the days asked for; those without an hour too.
   */
  async series(query: SeriesQuery, signal?: AbortSignal): Promise<SeriesRow[]> {
    return await this.#read((session) => readSeries(session, query), signal);
  }

  /** Every local day of a year, earliest first. */
  async daysOfYear(meteringPointId: string, year: number, signal?: AbortSignal): Promise<DayOfYear[]> {
    return await this.#read((session) => readDaysOfYear(session, meteringPointId, year), signal);
  }

  /** As `SyncStore.exportHours` says. */
  exportHours(
    meteringPointId: string,
    fromDay: string | undefined,
    toDay: string | undefined,
    signal?: AbortSignal,
  ): AsyncGenerator<StoredMeteredHour[], void, undefined> {
    return exportHours(this.#pool(), { meteringPointId, fromDay, toDay }, signal);
  }

  /** In a transaction, for the rules that one begins with: without them PostgreSQL may spend more on a question than it takes. */
  async #read<Result>(work: (session: Session) => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    return await this.#pool().transaction(work, signal);
  }
}
