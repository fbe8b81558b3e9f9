import { z } from "zod";
import { ZONE } from "../../shared/local-day.js";
import type { ConnectionPool } from "../connection/connection-pool.js";
import { readMeteredHours, type StoredMeteredHour } from "./metering-point-hourly.js";

/** Hours of one page: three months or so, about a megabyte in memory. */
const PAGE_HOURS = 2000;

/** Which hours are wanted: local days, both included; undefined where there is no bound. */
export interface ExportQuery {
  readonly meteringPointId: string;
  readonly fromDay: string | undefined;
  readonly toDay: string | undefined;
}

/** Midnights of the wall clock, as the views have them. */
const BOUNDS = `
  SELECT extract(epoch FROM $1::date::timestamp AT TIME ZONE '${ZONE}')::float8 * 1000 AS "startEpochMs",
    extract(epoch FROM ($2::date + 1)::timestamp AT TIME ZONE '${ZONE}')::float8 * 1000 AS "endEpochMs"`;
const boundsRow = z.object({ startEpochMs: z.number().nullable(), endEpochMs: z.number().nullable() });

/** As `SyncStore.exportHours` says: each page by a statement of its own, from the hour after the last on. */
export async function* exportHours(
  pool: ConnectionPool,
  { meteringPointId, fromDay, toDay }: ExportQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredMeteredHour[], void, undefined> {
  const days = [fromDay ?? null, toDay ?? null];
  const [bounds] = await pool.use((session) => session.query(boundsRow, BOUNDS, days), signal);
  const end = bounds?.endEpochMs ?? Number.POSITIVE_INFINITY;
  let start = bounds?.startEpochMs ?? Number.NEGATIVE_INFINITY;
  while (true) {
    const from = start;
    const page = await pool.use((session) => readMeteredHours(session, meteringPointId, from, end, PAGE_HOURS), signal);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < PAGE_HOURS) return;
    // Whoever may have written rows between the hours: the next begins a millisecond later at the earliest.
    start = last.startEpochMs + 1;
  }
}
