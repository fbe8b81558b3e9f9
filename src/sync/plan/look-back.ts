import { Temporal } from "temporal-polyfill";
import { localDay } from "../../energy/index.js";
import type { PeriodState, PlannedMeteringPoint, PlanSettings } from "./period.js";
import { firstAsk, isBefore, lookBackFrom } from "./planner-schedule.js";

/**
 * The periods from which looking back begins anew, due now: every year, and the months that wait for their daily check.
 * What is there by then agrees with Caruna+'s totals, and costs no more than a request a year.
 */
export function lookBackAnew(states: readonly PeriodState[], settings: PlanSettings): PeriodState[] {
  return states
    .filter(({ span, nextAskEpochMs }) => span === "year" || (span === "month" && nextAskEpochMs !== null))
    .map((state) => ({ ...state, nextAskEpochMs: firstAsk(state.startsOn, settings), isHistory: true }));
}

/** A round of requests as those who wait are told of it. */
export interface Round {
  readonly asked: readonly PeriodState[];
  readonly points: readonly PlannedMeteringPoint[];
  readonly plan: PlanSettings;
  /** Hours that have come in this cycle. */
  readonly hours: number;
  /** Hours that this round wrote: new ones, and ones that were there with other values. */
  readonly stored: { readonly inserted: number; readonly changed: number };
}

/** How far looking back has come. */
export interface LookBackProgress {
  /** Days loaded so far. */
  readonly days: number;
  /** Hours that came with them. */
  readonly hours: number;
  /** The oldest day that was asked for. */
  readonly backTo: Temporal.PlainDate;
  readonly daysASecond: number;
  /** Days to go, where the beginning is known: from a contract, or the settings. */
  readonly daysLeft: number | undefined;
}

/** Smart meters are younger; a contract that begins before is a stand-in for one that has no date. */
const EARLIEST_YEAR = 2000;

/** Follows a look back from round to round. */
export class LookBackMeter {
  readonly #now: () => number;
  readonly #startedEpochMs: number;
  /** How far each metering point has come. */
  readonly #reached = new Map<string, Temporal.PlainDate>();
  #backTo: Temporal.PlainDate | undefined;
  #days = 0;

  /** @param now milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedEpochMs = now();
  }

  /** How far it is after this round; undefined where no day of it was a part of that. */
  after({ asked, points, plan, hours }: Omit<Round, "stored">): LookBackProgress | undefined {
    const days = asked.filter(({ isHistory, span }) => isHistory && span === "day");
    for (const { meteringPointId, startsOn } of days) {
      this.#reached.set(meteringPointId, earlier(startsOn, this.#reached.get(meteringPointId)));
      this.#backTo = earlier(startsOn, this.#backTo);
    }
    this.#days += days.length;
    if (days.length === 0 || this.#backTo === undefined) return undefined;
    const seconds = Math.max(this.#now() - this.#startedEpochMs, 1) / 1000;
    const daysLeft = this.#daysLeft(points, plan);
    return { days: this.#days, hours, backTo: this.#backTo, daysASecond: this.#days / seconds, daysLeft };
  }

  /** Each metering point goes back from the newest day on; one that has not begun has all of its days to go. */
  #daysLeft(points: readonly PlannedMeteringPoint[], plan: PlanSettings): number | undefined {
    const today = localDay(this.#now());
    let daysLeft = 0;
    for (const point of points) {
      const start = beginning(point, plan);
      if (start === undefined) return undefined;
      const reached = this.#reached.get(point.id) ?? today;
      daysLeft += Math.max(0, start.until(reached, { largestUnit: "days" }).days);
    }
    return daysLeft;
  }
}

function earlier(day: Temporal.PlainDate, other: Temporal.PlainDate | undefined): Temporal.PlainDate {
  return other === undefined || isBefore(day, other) ? day : other;
}

function beginning(point: PlannedMeteringPoint, plan: PlanSettings): Temporal.PlainDate | undefined {
  const contractFrom =
    point.contractFrom !== null && point.contractFrom.year >= EARLIEST_YEAR ? point.contractFrom : null;
  const known = [contractFrom, lookBackFrom(point, plan)].filter((day) => day !== null);
  return known.sort(Temporal.PlainDate.compare).at(-1);
}
