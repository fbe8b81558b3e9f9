import { Temporal } from "temporal-polyfill";
import {
  AccessRefused,
  AnswerNotUnderstood,
  type CarunaClient,
  CarunaError,
  CarunaUnreachable,
  RateLimited,
} from "../../caruna/index.js";
import type { AccessRefusalRow, Database, Lease } from "../../database/index.js";
import { localDay } from "../../energy/index.js";
import { ZONE } from "../../shared/local-day.js";
import type { Logger } from "../../shared/logger.js";

const HOUR_MS = 3_600_000;
/** Pauses of a metering point that is refused; a cycle an hour asks some seconds after the full hour. */
const POINT_PAUSES_MS = [1, 6, 24, 7 * 24].map((hours) => hours * HOUR_MS - 5 * 60_000);
/** A time further ahead than this was written under a wrong clock. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Lists of a customer, or a metering point of it. */
interface Refusable {
  readonly customer: string;
  readonly meteringPoint: string | null;
}

/** Something that was refused just now. */
export interface Refused extends Refusable {
  readonly error: CarunaError;
  /** Whether nothing else was answered either: it may pass within the hour. */
  readonly isAlone?: boolean;
}

/** What Caruna+ refuses to show, from cycle to cycle and from program to program; its rows are those of one cycle. */
export class Refusals {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #logger: Logger;
  #rows: ReadonlyMap<string, AccessRefusalRow> = new Map();

  /** @param now milliseconds since the epoch. */
  constructor(database: Database, now: () => number, logger: Logger) {
    this.#database = database;
    this.#now = now;
    this.#logger = logger;
  }

  /** Reads what is remembered; what the log did not say today, it says. */
  async read(lease: Lease, signal: AbortSignal): Promise<void> {
    const rows = await this.#database.sync.refusals(lease.account, signal);
    this.#rows = new Map(rows.map((row) => [keyOf(row), row]));
    const today = localDay(this.#now()).toString();
    const unreported = rows.filter(({ reportedEpochMs }) => {
      return reportedEpochMs === null || localDay(reportedEpochMs).toString() !== today;
    });
    for (const row of unreported) this.#report(row);
    await this.#save(
      lease,
      unreported.map((row) => ({ ...row, reportedEpochMs: this.#now() })),
      signal,
    );
  }

  /** Customers whose lists are not asked for now. */
  get restingCustomers(): readonly AccessRefusalRow[] {
    return [...this.#rows.values()].filter((row) => row.meteringPoint === null && this.#rests(row));
  }

  /** Metering points whose energy is not asked for now. */
  get restingPoints(): readonly string[] {
    return [...this.#rows.values()].flatMap((row) => {
      return row.meteringPoint !== null && this.#rests(row) ? [row.meteringPoint] : [];
    });
  }

  /** How many customers are refused, resting or not. */
  get refusedCustomers(): number {
    return [...this.#rows.values()].filter(({ meteringPoint }) => meteringPoint === null).length;
  }

  /** Remembers what was refused and what was answered. */
  async note(
    lease: Lease,
    refused: readonly Refused[],
    answered: readonly Refusable[],
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.#now();
    const rows = refused.map((one): AccessRefusalRow => {
      const before = this.#rows.get(keyOf(one));
      const times = (before?.times ?? 0) + 1;
      return {
        customer: one.customer,
        meteringPoint: one.meteringPoint,
        times,
        status: statusOf(one.error),
        reason: one.error.message,
        sinceEpochMs: before?.sinceEpochMs ?? now,
        askedEpochMs: now,
        nextAskEpochMs: nextAsk(one, times, now),
        reportedEpochMs: now,
      };
    });
    for (const row of rows) if (!this.#rows.has(keyOf(row))) this.#report(row);
    const over = answered.flatMap((one) => {
      const row = this.#rows.get(keyOf(one));
      return row === undefined ? [] : [{ ...row, times: 0, askedEpochMs: now, nextAskEpochMs: now }];
    });
    for (const row of over) this.#logger.info(namesOf(row), "Caruna+ shows again what it refused");
    await this.#save(lease, [...rows, ...over], signal);
  }

  #rests({ nextAskEpochMs, askedEpochMs }: AccessRefusalRow): boolean {
    const now = this.#now();
    return nextAskEpochMs > now && askedEpochMs <= now + CLOCK_TOLERANCE_MS;
  }

  #report(row: AccessRefusalRow): void {
    const what = row.meteringPoint === null ? "a customer" : "a metering point";
    const since = localDay(row.sinceEpochMs).toString();
    const fields = { ...namesOf(row), since, nextAsk: new Date(row.nextAskEpochMs).toISOString(), problem: row.reason };
    this.#logger.warn(
      fields,
      `Caruna+ does not show ${what}: what it shows is loaded, and this is asked for again later`,
    );
  }

  async #save(lease: Lease, rows: readonly AccessRefusalRow[], signal: AbortSignal): Promise<void> {
    if (rows.length === 0) return;
    await this.#database.sync.saveRefusals(lease, rows, signal);
    const known = new Map(this.#rows);
    for (const row of rows) {
      if (row.times > 0) known.set(keyOf(row), row);
      else known.delete(keyOf(row));
    }
    this.#rows = known;
  }
}

/** An error of one customer or one metering point: the others are still worth asking for. */
export function isOfOneResource(error: unknown): error is CarunaError {
  if (!(error instanceof CarunaError) || error.duringLogin) return false;
  if (error instanceof CarunaUnreachable && error.isBeforeConnection) return false;
  return [AccessRefused, AnswerNotUnderstood, CarunaUnreachable].some((kind) => error instanceof kind);
}

/**
 * As `isOfOneResource`; or 429 without a time for which Caruna+ wants to be left alone, which may be of this resource alone.
 */
export function isOfOneCall(error: unknown, caruna: Pick<CarunaClient, "pausedUntilEpochMs">): error is CarunaError {
  const isLimit = error instanceof RateLimited && !error.duringLogin && caruna.pausedUntilEpochMs === undefined;
  return isLimit || isOfOneResource(error);
}

/** The status with which a call was answered; `null`: with none, or with 200. */
export function statusOf(error: CarunaError): number | null {
  if (error instanceof AccessRefused) return error.status;
  return error instanceof AnswerNotUnderstood ? (error.status ?? null) : null;
}

/** Whether a customer's metering points are not shown to this account any more, in place of not being shown now. */
export function isWithdrawn(status: number | null): boolean {
  return status === 403 || status === 404;
}

/**
 * Whether an answer only says that there is nothing: before its contract a metering point has no energy, and Caruna+ may say
 * so with a status.
 *
 * @param last last local day of the period that was asked for.
 * @param contractFrom first local day of the contract, where known.
 */
export function isNothingBeforeContract(
  error: unknown,
  last: Temporal.PlainDate,
  contractFrom: Temporal.PlainDate | null,
): boolean {
  if (contractFrom === null || Temporal.PlainDate.compare(last, contractFrom) >= 0) return false;
  return isRefusedOrUnknown(error);
}

/** 400, 403 or 404. */
export function isRefusedOrUnknown(error: unknown): boolean {
  const status = isOfOneResource(error) ? statusOf(error) : null;
  return status === 400 || status === 403 || status === 404;
}

/** Lists are asked for once a day: a refused one on the next local day, then in a week. */
function nextAsk({ meteringPoint, isAlone = false }: Refused, times: number, nowEpochMs: number): number {
  if (meteringPoint !== null)
    return nowEpochMs + (POINT_PAUSES_MS[Math.min(times, POINT_PAUSES_MS.length) - 1] ?? HOUR_MS);
  const count = isAlone ? times - 1 : times;
  if (count === 0) return nowEpochMs + (POINT_PAUSES_MS[0] ?? HOUR_MS);
  const day = localDay(nowEpochMs).add({ days: count === 1 ? 1 : 7 });
  return day.toZonedDateTime({ timeZone: ZONE, plainTime: new Temporal.PlainTime() }).epochMilliseconds;
}

/** A customer's number is not for a log. */
function namesOf({ customer, meteringPoint }: Refusable): object {
  return { customer: `…${customer.slice(-3)}`, ...(meteringPoint !== null && { meteringPoint }) };
}

function keyOf({ customer, meteringPoint }: Refusable): string {
  return JSON.stringify([customer, meteringPoint]);
}
