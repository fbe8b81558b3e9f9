import type { Temporal } from "temporal-polyfill";
import type { DaySum } from "../database/index.js";
import type { ToldSum } from "../energy/index.js";
import type { CycleStart } from "./begin.js";
import type { Cycle, EngineOptions, Failure } from "./cycle.js";
import type { Answer, DayAnswer } from "./fetch.js";
import type { PeriodState, StoredSum } from "./plan/period.js";
import { afterDay, afterFailure, afterMonth, afterYear } from "./plan/planner.js";
import { fromRow, fromSumRow, storedSumsIn, toRow } from "./rows.js";

/** Stores answers, and records what they mean for their periods. */
export class Recorder {
  readonly #options: Pick<EngineOptions, "database" | "logger" | "now">;
  readonly #start: CycleStart;

  constructor(options: Pick<EngineOptions, "database" | "logger" | "now">, start: CycleStart) {
    this.#options = options;
    this.#start = start;
  }

  /** Stores the hours first, so that the sums that come after see them; a period is remembered only when its answer is stored. */
  async keep(cycle: Cycle, answers: readonly Answer[], failed: readonly Failure[], signal: AbortSignal): Promise<void> {
    const { database, now } = this.#options;
    cycle.failed.push(...failed);
    const days = answers.filter((answer) => "hours" in answer);
    if (days.length > 0) await this.#keepDays(cycle, days, signal);
    for (const answer of answers)
      if (!("hours" in answer)) await this.#keepSums(cycle, answer.state, answer.sums, signal);
    const postponed = failed.map(({ state }) => toRow(afterFailure(state, now())));
    await database.sync.savePeriods(cycle.lease, postponed, signal);
  }

  /** In one transaction: the hours, and what they mean for their days. */
  async #keepDays(cycle: Cycle, days: readonly DayAnswer[], signal: AbortSignal): Promise<void> {
    const { database, now, logger } = this.#options;
    // The hours of one metering point together take a few statements, however many days they are of.
    const hours = [...new Set(days.map(({ state }) => state.meteringPointId))].map((meteringPointId) => {
      const own = days.filter(({ state }) => state.meteringPointId === meteringPointId);
      return {
        meteringPointId,
        isFollowed: meteringPointId === cycle.followed,
        readings: own.flatMap((day) => day.hours),
        days: own.map(({ state }) => state.startsOn.toString()),
      };
    });
    const inconsistent: (PeriodState & { readonly kwhActual: number })[] = [];
    const short: PeriodState[] = [];
    const periods = (sums: readonly DaySum[]) => {
      inconsistent.length = 0;
      short.length = 0;
      const sumOf = new Map(sums.map((sum) => [`${sum.meteringPointId} ${sum.startsOn}`, fromSumRow(sum)]));
      return days.flatMap(({ state }) => {
        const planned = cycle.points.get(state.meteringPointId)?.planned;
        if (planned === undefined) return [];
        const stored = sumOf.get(`${state.meteringPointId} ${state.startsOn}`) ?? nothingStored(state.startsOn);
        const after = afterDay(state, stored, planned, cycle.plan, now());
        if (after.isInconsistent) inconsistent.push({ ...state, kwhActual: stored.kwhTotal });
        if (after.isShort) short.push(state);
        return [toRow(after.state)];
      });
    };
    const counts = await database.sync.storeReadings(cycle.lease, { hours, periods }, signal);
    this.#start.noteNewestHours(hours);
    cycle.totals.inserted += counts.inserted;
    cycle.totals.changed += counts.changed;
    cycle.totals.unchanged += counts.unchanged;
    for (const { unpublished } of days) cycle.totals.unpublished += unpublished;
    for (const { meteringPointId, startEpochMs, before, after } of counts.changes) {
      logger.info(
        { meteringPoint: meteringPointId, hour: new Date(startEpochMs).toISOString(), before, after },
        "an hour has other values than before",
      );
    }
    for (const { startsOn, kwhTold, kwhActual } of inconsistent) {
      logger.warn(
        { day: startsOn.toString(), kwhTold, kwhStored: kwhActual },
        "Caruna+'s total of this day does not match its own hours; the hours are stored as they are",
      );
    }
    for (const { meteringPointId, startsOn, kwhTold } of short) {
      logger.info(
        { meteringPoint: meteringPointId, day: startsOn.toString(), kwhTold },
        "Caruna+ shows fewer hours of this day than it has, and its total is the sum of these: nothing more is asked for",
      );
    }
  }

  async #keepSums(cycle: Cycle, state: PeriodState, told: readonly ToldSum[], signal: AbortSignal): Promise<void> {
    const { database, now } = this.#options;
    const { meteringPointId: id, span, startsOn } = state;
    const planned = cycle.points.get(id)?.planned;
    if (planned === undefined) return;
    const stored = await storedSumsIn(database.sync, state, signal);
    const remembered = async (which: "day" | "month" | "year", from: string, to: string) =>
      (await database.sync.periods({ meteringPointIds: [id], span: which, from, to }, signal)).map(fromRow);
    if (span === "month") {
      const last = startsOn.add({ months: 1 }).subtract({ days: 1 });
      const days = await remembered("day", startsOn.toString(), last.toString());
      const states = afterMonth(state, told, stored, days, planned, cycle.plan, now());
      await database.sync.savePeriods(cycle.lease, states.map(toRow), signal);
    } else {
      const months = await remembered("month", startsOn.toString(), startsOn.with({ month: 12, day: 31 }).toString());
      const years = await remembered("year", "0001-01-01", "9999-12-31");
      const states = afterYear(state, told, stored, [...months, ...years], planned, cycle.plan, now());
      await database.sync.savePeriods(cycle.lease, states.map(toRow), signal);
    }
  }
}

function nothingStored(startsOn: Temporal.PlainDate): StoredSum {
  return { startsOn, hours: 0, kwhTotal: 0, kwhDay: null, kwhNight: null, kwhNightWinter: null };
}
