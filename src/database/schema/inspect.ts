import { z } from "zod";
import type { ConnectionPool } from "../connection/connection-pool.js";
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
    hasLoginGuard: state.objects.some(({ name }) => name === "login_guard"),
  };
}

/** "16.4 (Debian 16.4-1.pgdg120+1)" */
const VERSION = z.object({ server_version: z.string().transform((text) => text.replace(/ .*/, "")) });
const COUNT = z.object({ hours: z.number() });
