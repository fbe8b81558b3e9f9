import type { Temporal } from "temporal-polyfill";
import type { MeteringPoint } from "../caruna/index.js";
import type { Database } from "../database/index.js";
import { type HourlyReading, localDay } from "../energy/index.js";
import type { Logger } from "../logger.js";
import { listed, meteringPointOfStoredHours, namedMeteringPoint } from "./metering-point.js";

export type ReadingsOf = (point: MeteringPoint, day: Temporal.PlainDate) => Promise<readonly HourlyReading[]>;

/**
 * Which metering point `energy_hourly` follows: the one that is named; else the one that it followed before; else the only
 * one there is; else, in an original user's table, the one whose hours are stored; else none, and the log says what to do.
 */
export class Followed {
  readonly #wanted: string | undefined;
  readonly #logger: Logger;
  #told = false;

  constructor(wanted: string | undefined, logger: Logger) {
    this.#wanted = wanted;
    this.#logger = logger;
  }

  /**
   * Returns its asset id. Throws `MeteringPointNotFound` where the named one is not among the points.
   *
   * `before`: the one followed until now; `readingsOf` asks Caruna+, and is called only where hours must be compared.
   */
  async among(
    points: readonly MeteringPoint[],
    before: string | undefined,
    database: Database,
    readingsOf: ReadingsOf,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (this.#wanted !== undefined) return namedMeteringPoint(points, this.#wanted).assetId;
    if (before !== undefined && points.some(({ assetId }) => assetId === before)) return before;
    const [only, ...others] = points;
    // A table that followed another one is not given to whoever is left: a list may lack a metering point for a day.
    if (before === undefined && only !== undefined && others.length === 0) return only.assetId;
    const found = await this.#inTheTable(points, database, readingsOf, signal);
    if (found === undefined) this.#tellOnce(points);
    return found;
  }

  async #inTheTable(points: readonly MeteringPoint[], database: Database, readingsOf: ReadingsOf, signal: AbortSignal) {
    const stored = await database.newestStoredHours(signal);
    const [newest] = stored;
    if (newest === undefined) return undefined;
    const day = localDay(newest.startEpochMs);
    const candidates = await Promise.all(
      points.map(async (point) => ({ point, readings: await readingsOf(point, day) })),
    );
    const point = meteringPointOfStoredHours(stored, candidates);
    if (point === undefined) return undefined;
    this.#logger.info(
      {},
      `energy_hourly holds the hours of ${day} of one metering point, and goes on with it:\n${listed([point])}`,
    );
    return point.assetId;
  }

  #tellOnce(points: readonly MeteringPoint[]): void {
    if (this.#told) return;
    this.#told = true;
    this.#logger.warn(
      {},
      `this account has ${points.length} metering points, and energy_hourly follows one: nothing is written to it until ` +
        `one of these lines stands in .env (the hours of all are in metering_point_hourly):\n${listed(points)}`,
    );
  }
}
