import { z } from "zod";
import type { Session } from "./connection/connection-pool.js";

const valueRow = z.object({ value: z.string() });

/** Undefined where nothing is remembered under that name. */
export async function readState(session: Session, name: string): Promise<string | undefined> {
  const [row] = await session.query(valueRow, "SELECT value FROM public.sync_state WHERE name = $1", [name]);
  return row?.value;
}

/** In a transaction of the caller's. */
export async function writeState(session: Session, name: string, value: string): Promise<void> {
  await session.execute(
    `INSERT INTO public.sync_state (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value, updated_at = now()`,
    [name, value],
  );
}
