import { stringify } from "csv-stringify/sync";
import { EXPORTED_NUMBERS, type ExportedHour } from "./export.js";
import { type LocalTime, localTimes } from "./helsinki.js";

/** How a file of hours is written: for programs, or for a spreadsheet program in Finland. */
export type CsvLocale = "en" | "fi";

/** What a spreadsheet program tells the encoding by. */
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Hours as CSV (RFC 4180, CRLF), in pieces as they come: the head, then a piece for every page of hours. The columns are
 * those of `metering_point_hourly`; an empty cell is a value that nobody has told.
 *
 * - `en`: commas, decimal points, times as ISO 8601 with Finland's offset (`2026-11-22T23:00:00+02:00`).
 * - `fi`, for Excel as it is set up in Finland: a byte order mark, semicolons, decimal commas, and times of the wall clock
 *   that it takes for times (`2026-11-22 23:00`). The hour that comes twice in October is told apart by
 *   `utc_offset_hours`, 3 and then 2.
 *
 * Text that a spreadsheet program would take for a formula gets an apostrophe before it; numbers stay as they are.
 */
export async function* csvOf(
  pages: AsyncIterable<readonly ExportedHour[]>,
  { locale = "en" }: { readonly locale?: CsvLocale | undefined } = {},
): AsyncGenerator<string, void, undefined> {
  const columns = ["datetime", ...(locale === "fi" ? ["utc_offset_hours"] : []), ...NUMBER_COLUMNS, "tariff", "status"];
  const lines = (rows: readonly (readonly Cell[])[]) => stringify([...rows], STYLES[locale]);
  yield (locale === "fi" ? BYTE_ORDER_MARK : "") + lines([columns]);
  const timeAt = localTimes();
  for await (const hours of pages) {
    if (hours.length > 0) yield lines(hours.map((hour) => cellsOf(hour, timeAt(hour.startEpochMs), locale)));
  }
}

type Cell = string | number | null;

const NUMBER_COLUMNS = EXPORTED_NUMBERS.map(([column]) => column);

const RFC_4180 = { record_delimiter: "\r\n", escape_formulas: true } as const;
const STYLES = {
  en: RFC_4180,
  fi: { ...RFC_4180, delimiter: ";", cast: { number: (value: number) => String(value).replace(".", ",") } },
};

function cellsOf(hour: ExportedHour, local: LocalTime, locale: CsvLocale): Cell[] {
  const datetime = locale === "fi" ? [local.wallTime, local.utcOffsetHours] : [local.iso];
  return [...datetime, ...EXPORTED_NUMBERS.map(([, field]) => hour[field]), hour.tariff, hour.status];
}
