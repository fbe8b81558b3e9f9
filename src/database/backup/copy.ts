import type { ConnectionPool } from "../connection/connection-pool.js";
import { quoted, TAKEN_OVER } from "./tables.js";
import { COLUMN, COLUMNS } from "./write.js";

/**
 * Copies the tables that no backup has, and that the same installation must not lose with a new server, into tables that
 * have no rows: who was rejected, and which account loads what.
 */
export async function copyTables(from: ConnectionPool, into: ConnectionPool, signal: AbortSignal): Promise<void> {
  await from.use(
    (source) =>
      into.transaction(async (target) => {
        for (const name of TAKEN_OVER) {
          // A table that an older version of the program had not made yet has no columns.
          const columns = (await source.query(COLUMN, COLUMNS, [name])).map(({ column }) => quoted(column)).join(", ");
          if (columns === "") continue;
          const rows = source.copyOut(`COPY public.${quoted(name)} (${columns}) TO STDOUT`);
          await target.execute(`DELETE FROM public.${quoted(name)}`);
          await target.copyIn(`COPY public.${quoted(name)} (${columns}) FROM STDIN`, rows);
        }
      }, signal),
    signal,
  );
}
