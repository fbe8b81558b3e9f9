import { HOUR_MS, hoursOfLocalDay, localTimeAt, offsetHoursAt, startOfLocalDay } from "./helsinki.js";
import { type HourChange, type HourTruth, hourTruth } from "./household.js";
import type { SimulatedMeter } from "./meters.js";
import type { Behaviour } from "./settings.js";

/** The truth behind the API, and how much of it is published: what a test compares with. */
export class Household {
  readonly meters: readonly SimulatedMeter[];
  readonly #behaviour: Behaviour;
  readonly #now: () => number;
  readonly #withheld = new Set<string>();
  readonly #changes = new Map<string, HourChange>();
  /** Hours that were asked for lately: totals ask for thousands, again and again. */
  readonly #truths = new Map<string, HourTruth>();
  readonly #oddRows = new Map<string, OddRow[]>();

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
    const name = key(assetId, startEpochMs);
    const known = this.#truths.get(name);
    if (known !== undefined) return known;
    const truth = hourTruth(this.meter(assetId).profile, startEpochMs, this.#changes.get(name));
    if (this.#truths.size >= MOST_TRUTHS) this.#truths.clear();
    this.#truths.set(name, truth);
    return truth;
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

  /** Whether the fees of a published hour have come, with the invoice. */
  hasFees(startEpochMs: number): boolean {
    return this.publishedAt(startEpochMs) + this.#behaviour.feesAfterDays * 24 * HOUR_MS <= this.#now();
  }

  /** Minutes of the hour at which its rows start, without the odd ones. */
  rowMinutes(assetId: string, startEpochMs: number): number[] {
    const { spacings } = this.meter(assetId);
    if (spacings.length === 0) return this.#behaviour.quarterHours ? QUARTERS : [0];
    const rowsAnHourAt = (epochMs: number) =>
      spacings.findLast(({ fromEpochMs }) => fromEpochMs <= epochMs)?.rowsAnHour ?? 1;
    // A meter that moves within the hour has a row for what came before.
    return QUARTERS.filter((minute) => {
      const rowsAnHour = rowsAnHourAt(startEpochMs + minute * MINUTE_MS);
      return minute === 0 || minute % (60 / rowsAnHour) === 0;
    });
  }

  oddRows(assetId: string, startEpochMs: number): readonly OddRow[] {
    return this.#oddRows.get(key(assetId, startEpochMs)) ?? [];
  }

  /** Adds a row that belongs to no interval of the meter. */
  addOddRow(assetId: string, startEpochMs: number, row: OddRow): void {
    const name = key(this.meter(assetId).assetId, startEpochMs);
    this.#oddRows.set(name, [...(this.#oddRows.get(name) ?? []), row]);
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
    this.change(assetId, startEpochMs, { kwhTotal });
  }

  /** Changes some values of an hour, beside what was changed before; the rest follows. */
  change(assetId: string, startEpochMs: number, change: HourChange): void {
    const name = key(this.meter(assetId).assetId, startEpochMs);
    this.#changes.set(name, { ...this.#changes.get(name), ...change });
    this.#truths.delete(name);
  }

  /** Takes back every change of an hour. */
  restore(assetId: string, startEpochMs: number): void {
    const name = key(this.meter(assetId).assetId, startEpochMs);
    this.#changes.delete(name);
    this.#truths.delete(name);
  }
}

/** A row where the meter has none. */
export interface OddRow {
  /** Minutes after the start of the hour. */
  readonly minute: number;
  /** `null`: it has no value at all. */
  readonly kwhTotal: number | null;
}

const QUARTERS = [0, 15, 30, 45];
const MINUTE_MS = 60_000;
const MOST_TRUTHS = 20_000;

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
