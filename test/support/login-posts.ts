import type { TestDatabase } from "./postgres.js";

/** As if that much time had passed since the last try. */
export async function postedBefore(database: TestDatabase, interval: string): Promise<void> {
  await database.query(
    `UPDATE public.login_guard SET posts = (
      SELECT jsonb_agg(jsonb_set(post, '{atEpochMs}', to_jsonb((post->>'atEpochMs')::float8 - extract(epoch FROM $1::interval) * 1000)))
      FROM jsonb_array_elements(posts) AS post
    ) WHERE posts <> '[]'`,
    [interval],
  );
}
