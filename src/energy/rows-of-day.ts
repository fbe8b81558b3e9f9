import type { Temporal } from "temporal-polyfill";
import type { EnergyRow } from "../caruna/index.js";
import { HOUR_MS, hoursBetween, hoursShownTwice, type LocalDay, localDayAsNumbers } from "./helsinki.js";
import { readStamp } from "./timestamp.js";

/** What kind of rows an hour has. */
export type Spacing = "hour" | "half-hours" | "quarters";

/** The rows of one hour. */
export interface RowsOfHour {
  /** Start of the hour, in milliseconds since the epoch. */
  readonly startEpochMs: number;
  readonly spacing: Spacing;
  /** Earliest first: one, two or four, as the spacing says; published or not. */
  readonly rows: readonly EnergyRow[];
}

/** The rows of a local day, by the hour that they are of. */
export interface RowsOfDay {
  /** Hours that the day has: 23, 24 or 25. */
  readonly hourCount: number;
  /** The hours whose rows are all there, earliest first. */
  readonly hours: readonly RowsOfHour[];
  /** Rows that could not be used: what and why, without values. */
  readonly problems: readonly string[];
}

const MINUTE_MS = 60_000;

/** Minutes after the hour at which its rows start. */
const SPACINGS: readonly (readonly [spacing: Spacing, minutes: string])[] = [
  ["hour", "0"],
  ["half-hours", "0 30"],
  ["quarters", "0 15 30 45"],
];

/**
 * Sorts the rows of a `daily` answer by hour. How its rows are spaced is a property of an hour, since a meter may move from
 * one to another at any time: a row at the start of the hour and no others is an hourly row, two half-hours and four
 * quarters are what they are. An hour with any other rows is left out and reported, and costs no other hour.
 */
export function rowsOfDay(rows: readonly EnergyRow[], day: Temporal.PlainDate): RowsOfDay {
  const bounds = localDayAsNumbers(day);
  const problems = new Problems(day.toString());
  const rowsByHour = separateRepeatedHour(whereRowsBelong(rows, bounds, problems), bounds);
  const starts = hoursBetween(bounds);
  const hours = starts.flatMap((startEpochMs): RowsOfHour[] => {
    const received = rowsByHour.get(startEpochMs);
    if (received === undefined) return [];
    const minutes = [...new Set(received.map(({ offsetMs }) => offsetMs / MINUTE_MS))].sort((a, b) => a - b);
    const spacing = SPACINGS.find(([, pattern]) => pattern === minutes.join(" "))?.[0];
    if (spacing === undefined) {
      problems.addHour(received.map(({ row }) => row));
      return [];
    }
    const ofMinute = (minute: number) =>
      received.filter(({ offsetMs }) => offsetMs === minute * MINUTE_MS).map(({ row }) => row);
    return [{ startEpochMs, spacing, rows: minutes.flatMap((minute) => oneRow(ofMinute(minute), problems)) }];
  });
  return { hourCount: starts.length, hours, problems: problems.sentences() };
}

interface PlacedRow {
  readonly row: EnergyRow;
  /** Milliseconds after the start of the hour. */
  readonly offsetMs: number;
}

type RowsByHour = ReadonlyMap<number, readonly PlacedRow[]>;

/** The rows of the day by the start of their hour, in the order received. */
function whereRowsBelong(rows: readonly EnergyRow[], day: LocalDay, problems: Problems): RowsByHour {
  const rowsByHour = new Map<number, PlacedRow[]>();
  for (const row of rows) {
    const stamp = readStamp(row.timestamp, day);
    if ("reason" in stamp) {
      problems.add(
        stamp.reason === "not understood"
          ? "have a time stamp that is not understood"
          : "have a time that the clocks skip on this day",
        row,
      );
    } else if (stamp.epochMs < day.startEpochMs || stamp.epochMs >= day.endEpochMs) {
      problems.add("lie outside of the day", row);
    } else {
      // The day's start, not the epoch's: no hour of a zone need be a whole one of UTC.
      const offsetMs = (stamp.epochMs - day.startEpochMs) % HOUR_MS;
      const placed = { row, offsetMs };
      const together = rowsByHour.get(stamp.epochMs - offsetMs);
      if (together === undefined) rowsByHour.set(stamp.epochMs - offsetMs, [placed]);
      else together.push(placed);
    }
  }
  return rowsByHour;
}

/**
 * In October the hour from 03:00 comes twice. Where all rows of both bear the stamps of one, whatever offset they carry, two
 * rows of one stamp are the two instants, even when they are equal. What the service does is unknown.
 */
function separateRepeatedHour(rowsByHour: RowsByHour, day: LocalDay): RowsByHour {
  const { startEpochMs: first, endEpochMs: second } = hoursShownTwice(day);
  if (first === second) return rowsByHour;
  const ofFirst = rowsByHour.get(first) ?? [];
  const ofSecond = rowsByHour.get(second) ?? [];
  const together = [...ofFirst, ...ofSecond];
  const isRepeated = new Set(together.map(({ offsetMs }) => offsetMs)).size < together.length;
  if ((ofFirst.length > 0 && ofSecond.length > 0) || !isRepeated) return rowsByHour;
  const [earlier, later] = inTwoPasses(together) ?? byStamp(together);
  return new Map([...rowsByHour, [first, earlier], [second, later]]);
}

/**
 * Two hours one after the other, each from its start on: of a meter that moves to quarters between the two, one has one row
 * and the other four. Undefined where the order of the rows shows no such thing.
 */
function inTwoPasses(rows: readonly PlacedRow[]): [PlacedRow[], PlacedRow[]] | undefined {
  const steps = rows.flatMap(({ offsetMs }, index) => (offsetMs <= (rows[index - 1]?.offsetMs ?? -1) ? [index] : []));
  const [turn, ...others] = steps;
  if (turn === undefined || others.length > 0 || rows[0]?.offsetMs !== 0 || rows[turn]?.offsetMs !== 0)
    return undefined;
  return [rows.slice(0, turn), rows.slice(turn)];
}

/** Of each stamp the first row to the first instant, the others to the second. */
function byStamp(rows: readonly PlacedRow[]): [PlacedRow[], PlacedRow[]] {
  const seen = new Set<number>();
  const earlier: PlacedRow[] = [];
  const later: PlacedRow[] = [];
  for (const placed of rows) {
    (seen.has(placed.offsetMs) ? later : earlier).push(placed);
    seen.add(placed.offsetMs);
  }
  return [earlier, later];
}

/**
 * The row that counts among those of one instant: one with a total before one without, then the later. An identical repeat
 * is not reported (the March day was seen to show 02:00 twice).
 */
function oneRow(rows: readonly EnergyRow[], problems: Problems): EnergyRow[] {
  const withTotal = rows.filter(({ totalKwh }) => totalKwh !== null);
  const withProduction = rows.filter(({ productionKwh }) => productionKwh !== null);
  const published = withTotal.length > 0 ? withTotal : withProduction;
  const last = published.at(-1) ?? rows.at(-1);
  for (const row of published)
    if (last !== undefined && !isSameEnergy(row, last))
      problems.add("were replaced by a later one of the same time", row);
  return last === undefined ? [] : [last];
}

function isSameEnergy(one: EnergyRow, other: EnergyRow): boolean {
  const names = Object.keys(one.parts);
  return (
    one.totalKwh === other.totalKwh &&
    one.productionKwh === other.productionKwh &&
    names.length === Object.keys(other.parts).length &&
    names.every((name) => one.parts[name] === other.parts[name])
  );
}

/** Rows that could not be used, gathered by the reason so that a day of them is one sentence. */
class Problems {
  readonly #rowsByReason = new Map<string, { count: number; first: string }>();
  readonly #hours: string[] = [];

  constructor(private readonly day: string) {}

  /** `reason` completes a sentence that begins with the number of rows. */
  add(reason: string, row: EnergyRow): void {
    const known = this.#rowsByReason.get(reason);
    if (known === undefined) this.#rowsByReason.set(reason, { count: 1, first: shownStamp(row) });
    else known.count += 1;
  }

  /** All rows of an hour that cannot be read. */
  addHour(rows: readonly EnergyRow[]): void {
    this.#hours.push(
      rows.slice(0, MOST_ROWS_SHOWN).map(shownStamp).join(", ") + (rows.length > MOST_ROWS_SHOWN ? ", …" : ""),
    );
  }

  sentences(): string[] {
    return [
      ...[...this.#rowsByReason].map(
        ([reason, { count, first }]) => `${this.day}: rows that ${reason}: ${count}, the first at ${first}`,
      ),
      ...this.#hours.map(
        (rows) =>
          `${this.day}: an hour whose rows are neither one, two half-hours nor four quarters is left out: ${rows}`,
      ),
    ];
  }
}

const MOST_ROWS_SHOWN = 8;

function shownStamp({ timestamp }: EnergyRow): string {
  return `"${timestamp.slice(0, 40)}"`;
}
