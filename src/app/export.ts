import type { Temporal } from "temporal-polyfill";
import type { Configuration } from "../config/index.js";
import { Database } from "../database/index.js";
import { type CsvLocale, csvOf, type ExportedHour, jsonOf, ndjsonOf } from "../energy/index.js";
import type { Logger } from "../shared/logger.js";
import { chosenMeteringPoint } from "../sync/index.js";
import { databaseSettings } from "./state.js";

export type ExportFormat = "csv" | "json" | "ndjson";

/** Which hours go into a file, and how. */
export interface ExportChoice {
  /** Asset id or GSRN; undefined: the one that energy_hourly follows, or the only one. */
  readonly meteringPoint?: string | undefined;
  /** Local days, both included; undefined where there is no bound. */
  readonly from?: Temporal.PlainDate | undefined;
  readonly to?: Temporal.PlainDate | undefined;
  readonly format: ExportFormat;
  /** Of CSV. */
  readonly locale: CsvLocale;
}

/** What went into a file. */
export interface Exported {
  readonly meteringPointId: string;
  readonly hours: number;
}

/**
 * Hands the stored hours of a metering point to `write` as text, in pieces, without a request to Caruna+. Throws
 * `NothingToExport`, `MeteringPointNotChosen`, subclasses of `DatabaseError`, and what `write` throws.
 */
export async function exportHours(
  configuration: Configuration,
  logger: Logger,
  choice: ExportChoice,
  write: (pieces: AsyncIterable<string>) => Promise<void>,
  signal: AbortSignal,
): Promise<Exported> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const inspection = await database.inspect(signal);
    if (inspection.kind === "not made yet") throw new NothingToExport();
    await database.check(signal);
    const points = await database.sync.meteringPoints(signal);
    if (points.length === 0) throw new NothingToExport();
    const otherwise = await database.sync.followedMeteringPoint(signal);
    const wish = { wanted: choice.meteringPoint, namedBy: "--metering-point", otherwise } as const;
    const { id } = chosenMeteringPoint(points, wish);
    const pages = database.sync.exportHours(id, choice.from?.toString(), choice.to?.toString(), signal);
    let hours = 0;
    async function* counted() {
      for await (const page of pages) {
        hours += page.length;
        yield page;
      }
      if (hours === 0) logger.warn({}, `no hour of metering point ${id} is stored of these days`);
    }
    await write(textOf(counted(), choice));
    return { meteringPointId: id, hours };
  } finally {
    await database.stop();
  }
}

function textOf(
  pages: AsyncIterable<readonly ExportedHour[]>,
  { format, locale }: ExportChoice,
): AsyncIterable<string> {
  if (format === "csv") return csvOf(pages, { locale });
  return format === "json" ? jsonOf(pages) : ndjsonOf(pages);
}

/** There is no metering point in the database yet. */
export class NothingToExport extends Error {
  override readonly name = "NothingToExport";

  constructor() {
    super("Nothing was loaded yet, so there is nothing to export; load the last days with: caruna-integration sync");
  }
}
