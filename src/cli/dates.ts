import { type Command, InvalidArgumentError, Option } from "commander";
import { Temporal } from "temporal-polyfill";

/** A day of the command line, e.g. 2026-03-28. Throws `InvalidArgumentError`. */
export function parseDate(text: string): Temporal.PlainDate {
  // There is no year 0 in most people's calendars, PostgreSQL's among them.
  const match = /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text);
  try {
    if (match) return Temporal.PlainDate.from(text, { overflow: "reject" });
  } catch {
    // No such day in the calendar: told below like any other word that is no date.
  }
  // As JSON, so that what a file of another kind holds does not move the cursor of the terminal.
  throw new InvalidArgumentError(`${JSON.stringify(text.slice(0, 40))} is no day; write it as 2026-03-28.`);
}

/**
 * Days of a text with one on each line, each once and in order; empty lines and comments (#) are passed over. Throws
 * `InvalidArgumentError`, which names the line.
 */
export function parseDates(text: string): Temporal.PlainDate[] {
  const days = new Map<string, Temporal.PlainDate>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const written = line.replace(/#.*/, "").trim();
    if (written === "") continue;
    try {
      days.set(written, parseDate(written));
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(`line ${index + 1}: ${error.message}`);
    }
  }
  if (days.size === 0) throw new InvalidArgumentError("it holds no day");
  return [...days.values()];
}

/** `--from DATE` */
export function fromOption(description: string): Option {
  return new Option("--from <date>", description).argParser(parseDate);
}

/** `--to DATE` */
export function toOption(description: string): Option {
  return new Option("--to <date>", description).argParser(parseDate);
}

interface Range {
  readonly from?: Temporal.PlainDate | undefined;
  readonly to?: Temporal.PlainDate | undefined;
}

/** Ends the command with a usage error where the first day comes after the last. */
export function checkOrder({ from, to }: Range, command: Command): void {
  if (from !== undefined && to !== undefined && Temporal.PlainDate.compare(from, to) > 0)
    command.error(`error: --from ${from} is after --to ${to}`);
}
