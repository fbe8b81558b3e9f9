import { Temporal } from "temporal-polyfill";
import type { EnergyRow } from "../caruna/index.js";
import { localDayOf } from "../shared/local-day.js";
import type { ClockProduct } from "./calendar.js";
import type { MeteredHour } from "./reading.js";
import { readingsOfDay } from "./readings.js";

export interface HoursOptions {
  /**
   * The distribution product in force at an instant (milliseconds since the epoch), which splits hours whose parts
   * Caruna+ does not tell: see `clockProduct`. Default: such hours have no split.
   */
  readonly productAt?: ((startEpochMs: number) => ClockProduct | undefined) | undefined;
  /** Told of rows that could not be used and of parts that no rule knows, a sentence each, without values. */
  readonly onProblem?: ((problem: string) => void) | undefined;
}

/**
 * The published hours of a metering point, earliest first, from the rows of its hours (`resolution: "hour"`; the rows of
 * days or months are none). Days of 23 and 25 hours are told right, and quarters are summed to their hour; an hour that is
 * not published yet is left out. No more than one day is held in memory.
 *
 * Throws `RangeError` where the rows are not in order of local days, and what `rows` itself throws.
 */
export async function* hoursOf(
  rows: Iterable<EnergyRow> | AsyncIterable<EnergyRow>,
  { productAt, onProblem = () => {} }: HoursOptions = {},
): AsyncGenerator<MeteredHour, void, undefined> {
  for await (const { day, rows: rowsOfDay } of daysOf(rows, onProblem)) {
    const { readings, problems, unknownParts } = readingsOfDay(rowsOfDay, day, productAt);
    for (const problem of problems) onProblem(problem);
    for (const name of unknownParts) onProblem(`${day}: a transfer product part that no rule knows: ${name}`);
    yield* readings;
  }
}

interface Day {
  readonly day: Temporal.PlainDate;
  readonly rows: EnergyRow[];
}

async function* daysOf(
  rows: Iterable<EnergyRow> | AsyncIterable<EnergyRow>,
  onProblem: (problem: string) => void,
): AsyncGenerator<Day, void, undefined> {
  let current: Day | undefined;
  for await (const row of rows) {
    const day = localDayOf(row.timestamp);
    if (day === undefined) {
      onProblem(`a row has a time stamp that is not understood: "${row.timestamp.slice(0, 40)}"`);
    } else if (current?.day.equals(day)) {
      current.rows.push(row);
    } else {
      if (current !== undefined) {
        if (Temporal.PlainDate.compare(day, current.day) < 0)
          throw new RangeError(`The rows must be in order of time, but one of ${day} comes after ${current.day}.`);
        yield current;
      }
      current = { day, rows: [row] };
    }
  }
  if (current !== undefined) yield current;
}
