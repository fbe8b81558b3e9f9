import { Temporal } from "temporal-polyfill";
import {
  AccessRefused,
  AnswerNotUnderstood,
  type CarunaClient,
  type CarunaError,
  CarunaUnreachable,
  type Contract,
  type MeteringPoint,
} from "../../caruna/index.js";
import { type ClockProduct, clockProduct, dayBounds, localDay } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";
import { each } from "../each.js";
import { isOfOneCall, isWithdrawn, statusOf } from "./refusals.js";

/** A metering point with what its contracts tell. */
export interface ListedMeteringPoint {
  readonly point: MeteringPoint;
  /** First and last local day of its contracts, where known; `null`: open. */
  readonly contractFrom: Temporal.PlainDate | null;
  readonly contractTo: Temporal.PlainDate | null;
}

/** A customer whose lists could not be fetched. */
export interface FailedCustomer {
  readonly customer: string;
  readonly error: CarunaError;
}

/** What the lists of the customers say. */
export interface ListedByCustomer {
  readonly points: readonly ListedMeteringPoint[];
  /** Customers whose metering points are in the list. */
  readonly answered: readonly string[];
  readonly failed: readonly FailedCustomer[];
  /** Customers that may have more metering points than are listed, without having been refused. */
  readonly incomplete: readonly string[];
  /** Those of the resting customers that the settings select. */
  readonly rested: readonly string[];
}

interface CustomerList {
  readonly points: readonly ListedMeteringPoint[];
  /** Why neither of its lists could be fetched. */
  readonly error: CarunaError | undefined;
  readonly isIncomplete: boolean;
}

const CUSTOMERS_AT_ONCE = 4;

/** Which customers' metering points are loaded. */
export type Customers = "all" | "own" | readonly string[];

/** The metering points of the account and their contracts, as Caruna+ lists them. */
export class Listing {
  readonly #caruna: CarunaClient;
  readonly #customers: Customers;
  readonly #logger: Logger;
  readonly #contracts = new Map<string, Promise<readonly Contract[]>>();

  constructor(caruna: CarunaClient, customers: Customers, logger: Logger) {
    this.#caruna = caruna;
    this.#customers = customers;
    this.#logger = logger;
  }

  /** Asks for all metering points and their contracts again. Throws the client's errors; those of one customer where none answered. */
  async read(signal: AbortSignal): Promise<readonly ListedMeteringPoint[]> {
    const { points, answered, failed } = await this.readByCustomer([], signal);
    const [first] = failed;
    if (first !== undefined && answered.length === 0) throw first.error;
    for (const { error } of failed)
      this.#logger.warn({ problem: error.message }, "Caruna+ does not show one of the customers: it is left out");
    return points;
  }

  /**
   * As `read`, customer by customer: what one of them answers says nothing of the others.
   *
   * @param resting customers that are not to be asked now.
   */
  async readByCustomer(resting: readonly string[], signal: AbortSignal): Promise<ListedByCustomer> {
    this.#contracts.clear();
    const wanted = await this.customers(signal);
    const asked = wanted.filter((customer) => !resting.includes(customer));
    const lists = new Map<string, CustomerList>();
    await each(
      asked,
      CUSTOMERS_AT_ONCE,
      async (customer, running) => void lists.set(customer, await this.#readCustomer(customer, running)),
      signal,
    );
    const points = new Map<string, ListedMeteringPoint>();
    const answered: string[] = [];
    const failed: FailedCustomer[] = [];
    const incomplete: string[] = [];
    for (const customer of asked) {
      const list = lists.get(customer);
      if (list === undefined) continue;
      if (list.error !== undefined) failed.push({ customer, error: list.error });
      else answered.push(customer);
      if (list.isIncomplete) incomplete.push(customer);
      for (const listed of list.points) if (!points.has(listed.point.assetId)) points.set(listed.point.assetId, listed);
    }
    const rested = wanted.filter((customer) => resting.includes(customer));
    return { points: [...points.values()], answered, failed, incomplete, rested };
  }

  async #readCustomer(customer: string, signal: AbortSignal): Promise<CustomerList> {
    // The contracts beside the lists, not after them: the first hours of a newcomer come a round trip sooner.
    const [list, contracts] = await Promise.all([
      this.#caruna.listMeteringPoints(customer, { signal }).catch((error: unknown) => {
        if (signal.aborted || !isOfOneCall(error, this.#caruna)) throw error;
        return error;
      }),
      this.#contractsIfReachable(customer, signal),
    ]);
    if (list instanceof Error) return { points: [], error: list, isIncomplete: !isWithdrawn(statusOf(list)) };
    const points = list.meteringPoints.map((point) => {
      const ofPoint = contractsOfPoint(contracts, point.assetId);
      return { point, contractFrom: earliest(ofPoint), contractTo: latest(ofPoint) };
    });
    return { points, error: undefined, isIncomplete: list.failed.some((error) => !isWithdrawn(statusOf(error))) };
  }

  /** Numbers of the customers that the settings select, of those that the account may see. */
  async customers(signal: AbortSignal): Promise<string[]> {
    const seen = await this.#caruna.customerNumbers({ signal });
    if (this.#customers === "all") return seen;
    const wanted = this.#customers === "own" ? await this.#caruna.ownCustomerNumbers({ signal }) : this.#customers;
    return seen.filter((customerId) => wanted.includes(customerId));
  }

  /**
   * The product by the clock that is in force at an instant. Asks for the contracts only where it does not know them; out of
   * reach for a moment, they are an error: the product of today would be a guess for an hour of another year.
   */
  async productOf(point: Pick<MeteringPoint, "customerId" | "assetId" | "productDescription">, signal: AbortSignal) {
    const contracts = contractsOfPoint(await this.#contractsOf(point.customerId, signal), point.assetId);
    return (startEpochMs: number): ClockProduct | undefined => {
      const inForce = contracts.find((contract) => covers(contract, startEpochMs));
      return clockProduct(inForce?.productDescription ?? point.productDescription);
    };
  }

  /** The list itself needs no contracts: without them history goes by the hours alone. */
  async #contractsIfReachable(customerId: string, signal: AbortSignal): Promise<readonly Contract[]> {
    return await this.#contractsOf(customerId, signal).catch((error: unknown) => {
      const isUnreachable = error instanceof CarunaUnreachable && !error.duringLogin;
      if (signal.aborted || !(isUnreachable || isOfOneCall(error, this.#caruna))) throw error;
      this.#logger.warn({ problem: error.message }, "the contracts could not be fetched; going on without them");
      return [];
    });
  }

  /** Contracts are a help, not a condition: where Caruna+ has none to show, splits go by today's product. */
  #contractsOf(customerId: string, signal: AbortSignal): Promise<readonly Contract[]> {
    const known = this.#contracts.get(customerId);
    if (known !== undefined) return known;
    const asked = this.#caruna.contracts({ customer: customerId, signal }).catch((error: unknown) => {
      if (signal.aborted) {
        // That the one who asked has gone tells nothing of the contracts.
        this.#contracts.delete(customerId);
        throw signal.reason;
      }
      const mayDoWithout = error instanceof AccessRefused || error instanceof AnswerNotUnderstood;
      if (mayDoWithout && !error.duringLogin) {
        this.#logger.warn({ problem: error.message }, "the contracts could not be fetched; going on without them");
        return [];
      }
      this.#contracts.delete(customerId);
      throw error;
    });
    this.#contracts.set(customerId, asked);
    return asked;
  }
}

const METERING_POINT_CONTRACT = "energyDeliveringContract";

/** The contracts of a metering point, those of energy delivery first, of these the newest first. */
function contractsOfPoint(contracts: readonly Contract[], assetId: string): readonly Contract[] {
  const rank = ({ type }: Contract) => (type === METERING_POINT_CONTRACT ? 0 : 1);
  const start = ({ startDate }: Contract) => startOf(startDate) ?? Number.NEGATIVE_INFINITY;
  return contracts
    .filter((contract) => contract.assetId === assetId)
    .sort((one, other) => rank(one) - rank(other) || Math.sign(start(other) - start(one) || 0));
}

/** Those that say from when to when a metering point has hours: another kind of contract says so only where it is alone. */
function deciding(contracts: readonly Contract[]): readonly Contract[] {
  const delivering = contracts.filter(({ type }) => type === METERING_POINT_CONTRACT);
  return delivering.length > 0 ? delivering : contracts;
}

function covers(contract: Contract, epochMs: number): boolean {
  const from = startOf(contract.startDate) ?? Number.NEGATIVE_INFINITY;
  const to = endOf(contract.endDate) ?? Number.POSITIVE_INFINITY;
  return from <= epochMs && epochMs <= to;
}

function earliest(contracts: readonly Contract[]): Temporal.PlainDate | null {
  const starts = deciding(contracts).map(({ startDate }) => startOf(startDate));
  if (starts.length === 0) return null;
  const known = starts.filter((start) => start !== undefined);
  return known.length === starts.length ? localDay(Math.min(...known)) : null;
}

function latest(contracts: readonly Contract[]): Temporal.PlainDate | null {
  const ends = deciding(contracts).map(({ endDate }) => endOf(endDate));
  const known = ends.filter((end) => end !== undefined);
  return ends.length > 0 && known.length === ends.length ? localDay(Math.max(...known)) : null;
}

function startOf(date: string | null): number | undefined {
  return instant(date, ({ startEpochMs }) => startEpochMs);
}

/** The last instant of a contract; an end without a time includes that day. */
function endOf(date: string | null): number | undefined {
  return instant(date, ({ endEpochMs }) => endEpochMs - 1);
}

/** Milliseconds since the epoch of a contract's date; undefined for none and for the year 9999, which means open. */
function instant(
  date: string | null,
  ofDay: (bounds: { readonly startEpochMs: number; readonly endEpochMs: number }) => number,
): number | undefined {
  if (date === null || date.startsWith("9999")) return undefined;
  const epochMs = Date.parse(date);
  if (Number.isNaN(epochMs)) return undefined;
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? ofDay(dayBounds(Temporal.PlainDate.from(date))) : epochMs;
}
