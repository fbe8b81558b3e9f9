import { InvalidArgumentError } from "commander";
import { Temporal } from "temporal-polyfill";

/** A day of the command line, e.g. 2026-03-28. Throws `InvalidArgumentError`. */
export function parseDate(text: string): Temporal.PlainDate {
  const match = /^\d{4}-\d{2}-\d{2}$/.test(text);
  try {
    if (match) return Temporal.PlainDate.from(text, { overflow: "reject" });
  } catch {
    // No such day in the calendar: told below like any other word that is no date.
  }
  throw new InvalidArgumentError(`"${text.slice(0, 40)}" is no day; write it as 2026-03-28.`);
}
