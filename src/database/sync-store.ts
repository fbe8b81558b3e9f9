import { type AccountIdentity, type KnownAccount, type KnownAccounts, noteRun } from "./accounts.js";
import type { ConnectionPool, Session } from "./connection/connection-pool.js";
import { readDaysOfEnergyHourly } from "./hours/energy-hourly.js";
import { exportHours } from "./hours/export.js";
import { type Followed, follow, type Mirrored, readFollowed, readMirrored } from "./hours/follow.js";
import { type FollowedDifference, readFollowedDifferences } from "./hours/followed-differences.js";
import {
  compareMeteredHours,
  type HourDifference,
  readMeteredHours,
  type StoredMeteredHour,
} from "./hours/metering-point-hourly.js";
import { ALL_HOURS, mirrorHours } from "./hours/mirror.js";
import { type Batch, type StoreResult, storeReadings } from "./hours/store-readings.js";
import { type Switched, switchMirror } from "./hours/switch.js";
import {
  acquireLease,
  type Lease,
  type LeaseHeld,
  type LeaseRequest,
  releaseLease,
  renewLease,
  underLease,
} from "./lease.js";
import {
  type KnownMeteringPoint,
  readMeteringPoints,
  readStoredEnds,
  type SeenMeteringPoint,
  type StoredEnds,
  writeMeteringPoints,
} from "./metering-points.js";
import {
  type DueQuery,
  type PeriodQuery,
  type PeriodRow,
  readDaysNeverAsked,
  readDuePeriods,
  readPeriods,
  readSumsByDay,
  readSumsByMonth,
  type StoredSumRow,
  writePeriods,
} from "./periods.js";
import { type AccessRefusalRow, readRefusals, writeRefusals } from "./refusals.js";
import { findOriginalsLastTable } from "./schema/inspect.js";
import { type MeteringPointStatus, readStatus, type StatusQuery } from "./status.js";
import { readState, writeState } from "./sync-state.js";

/**
 * What the engine keeps in the database: metering points, their hours, what is due, and the lease under which all of it
 * is written. All methods throw subclasses of `DatabaseError`, or the reason of the signal; those that take a lease make
 * sure of it in their own transaction, and throw `LeaseLost` before they write anything where it is not in force.
 */
export class SyncStore {
  readonly #pool: () => ConnectionPool;

  /** @param pool the connections as they are now. */
  constructor(pool: () => ConnectionPool) {
    this.#pool = pool;
  }

  /** The row of an account, which is added where there is none; outside any lease. */
  async account(identity: AccountIdentity, signal?: AbortSignal): Promise<KnownAccount> {
    return await identity.find(this.#pool(), signal);
  }

  /** Looks for the row of an account, and adds none. */
  async lookForAccount(identity: AccountIdentity, signal?: AbortSignal): Promise<KnownAccounts> {
    return await this.#pool().use((session) => identity.look(session), signal);
  }

  /** Whether the table of the Python program's last version is there; see `ORIGINALS_LAST_TABLE`. */
  async hasOriginalsLastTable(signal?: AbortSignal): Promise<boolean> {
    return await this.#pool().use(findOriginalsLastTable, signal);
  }

  /** Remembers that the lease's account runs. */
  async noteRun(lease: Lease, nowEpochMs: number, signal?: AbortSignal): Promise<void> {
    await noteRun(this.#pool(), lease, nowEpochMs, signal);
  }

  /**
   * Takes the right to write an account's metering points for three minutes: where nobody has it, where its holder has not
   * renewed it, or where it is this owner's own; and never while a program of version 0.1.0 writes.
   */
  async acquireLease(request: LeaseRequest, signal?: AbortSignal): Promise<Lease | LeaseHeld> {
    return await acquireLease(this.#pool(), request, signal);
  }

  /** For three minutes from now on. @throws {LeaseLost} where another program has taken over. */
  async renewLease(lease: Lease, signal?: AbortSignal): Promise<void> {
    await renewLease(this.#pool(), lease, signal);
  }

  /** Lets the next program write at once; does nothing where the lease is lost already. */
  async releaseLease(lease: Lease, signal?: AbortSignal): Promise<void> {
    await releaseLease(this.#pool(), lease, signal);
  }

  /**
   * Remembers the metering points that Caruna+ lists now to the lease's account, which loads them from now on; what another
   * account loads is left to it, unless that one has not run for two days. One is known by its asset id, or by GSRN and kind
   * where its asset id of before is listed no more, and keeps its id. One that moved to another customer keeps its hours; what
   * Caruna+ leaves out this time stays as it was known; one that it does not list any more stays, and is loaded by nobody.
   */
  async seeMeteringPoints(
    lease: Lease,
    points: readonly SeenMeteringPoint[],
    nowEpochMs: number,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#write(lease, (session) => writeMeteringPoints(session, lease.account, points, nowEpochMs), signal);
  }

  /** Every metering point ever seen, by id. */
  async meteringPoints(signal?: AbortSignal): Promise<KnownMeteringPoint[]> {
    return await this.#pool().use(readMeteringPoints, signal);
  }

  /** The first and the newest stored hour of those metering points, by id: a statement for each, so not for every cycle. */
  async storedEnds(meteringPointIds: readonly string[], signal?: AbortSignal): Promise<Map<string, StoredEnds>> {
    return await this.#pool().use((session) => readStoredEnds(session, meteringPointIds), signal);
  }

  /**
   * Stores hours of any number of metering points and days, and what is remembered of them, in one transaction: meant for
   * up to a few thousand hours.
   *
   * A `null` never overwrites a value. An hour that is stored just so is not written again, and keeps its `updated_at`.
   * A split by the calendar gives way to Caruna+'s parts, and takes their place only with another total.
   */
  async storeReadings(lease: Lease, batch: Batch, signal?: AbortSignal): Promise<StoreResult> {
    return await this.#write(lease, (session) => storeReadings(session, batch), signal);
  }

  /** The stored hours of a metering point that begin at or after `startEpochMs` and before `endEpochMs`, earliest first. */
  async hoursOf(
    meteringPointId: string,
    startEpochMs: number,
    endEpochMs: number,
    signal?: AbortSignal,
  ): Promise<StoredMeteredHour[]> {
    const read = (session: Session) => readMeteredHours(session, meteringPointId, startEpochMs, endEpochMs);
    return await this.#pool().use(read, signal);
  }

  /**
   * How the stored hours of a metering point that begin at or after `startEpochMs` and before `endEpochMs` differ from those
   * that Caruna+ shows, earliest first: what storing these would write, and what is stored and not shown.
   */
  async hoursThatDiffer(
    meteringPointId: string,
    startEpochMs: number,
    endEpochMs: number,
    shown: readonly StoredMeteredHour[],
    signal?: AbortSignal,
  ): Promise<HourDifference[]> {
    const compare = (session: Session) =>
      compareMeteredHours(session, meteringPointId, startEpochMs, endEpochMs, shown);
    return await this.#pool().use(compare, signal);
  }

  /**
   * All stored hours of a metering point in pages of a few thousand, earliest first, for whoever writes them to a file: the
   * memory it takes does not grow with their number, and no connection is held while a slow reader takes its time. Hours
   * that are written meanwhile may be in it or not.
   *
   * @param fromDay first local day (Europe/Helsinki), e.g. "2026-11-01"; undefined: from the first hour there is.
   * @param toDay last local day, included; undefined: to the last hour there is.
   */
  exportHours(
    meteringPointId: string,
    fromDay: string | undefined,
    toDay: string | undefined,
    signal?: AbortSignal,
  ): AsyncIterable<StoredMeteredHour[]> {
    return exportHours(this.#pool(), { meteringPointId, fromDay, toDay }, signal);
  }

  /**
   * Sums of the stored hours by local day (Europe/Helsinki), earliest first, without the days that have none.
   *
   * @param fromDay first day, e.g. "2026-11-01".
   * @param toDay last day, included.
   */
  async sumsByDay(
    meteringPointId: string,
    fromDay: string,
    toDay: string,
    signal?: AbortSignal,
  ): Promise<StoredSumRow[]> {
    return await this.#pool().use((session) => readSumsByDay(session, meteringPointId, fromDay, toDay), signal);
  }

  /** Sums of the stored hours by local month of a year, earliest first, without the months that have none. */
  async sumsByMonth(meteringPointId: string, year: number, signal?: AbortSignal): Promise<StoredSumRow[]> {
    const read = (session: Session) => readSumsByMonth(session, meteringPointId, `${year}-01-01`, `${year}-12-31`);
    return await this.#pool().use(read, signal);
  }

  /**
   * Periods of those metering points that are due, those that were asked for in the future by a wrong clock among them:
   * what is no history first, then days, months, years, each newest first.
   */
  async duePeriods(query: DueQuery, signal?: AbortSignal): Promise<PeriodRow[]> {
    return await this.#pool().use((session) => readDuePeriods(session, query), signal);
  }

  /** What is remembered of the periods of those metering points, by metering point, earliest first. */
  async periods(query: PeriodQuery, signal?: AbortSignal): Promise<PeriodRow[]> {
    return await this.#pool().use((session) => readPeriods(session, query), signal);
  }

  /** Those of some local days, both included, of which nothing is remembered; earliest first. */
  async daysNeverAsked(
    meteringPointId: string,
    fromDay: string,
    toDay: string,
    signal?: AbortSignal,
  ): Promise<string[]> {
    return await this.#pool().use((session) => readDaysNeverAsked(session, meteringPointId, fromDay, toDay), signal);
  }

  /** Remembers periods as they are given. Of two rows of one period the later counts. */
  async savePeriods(lease: Lease, rows: readonly PeriodRow[], signal?: AbortSignal): Promise<void> {
    await this.#write(lease, (session) => writePeriods(session, rows), signal);
  }

  /**
   * Has `energy_hourly` follow a metering point from now on. Where it followed another or none, the stored hours are
   * copied into it by one statement: over those of another metering point, as readings into rows of unknown origin.
   * Hours that the new one does not have stay.
   */
  async followMeteringPoint(
    lease: Lease,
    meteringPointId: string,
    isConfigured: boolean,
    signal?: AbortSignal,
  ): Promise<Followed> {
    const claim = { account: lease.account, isConfigured };
    return await this.#write(lease, (session) => follow(session, meteringPointId, claim), signal);
  }

  /**
   * Has `energy_hourly` mirror another metering point from now on, and that one alone: its rows are copied to a table whose
   * name says what they are, and removed, in the same transaction.
   *
   * @param today local day, e.g. "2026-11-28".
   * @throws {DatabaseRightsMissing} where the role may not make that table or remove rows.
   */
  async switchMeteringPoint(
    lease: Lease,
    { meteringPointId, isConfigured }: { readonly meteringPointId: string; readonly isConfigured: boolean },
    today: string,
    signal?: AbortSignal,
  ): Promise<Switched> {
    const claim = { account: lease.account, isConfigured };
    return await this.#write(lease, (session) => switchMirror(session, meteringPointId, claim, today), signal);
  }

  /** The metering point that `energy_hourly` mirrors, and who claimed the table. */
  async mirrored(signal?: AbortSignal): Promise<Mirrored> {
    return await this.#pool().use(readMirrored, signal);
  }

  /** Local days (Europe/Helsinki) of which `energy_hourly` has a total, newest first, e.g. "2026-11-01". */
  async daysOfEnergyHourly(signal?: AbortSignal): Promise<string[]> {
    return await this.#pool().use(readDaysOfEnergyHourly, signal);
  }

  /**
   * Puts back what somebody else has taken out of `energy_hourly` or changed there: the hours of the metering point that it
   * follows, as they are stored. Returns how many were written; rows that are no hour of it stay.
   */
  async mendFollowed(lease: Lease, meteringPointId: string, signal?: AbortSignal): Promise<number> {
    return await this.#write(lease, (session) => mirrorHours(session, meteringPointId, ALL_HOURS), signal);
  }

  /** The metering point that `energy_hourly` follows; undefined where none was chosen yet. */
  async followedMeteringPoint(signal?: AbortSignal): Promise<string | undefined> {
    return await this.#pool().use(readFollowed, signal);
  }

  /**
   * The local days on which `energy_hourly` differs from the hours of the metering point that it follows, earliest first;
   * of the hours that begin at or after `startEpochMs` and before `endEpochMs`.
   */
  async followedDifferences(
    meteringPointId: string,
    startEpochMs: number,
    endEpochMs: number,
    signal?: AbortSignal,
  ): Promise<FollowedDifference[]> {
    const read = (session: Session) => readFollowedDifferences(session, meteringPointId, startEpochMs, endEpochMs);
    return await this.#pool().use(read, signal);
  }

  /** What Caruna+ refuses to show now to an account, or to any: customers, metering points. */
  async refusals(account: string | undefined, signal?: AbortSignal): Promise<AccessRefusalRow[]> {
    return await this.#pool().use((session) => readRefusals(session, account), signal);
  }

  /** Remembers refusals of the account of the lease as they are given; of one customer and metering point at most one. */
  async saveRefusals(lease: Lease, rows: readonly AccessRefusalRow[], signal?: AbortSignal): Promise<void> {
    await this.#write(lease, (session) => writeRefusals(session, lease.account, rows), signal);
  }

  /** What there is of every metering point ever seen, by id, with the sums of some local days. */
  async status(query: StatusQuery, signal?: AbortSignal): Promise<MeteringPointStatus[]> {
    return await this.#pool().use((session) => readStatus(session, query), signal);
  }

  /** What was remembered under a name; undefined where nothing was. */
  async remembered(name: string, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#pool().use((session) => readState(session, name), signal);
  }

  /** Remembers a value under a name, for what belongs to no period. */
  async remember(lease: Lease, name: string, value: string, signal?: AbortSignal): Promise<void> {
    await this.#write(lease, (session) => writeState(session, name, value), signal);
  }

  async #write<Result>(
    lease: Lease,
    work: (session: Session) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    return await underLease(this.#pool(), lease, work, signal);
  }
}
