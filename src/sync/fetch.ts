import type { Temporal } from "temporal-polyfill";
import type { MeteringPoint } from "../caruna/index.js";
import { localDay, type MeteredHour, readingsOfDay, type ToldSum, toldSums } from "../energy/index.js";
import { type Cycle, type EngineOptions, type KnownPoint, REQUESTS_AT_ONCE } from "./cycle.js";
import type { PeriodState, PlannedMeteringPoint } from "./plan/period.js";
import type { Listing } from "./points/listing.js";
import { isNothingBeforeContract, isRefusedOrUnknown } from "./points/refusals.js";

/** What the request for a day brought. */
export interface DayAnswer {
  readonly state: PeriodState;
  readonly hours: readonly MeteredHour[];
  readonly unpublished: number;
}

/** What the request for a month or a year brought. */
export interface SumsAnswer {
  readonly state: PeriodState;
  readonly sums: readonly ToldSum[];
}

export type Answer = DayAnswer | SumsAnswer;

/** Asks Caruna+ for what is due, and reads the answers. */
export class Fetcher {
  readonly #options: Pick<EngineOptions, "caruna" | "historyPaceMs" | "logger" | "now" | "sleep">;
  readonly #listing: Listing;
  readonly #namesWarnedOf = new Set<string>();
  #nextHistoryEpochMs = 0;

  constructor(options: Pick<EngineOptions, "caruna" | "historyPaceMs" | "logger" | "now" | "sleep">, listing: Listing) {
    this.#options = options;
    this.#listing = listing;
  }

  /** Throws what the client throws. */
  async period({ points }: Pick<Cycle, "points">, state: PeriodState, signal: AbortSignal): Promise<Answer> {
    const known = points.get(state.meteringPointId);
    if (known === undefined) throw new Error(`metering point ${state.meteringPointId} is not among those listed`);
    if (state.isHistory) await this.#paceHistory(signal);
    const { span } = state;
    try {
      return await this.#answer(known, state, signal);
    } catch (error) {
      if (!isNothingThere(error, state, known.planned)) throw error;
      return span === "day" ? { state, hours: [], unpublished: 0 } : { state, sums: [] };
    }
  }

  async #answer(known: KnownPoint, state: PeriodState, signal: AbortSignal): Promise<Answer> {
    const { span, startsOn } = state;
    if (span === "day") {
      const { readings, unpublished } = await this.day(known.point, startsOn, signal);
      return { state, hours: readings, unpublished };
    }
    const timespan = span === "month" ? "monthly" : "yearly";
    const query = {
      meteringPoint: known.point,
      timespan,
      year: startsOn.year,
      ...(span === "month" && { month: startsOn.month }),
    } as const;
    const { rows, unreadable } = await this.#options.caruna.energyAnswer(query, { signal });
    const { sums, problems } = toldSums(rows, span === "month" ? "day" : "month");
    this.#tellProblems(`${span} ${startsOn}`, [...unreadable, ...problems]);
    return { state, sums: sums.filter((sum) => isWithin(sum.startsOn, span, startsOn)) };
  }

  /** The look back goes at a pace that a host would not mind. */
  async #paceHistory(signal: AbortSignal): Promise<void> {
    const { historyPaceMs, now, sleep } = this.#options;
    const waitMs = this.#nextHistoryEpochMs - now();
    this.#nextHistoryEpochMs = Math.max(now(), this.#nextHistoryEpochMs) + historyPaceMs;
    // A wait longer than the pace of a few requests comes of a clock that was set back.
    if (historyPaceMs > 0 && waitMs > 0) await sleep(Math.min(waitMs, historyPaceMs * REQUESTS_AT_ONCE), signal);
  }

  /** The hours of a local day of a metering point. Throws what the client throws. */
  async day(point: MeteringPoint, day: Temporal.PlainDate, signal: AbortSignal) {
    const query = { meteringPoint: point, timespan: "daily", year: day.year, month: day.month, day: day.day } as const;
    const { rows, unreadable } = await this.#options.caruna.energyAnswer(query, { signal });
    const needsCalendar = rows.some((row) => row.totalKwh !== null && Object.keys(row.parts).length === 0);
    const productAt = needsCalendar ? await this.#listing.productOf(point, signal) : undefined;
    const answer = readingsOfDay(rows, day, productAt);
    this.#tellProblems(`day ${day}`, [...unreadable, ...answer.problems]);
    for (const name of answer.unknownParts) this.#warnOnceOf(name);
    return answer;
  }

  #tellProblems(what: string, problems: readonly string[]): void {
    if (problems.length === 0) return;
    this.#options.logger.warn(
      { of: what, count: problems.length, problems: problems.slice(0, 5) },
      "rows that could not be used",
    );
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

/** So often a year is asked for before a status is taken for its answer, where no contract says that there is nothing. */
const TRIES_OF_YEAR_WITHOUT_CONTRACT = 3;

/** Whether a status says of a period that there is nothing, and not that something went wrong. */
function isNothingThere(error: unknown, state: PeriodState, planned: PlannedMeteringPoint): boolean {
  const { span, startsOn, timesAsked } = state;
  const { contractFrom, newestHourEpochMs } = planned;
  const length = { day: { days: 1 }, month: { months: 1 }, year: { years: 1 } }[span];
  const last = startsOn.add(length).subtract({ days: 1 });
  if (contractFrom !== null) return isNothingBeforeContract(error, last, contractFrom);
  const isOlder = newestHourEpochMs !== null && startsOn.year < localDay(newestHourEpochMs).year;
  return span === "year" && isOlder && timesAsked >= TRIES_OF_YEAR_WITHOUT_CONTRACT && isRefusedOrUnknown(error);
}

function isWithin(day: Temporal.PlainDate, span: "month" | "year", startsOn: Temporal.PlainDate): boolean {
  return day.year === startsOn.year && (span === "year" || day.month === startsOn.month);
}
