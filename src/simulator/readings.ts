import { HOUR_MS, hoursOfLocalDay, localTimeAt, offsetHoursAt, startOfLocalDay } from "./helsinki.js";
import { type HourTruth, hourTruth, revisedTruth } from "./household.js";
import type { SimulatedMeter } from "./meters.js";
import type { Behaviour } from "./settings.js";

/** The truth behind the API, and how much of it is published: what a test compares with. */
export class Household {
  readonly meters: readonly SimulatedMeter[];
  readonly #behaviour: Behaviour;
  readonly #now: () => number;
  readonly #withheld = new Set<string>();
  readonly #revised = new Map<string, number>();

  constructor(meters: readonly SimulatedMeter[], behaviour: Behaviour, now: () => number) {
    this.meters = meters;
    this.#behaviour = behaviour;
    this.#now = now;
  }

  meter(assetId: string): SimulatedMeter {
    const meter = this.meters.find((candidate) => candidate.assetId === assetId);
    if (meter === undefined) throw new UnknownMeterError(assetId, this.meters);
    return meter;
  }

  /** The truth of one hour, revisions included, published or not. */
  truthOfHour(assetId: string, startEpochMs: number): HourTruth {
    const { profile } = this.meter(assetId);
    const truth = hourTruth(profile, startEpochMs);
    const revised = this.#revised.get(key(assetId, startEpochMs));
    return revised === undefined ? truth : revisedTruth(profile, truth, revised);
  }

  /**
   * The truth of the hours of one day of Helsinki, in order: 23, 24 or 25 of them, published or not.
   *
   * @param date `YYYY-MM-DD`
   */
  truthOfDay(assetId: string, date: string): HourTruth[] {
    const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
    return hoursOfLocalDay(year, month, day).map((hour) => this.truthOfHour(assetId, hour));
  }

  /** When an hour is published: the next local day at `publishHour`. */
  publishedAt(startEpochMs: number): number {
    const { year, month, day } = localTimeAt(startEpochMs);
    const nextMidnight = startOfLocalDay(year, month, day + 1);
    const morning = nextMidnight + this.#behaviour.publishHour * HOUR_MS;
    // On the days of change the wall clock is an hour off the count of hours.
    return morning - (offsetHoursAt(morning) - offsetHoursAt(nextMidnight)) * HOUR_MS;
  }

  isPublished(assetId: string, startEpochMs: number): boolean {
    return !this.#withheld.has(key(assetId, startEpochMs)) && this.publishedAt(startEpochMs) <= this.#now();
  }

  /** These hours stay unpublished until they are released. */
  withhold(assetId: string, startsEpochMs: readonly number[]): void {
    for (const start of startsEpochMs) this.#withheld.add(key(this.meter(assetId).assetId, start));
  }

  /** Releases every hour that was withheld. */
  release(): void {
    this.#withheld.clear();
  }

  /** Changes the truth of an hour, as a correction of the meter's reading does. */
  revise(assetId: string, startEpochMs: number, kwhTotal: number): void {
    this.#revised.set(key(this.meter(assetId).assetId, startEpochMs), kwhTotal);
  }
}

/** A test asked for a meter that the simulator does not have. */
export class UnknownMeterError extends Error {
  override readonly name = "UnknownMeterError";

  constructor(assetId: string, meters: readonly SimulatedMeter[]) {
    const known = meters.map((meter) => meter.assetId).join(", ");
    super(`The simulator has no meter "${assetId}"; ask for one of: ${known}.`);
  }
}

function key(assetId: string, startEpochMs: number): string {
  return `${assetId} ${startEpochMs}`;
}
