import { z } from "zod";
import type { ConnectionPool, Session } from "../connection/connection-pool.js";
import { checkTables } from "./migrate.js";

/** What a look at the database shows. */
export type DatabaseInspection =
  | {
      /** The embedded server's data: the first start makes them. */
      readonly kind: "not made yet";
      readonly version: string;
    }
  | {
      readonly kind: "there";
      /** As the server tells it, e.g. `16.4`. */
      readonly version: string;
      /** Quoted as SQL takes it. */
      readonly role: string;
      /** Files of `sql/` that the next cycle runs. */
      readonly pending: readonly string[];
      /** Rows of `energy_hourly`; null where there is no such table yet. */
      readonly hours: number | null;
      /** Whether the table that keeps rejected passwords from being posted again is there. */
      readonly hasLoginGuard: boolean;
      /** Whether the table of the Python program's last version is there. */
      readonly hasOriginalsLastTable: boolean;
    };

/**
 * Asks the server for its version, our role's rights and the tables, in queries that only read.
 *
 * @throws {DatabaseRightsMissing} with all the GRANT statements to run.
 * @throws {DatabaseTableUnsuitable} with what `energy_hourly` lacks.
 */
export async function inspectTables(pool: ConnectionPool, signal?: AbortSignal): Promise<DatabaseInspection> {
  const { state, pending } = await checkTables(pool, signal);
  const version = await pool.use((session) => session.query(VERSION, "SHOW server_version"), signal);
  const hasOriginalsLastTable = await pool.use(findOriginalsLastTable, signal);
  const hours =
    state.kind === null
      ? []
      : await pool.use(
          (session) => session.query(COUNT, "SELECT count(*)::float8 AS hours FROM public.energy_hourly"),
          signal,
        );
  return {
    kind: "there",
    version: version[0]?.server_version ?? "unknown",
    role: state.role,
    pending: pending.map(({ name }) => name),
    hours: hours[0]?.hours ?? null,
    hasOriginalsLastTable,
    hasLoginGuard: state.objects.some(({ name }) => name === "login_guard"),
  };
}

/** What a user should know of the table of the Python program's last version, where it is there. */
export const ORIGINALS_LAST_TABLE =
  "carunaplus_energy_hourly is the table of the Python program's last version (2023-04), with Caruna+'s own field names and the " +
  "second metering point of the list; it is neither read nor written here: the same hours are loaded from Caruna+ into energy_hourly " +
  "and metering_point_hourly";

/** Whether that table is there. */
export async function findOriginalsLastTable(session: Session): Promise<boolean> {
  const [found] = await session.query(
    z.object({ exists: z.boolean() }),
    "SELECT to_regclass('public.carunaplus_energy_hourly') IS NOT NULL AS exists",
  );
  return found?.exists ?? false;
}

/** "16.4 (Debian 16.4-1.pgdg120+1)" */
const VERSION = z.object({ server_version: z.string().transform((text) => text.replace(/ .*/, "")) });
const COUNT = z.object({ hours: z.number() });
