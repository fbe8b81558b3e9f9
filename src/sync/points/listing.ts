import { Temporal } from "temporal-polyfill";
import {
  AccessRefused,
  AnswerNotUnderstood,
  type CarunaClient,
  CarunaUnreachable,
  type Contract,
  type MeteringPoint,
} from "../../caruna/index.js";
import { type ClockProduct, clockProduct, dayBounds, localDay } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";

/** A metering point with what its contracts tell. */
export interface ListedMeteringPoint {
  readonly point: MeteringPoint;
  /** First and last local day of its contracts, where known; `null`: open. */
  readonly contractFrom: Temporal.PlainDate | null;
  readonly contractTo: Temporal.PlainDate | null;
}

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

  /** Asks for all metering points and their contracts anew. Throws the client's errors. */
  async read(signal: AbortSignal): Promise<ListedMeteringPoint[]> {
    this.#contracts.clear();
    const customerIds = await this.#wantedCustomers(signal);
    // The contracts beside the lists, not after them: the first hours of a newcomer come a round trip sooner.
    const [points, ...contracts] = await Promise.all([
      this.#caruna.meteringPoints({ signal }),
      ...customerIds.map(async (customerId) => await this.#contractsIfReachable(customerId, signal)),
    ]);
    const contractsOf = new Map(customerIds.map((customerId, index) => [customerId, contracts[index] ?? []]));
    return points.flatMap((point) => {
      const ofCustomer = contractsOf.get(point.customerId);
      if (ofCustomer === undefined) return [];
      const ofPoint = ofCustomer.filter(({ assetId }) => assetId === point.assetId);
      return [{ point, contractFrom: earliest(ofPoint), contractTo: latest(ofPoint) }];
    });
  }

  /**
   * The product by the clock that is in force at an instant. Asks for the contracts only where it does not know them; out of
   * reach for a moment, they are an error: the product of today would be a guess for an hour of another year.
   */
  async productOf(point: Pick<MeteringPoint, "customerId" | "assetId" | "productDescription">, signal: AbortSignal) {
    const contracts = (await this.#contractsOf(point.customerId, signal)).filter(
      ({ assetId }) => assetId === point.assetId,
    );
    return (startEpochMs: number): ClockProduct | undefined => {
      const inForce = contracts.find((contract) => covers(contract, startEpochMs));
      return clockProduct(inForce?.productDescription ?? point.productDescription);
    };
  }

  async #wantedCustomers(signal: AbortSignal): Promise<string[]> {
    const seen = await this.#caruna.customerNumbers({ signal });
    if (this.#customers === "all") return seen;
    const wanted = this.#customers === "own" ? await this.#caruna.ownCustomerNumbers({ signal }) : this.#customers;
    return seen.filter((customerId) => wanted.includes(customerId));
  }

  /** The list itself needs no contracts: without them history goes by the hours alone. */
  async #contractsIfReachable(customerId: string, signal: AbortSignal): Promise<readonly Contract[]> {
    return await this.#contractsOf(customerId, signal).catch((error: unknown) => {
      if (!(error instanceof CarunaUnreachable) || error.duringLogin || signal.aborted) throw error;
      this.#logger.warn({ problem: error.message }, "the contracts are not to be had; going on without them");
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
        this.#logger.warn({ problem: error.message }, "the contracts are not to be had; going on without them");
        return [];
      }
      this.#contracts.delete(customerId);
      throw error;
    });
    this.#contracts.set(customerId, asked);
    return asked;
  }
}

function covers(contract: Contract, epochMs: number): boolean {
  const from = instant(contract.startDate) ?? Number.NEGATIVE_INFINITY;
  const to = instant(contract.endDate) ?? Number.POSITIVE_INFINITY;
  return from <= epochMs && epochMs <= to;
}

function earliest(contracts: readonly Contract[]): Temporal.PlainDate | null {
  const starts = contracts.map(({ startDate }) => instant(startDate));
  if (starts.length === 0) return null;
  const known = starts.filter((start) => start !== undefined);
  return known.length === starts.length ? localDay(Math.min(...known)) : null;
}

function latest(contracts: readonly Contract[]): Temporal.PlainDate | null {
  const ends = contracts.map(({ endDate }) => instant(endDate));
  const known = ends.filter((end) => end !== undefined);
  return ends.length > 0 && known.length === ends.length ? localDay(Math.max(...known)) : null;
}

/** Milliseconds since the epoch of a contract's date; undefined for none and for the year 9999, which means open. */
function instant(date: string | null): number | undefined {
  if (date === null || date.startsWith("9999")) return undefined;
  const epochMs = Date.parse(date);
  if (Number.isNaN(epochMs)) return undefined;
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? dayBounds(Temporal.PlainDate.from(date)).startEpochMs : epochMs;
}
