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
  throw new InvalidArgumentError(`"${text.slice(0, 40)}" is no day; write it as 2026-03-28.`);
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
