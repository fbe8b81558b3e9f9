import type { Temporal } from "temporal-polyfill";
import type { MeteringPoint } from "../../caruna/index.js";
import type { Database } from "../../database/index.js";
import { type HourlyReading, localDay } from "../../energy/index.js";
import type { Logger } from "../../shared/logger.js";
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
  #toldOfAbsence = false;

  constructor(wanted: string | undefined, logger: Logger) {
    this.#wanted = wanted;
    this.#logger = logger;
  }

  /**
   * Returns its asset id. Throws `MeteringPointNotFound` where the named one was never listed: one that was stays named, as
   * a list may lack it for a day or its contract may have ended, and the others go on.
   *
   * `before`: the one followed until now; `readingsOf` asks Caruna+, and is called only where hours must be compared.
   */
  async among(
    { listed: points, unlisted }: { listed: readonly MeteringPoint[]; unlisted: readonly MeteringPoint[] },
    before: string | undefined,
    database: Database,
    readingsOf: ReadingsOf,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (this.#wanted !== undefined) return this.#named(this.#wanted, points, unlisted).assetId;
    if (before !== undefined && points.some(({ assetId }) => assetId === before)) return before;
    const [only, ...others] = points;
    // A table that followed another one is not given to whoever is left: a list may lack a metering point for a day.
    if (before === undefined && only !== undefined && others.length === 0) return only.assetId;
    const found = await this.#inTheTable(points, database, readingsOf, signal);
    if (found === undefined) this.#tellOnce(points);
    return found;
  }

  #named(wanted: string, points: readonly MeteringPoint[], unlisted: readonly MeteringPoint[]): MeteringPoint {
    const absent = unlisted.find(({ assetId, gsrn }) => assetId === wanted || gsrn === wanted);
    if (absent === undefined) return namedMeteringPoint(points, wanted);
    if (!this.#toldOfAbsence)
      this.#logger.warn(
        { meteringPoint: absent.assetId },
        "Caruna+ does not list the metering point of METERING_POINT now: energy_hourly stays as it is until it does; where it " +
          "never will again, name another one",
      );
    this.#toldOfAbsence = true;
    return absent;
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
