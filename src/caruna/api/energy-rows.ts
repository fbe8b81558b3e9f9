import { Temporal } from "temporal-polyfill";
import { localDayOf } from "../../shared/local-day.js";
import { controllerUnder } from "../../shared/signals.js";
import type { EnergyAnswer } from "./answers.js";
import type { EnergyRow, MeteringPoint, Timespan } from "./types.js";

/** What one row of `energy()` covers. Of a meter that reports every 15 minutes, `hour` yields its quarters. */
export type Resolution = "hour" | "day" | "month";

/** What one energy call asks for. */
export interface EnergyQuery {
  readonly meteringPoint: Pick<MeteringPoint, "customerId" | "assetId">;
  /** `daily`: the hours of a day. `monthly`: the days of a month. `yearly`: the months of a year. */
  readonly timespan: Timespan;
  readonly year: number;
  /** 1 to 12; needed for `daily` and `monthly`. */
  readonly month?: number;
  /** 1 to 31; needed for `daily`. */
  readonly day?: number;
}

/** A local day (Europe/Helsinki): `YYYY-MM-DD`, or a `Temporal.PlainDate`. */
export type LocalDay = Temporal.PlainDate | string;

/** The rows that `energy()` is asked for. */
export interface EnergyOptions {
  /** One of `meteringPoints()`, or its two ids. */
  readonly meteringPoint: Pick<MeteringPoint, "customerId" | "assetId">;
  /** First local day. */
  readonly from: LocalDay;
  /** Last local day, included. */
  readonly to: LocalDay;
  /**
   * `hour` makes a request for each day, `day` one for each month, `month` one for each year. With `month`, every month
   * that has a day of the range is told, and told whole.
   */
  readonly resolution: Resolution;
  readonly signal?: AbortSignal | undefined;
}

/** Checked options: a range of days that is not empty. */
export interface EnergyRange {
  readonly resolution: Resolution;
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** One call, and the local days whose rows it is made for. */
interface Period {
  readonly query: Omit<EnergyQuery, "meteringPoint">;
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

export interface RowSource {
  readonly ask: (query: Omit<EnergyQuery, "meteringPoint">, signal: AbortSignal) => Promise<EnergyAnswer>;
  /** Calls that may be under way, or answered and not yet read, at one time. */
  readonly ahead: number;
  /** Told what could not be used of an answer: which answer, and what was wrong, without values. */
  readonly onProblems: (answer: string, problems: readonly string[]) => void;
}

/**
 * The rows of a range, period after period, asked for a few periods ahead of the reader. A reader that breaks off ends
 * the calls under way. A call that fails throws when its turn comes, after all rows before it.
 */
export async function* energyRows(range: EnergyRange, source: RowSource, signal: AbortSignal) {
  signal.throwIfAborted();
  const { controller, release } = controllerUnder(signal);
  const periods = periodsOf(range);
  const asked: { readonly period: Period; readonly answer: Promise<EnergyAnswer> }[] = [];
  try {
    for (;;) {
      while (asked.length < source.ahead) {
        const { value: period } = periods.next();
        if (period === undefined) break;
        const answer = source.ask(period.query, controller.signal);
        // It may fail long before its turn, and is thrown then.
        answer.catch(() => {});
        asked.push({ period, answer });
      }
      const next = asked[0];
      if (next === undefined) return;
      const { rows, problems } = rowsWithin(next.period, await next.answer);
      if (problems.length > 0) source.onProblems(nameOf(next.period), problems);
      // Its place is free for the next call only when its rows are read.
      for (const row of rows) {
        signal.throwIfAborted();
        yield row;
      }
      asked.shift();
    }
  } finally {
    controller.abort();
    release();
    await Promise.allSettled(asked.map(({ answer }) => answer));
  }
}

function* periodsOf({ resolution, from, to }: EnergyRange): Generator<Period, undefined> {
  const isNotOver = (day: Temporal.PlainDate) => Temporal.PlainDate.compare(day, to) <= 0;
  if (resolution === "hour") {
    for (let day = from; isNotOver(day); day = day.add({ days: 1 }))
      yield { query: { timespan: "daily", year: day.year, month: day.month, day: day.day }, from: day, to: day };
  } else if (resolution === "day") {
    for (let day = from.with({ day: 1 }); isNotOver(day); day = day.add({ months: 1 })) {
      const last = day.with({ day: day.daysInMonth });
      yield {
        query: { timespan: "monthly", year: day.year, month: day.month },
        from: later(from, day),
        to: earlier(to, last),
      };
    }
  } else {
    const firstMonth = from.with({ day: 1 });
    const lastDay = to.with({ day: to.daysInMonth });
    for (let year = from.year; year <= to.year; year += 1) {
      const january = Temporal.PlainDate.from({ year, month: 1, day: 1 });
      const december = Temporal.PlainDate.from({ year, month: 12, day: 31 });
      yield { query: { timespan: "yearly", year }, from: later(firstMonth, january), to: earlier(lastDay, december) };
    }
  }
}

/** What an answer tells of other days was not asked for: the rest of a month or year, or a neighbour's row. */
function rowsWithin({ query, from, to }: Period, answer: EnergyAnswer) {
  const rows: EnergyRow[] = [];
  const problems = [...answer.unreadable];
  for (const row of answer.rows) {
    const day = localDayOf(row.timestamp);
    if (day === undefined)
      problems.push(`a row has a time stamp that is not understood: "${row.timestamp.slice(0, 40)}"`);
    else if (Temporal.PlainDate.compare(from, day) <= 0 && Temporal.PlainDate.compare(day, to) <= 0) rows.push(row);
    else if (query.timespan === "daily")
      problems.push(`a row lies outside of the day: "${row.timestamp.slice(0, 40)}"`);
  }
  return { rows, problems };
}

function nameOf({ query, from }: Period): string {
  const length = { daily: 10, monthly: 7, yearly: 4 }[query.timespan];
  return from.toString().slice(0, length);
}

function later(one: Temporal.PlainDate, other: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(one, other) > 0 ? one : other;
}

function earlier(one: Temporal.PlainDate, other: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(one, other) < 0 ? one : other;
}
