import { Temporal } from "temporal-polyfill";

/** Time zone of everything that Caruna+ shows. */
export const ZONE = "Europe/Helsinki";

/**
 * The date on a Finnish wall calendar at a time stamp: ISO 8601 with an offset, in UTC (`Z`), or without a zone, which
 * means Helsinki. Undefined for a stamp that is not understood.
 */
export function localDayOf(timestamp: string): Temporal.PlainDate | undefined {
  try {
    if (/(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(timestamp.slice(10))) {
      return Temporal.Instant.from(timestamp).toZonedDateTimeISO(ZONE).toPlainDate();
    }
    return Temporal.PlainDate.from(timestamp);
  } catch {
    return undefined;
  }
}
