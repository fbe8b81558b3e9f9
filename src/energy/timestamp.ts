import { instantOfWallTime, type LocalDay } from "./helsinki.js";

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d\d):?(\d\d)?)?$/i;

/** What a time stamp came to. */
export type Stamp = { readonly epochMs: number } | { readonly reason: "not understood" | "skipped by the clocks" };

/**
 * Reads a time stamp of Caruna+: ISO 8601 with an offset, in UTC (`Z`), or without a zone, which means the wall clock of
 * Helsinki on `day`; of a time that the clock shows twice the first is taken.
 */
export function readStamp(text: string, day: LocalDay): Stamp {
  const match = ISO.exec(text.trim());
  if (match === null) return { reason: "not understood" };
  const wallMs = wallTime(match);
  if (wallMs === undefined) return { reason: "not understood" };
  const [, , , , , , , , utc, sign, offsetHours = "0", offsetMinutes = "0"] = match;
  if (utc !== undefined) return { epochMs: wallMs };
  if (sign !== undefined) {
    const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
    return { epochMs: sign === "-" ? wallMs + offsetMs : wallMs - offsetMs };
  }
  const epochMs = instantOfWallTime(wallMs, day);
  return epochMs === undefined ? { reason: "skipped by the clocks" } : { epochMs };
}

/** The date and time of a stamp as if it were UTC; `undefined` where the calendar or the clock has no such time. */
function wallTime([, year, month, day, hour, minute, second = "0", fraction = "0"]: RegExpExecArray):
  | number
  | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const dateMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(dateMs);
  // 30 February rolls over to March, and the years before 100 to those after 1900.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCFullYear() !== Number(year)) return undefined;
  return dateMs + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(`0.${fraction}`) * 1000;
}
