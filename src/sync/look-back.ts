import { Temporal } from "temporal-polyfill";
import { localDay } from "../energy/index.js";
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
}

/** How far looking back has come. */
export interface LookBackProgress {
  /** Days loaded so far. */
  readonly days: number;
  /** Hours that came with them. */
  readonly hours: number;
  /** The oldest day that was asked for; undefined: none yet. */
  readonly backTo: Temporal.PlainDate | undefined;
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

  /** How far it is after this round; undefined where nothing of the round was a part of it. */
  after({ asked, points, plan, hours }: Round): LookBackProgress | undefined {
    const history = asked.filter(({ isHistory }) => isHistory);
    if (history.length === 0) return undefined;
    const tomorrow = localDay(this.#now()).add({ days: 1 });
    for (const { meteringPointId, span, startsOn } of history) {
      const before = this.#reached.get(meteringPointId) ?? tomorrow;
      const edge = span === "day" ? startsOn : startsOn.add(span === "month" ? { months: 1 } : { years: 1 });
      this.#reached.set(meteringPointId, isBefore(edge, before) ? edge : before);
      if (span !== "day") continue;
      this.#days += 1;
      if (this.#backTo === undefined || isBefore(startsOn, this.#backTo)) this.#backTo = startsOn;
    }
    const seconds = Math.max(this.#now() - this.#startedEpochMs, 1) / 1000;
    return {
      days: this.#days,
      hours,
      backTo: this.#backTo,
      daysASecond: this.#days / seconds,
      daysLeft: this.#daysLeft(points, plan),
    };
  }

  #daysLeft(points: readonly PlannedMeteringPoint[], plan: PlanSettings): number | undefined {
    let daysLeft = 0;
    for (const point of points) {
      const reached = this.#reached.get(point.id);
      if (reached === undefined) continue;
      const start = beginning(point, plan);
      if (start === undefined) return undefined;
      daysLeft += Math.max(0, start.until(reached, { largestUnit: "days" }).days);
    }
    return daysLeft;
  }
}

function beginning(point: PlannedMeteringPoint, plan: PlanSettings): Temporal.PlainDate | undefined {
  const contractFrom =
    point.contractFrom !== null && point.contractFrom.year >= EARLIEST_YEAR ? point.contractFrom : null;
  const known = [contractFrom, lookBackFrom(point, plan)].filter((day) => day !== null);
  return known.sort(Temporal.PlainDate.compare).at(-1);
}
