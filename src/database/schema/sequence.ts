import { z } from "zod";
import type { ConnectionPool } from "../connection/connection-pool.js";
import { DatabaseError, DatabaseTableUnsuitable } from "../connection/errors.js";
import { ENERGY_HOURLY_LOCK } from "../hours/mirror.js";
import type { TableState } from "./tables.js";

const behindRow = z.object({ newest: z.string() });

/**
 * Sets the sequence of `energy_hourly.id` behind the greatest id. COPY, a CSV import and replication bring rows with their
 * ids and leave it behind, and then every insert fails with 23505.
 *
 * @throws {DatabaseTableUnsuitable} with the statement, where our role may not do it.
 */
export async function advanceSequence(pool: ConnectionPool, state: TableState, signal?: AbortSignal): Promise<void> {
  const [sequence] = state.sequences;
  const id = state.columns.find(({ name }) => name === "id");
  if (sequence === undefined || !/^(?:bigint|integer|smallint)$/.test(id?.type ?? "")) return;
  const name = `'${sequence.name.replaceAll("'", "''")}'::regclass`;
  const isBehind = `
    SELECT newest::text FROM (SELECT max(id) AS newest FROM public.energy_hourly) AS ids
    WHERE newest > COALESCE(pg_sequence_last_value(${name}), 0)`;
  const [behind] = await pool.transaction((session) => session.query(behindRow, isBehind), signal);
  if (behind === undefined) return;
  try {
    await pool.transaction(async (session) => {
      // None of our programs counts meanwhile.
      await session.execute(ENERGY_HOURLY_LOCK);
      await session.execute(
        `SELECT setval(${name}, greatest((SELECT max(id) FROM public.energy_hourly), COALESCE(pg_sequence_last_value(${name}), 1)))`,
      );
    }, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof DatabaseError)) throw error;
    const statement = `SELECT setval(${name}, (SELECT max(id) FROM public.energy_hourly));`;
    throw new DatabaseTableUnsuitable([`its sequence is behind the greatest id, ${behind.newest}`], [statement]);
  }
}
