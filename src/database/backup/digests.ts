import { z } from "zod";
import type { ConnectionPool } from "../connection/connection-pool.js";
import type { ManifestTable } from "./manifest.js";
import { quoted } from "./tables.js";

const digestRow = z.object({ digest: z.string() });

/** A digest of all rows of each table, whatever their order, by the name of the table: equal where every value is equal. */
export async function tableDigests(
  pool: ConnectionPool,
  tables: readonly Pick<ManifestTable, "name" | "columns">[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  return await pool.use(async (session) => {
    await session.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1");
    const digests = new Map<string, string>();
    for (const { name, columns } of tables) {
      const [row] = await session.query(digestRow, digestOf(name, columns));
      digests.set(name, row?.digest ?? "");
    }
    return digests;
  }, signal);
}

function digestOf(name: string, columns: readonly string[]): string {
  return `
SELECT count(*) || ' ' || COALESCE(sum(('x' || left(md5(r::text), 15))::bit(60)::bigint), 0) AS digest
FROM (SELECT ${columns.map(quoted).join(", ")} FROM public.${quoted(name)}) AS r`;
}
