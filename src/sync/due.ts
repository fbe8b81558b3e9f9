import type { EngineOptions } from "./cycle.js";
import { type Cycle, keyOf, reachOf } from "./cycle.js";
import type { PeriodState } from "./plan/period.js";
import { dueNow, mendClock } from "./plan/planner.js";
import { firstStoredDay } from "./plan/planner-schedule.js";
import { fromRow, toRow } from "./rows.js";

/** Periods that are asked for before the answers are written: about 2,000 rows of days, and memory stays flat. */
export const PERIODS_A_ROUND = 84;
const MOST_REQUESTS_A_PERIOD = 3;

/** Of what a cycle without the backfill makes up for, so much is asked for: more than a year of days; the next goes on. */
const MOST_CAUGHT_UP = 500;

/** What a cycle asks for next, as it is remembered in the database. */
export class DueQueue {
  readonly #options: Pick<EngineOptions, "database" | "now">;

  constructor(options: Pick<EngineOptions, "database" | "now">) {
    this.#options = options;
  }

  /** The next round of a cycle. */
  async next(cycle: Cycle, withHistory: boolean, signal: AbortSignal): Promise<PeriodState[]> {
    const due = await this.#due(cycle, withHistory, signal);
    // What is not due any more needs no bound; years of days would pile up.
    const stillDue = new Set(due.map(keyOf));
    for (const key of cycle.asked.keys()) if (!stillDue.has(key)) cycle.asked.delete(key);
    const wanted = due.filter((state) => mayBeAsked(cycle, state)).slice(0, PERIODS_A_ROUND);
    if (withHistory) return wanted;
    const next = wanted.filter(({ isHistory }) => !isHistory || cycle.caughtUp++ < MOST_CAUGHT_UP);
    return next;
  }

  /** What is due now, put right where a wrong clock had a part in it. */
  async #due(cycle: Cycle, withHistory: boolean, signal: AbortSignal): Promise<PeriodState[]> {
    const { lease, points, plan, asked, refused, resting } = cycle;
    const { database, now } = this.#options;
    // Those that may not be asked for any more in this cycle must not hide the others.
    const wanted = [...points.values()].filter(({ planned: { id } }) => !refused.has(id) && !resting.has(id));
    const limit = 4 * PERIODS_A_ROUND + asked.size;
    for (;;) {
      const backfillFrom = withHistory
        ? undefined
        : wanted.map(({ planned }) => firstStoredDay(planned)?.toString() ?? null);
      const due = { meteringPointIds: wanted.map(({ planned }) => planned.id), nowEpochMs: now(), backfillFrom, limit };
      const states = (await database.sync.duePeriods(due, signal)).map(fromRow);
      const mended = mendClock(states, plan, now());
      if (mended.length === 0) return dueNow(states, now());
      // Most of what is mended is not due, and what is may stand behind it; each turn mends some of the rows there are.
      await database.sync.savePeriods(lease, mended.map(toRow), signal);
    }
  }

  /** What is remembered of those days, or the days as they are where nothing is. */
  async withMemory(days: readonly PeriodState[], signal: AbortSignal): Promise<PeriodState[]> {
    if (days.length === 0) return [];
    const known = new Map<string, PeriodState>();
    const { from, to, meteringPointIds } = reachOf(days);
    const rows = await this.#options.database.sync.periods({ meteringPointIds, span: "day", from, to }, signal);
    for (const row of rows) known.set(keyOf(fromRow(row)), fromRow(row));
    return days.map((day) => known.get(keyOf(day)) ?? day);
  }
}

function mayBeAsked({ asked, refused }: Cycle, state: PeriodState): boolean {
  return !refused.has(state.meteringPointId) && (asked.get(keyOf(state)) ?? 0) < MOST_REQUESTS_A_PERIOD;
}
