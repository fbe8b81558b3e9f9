import { Client } from "pg";
import type { EmbeddedServer } from "../../src/database/embedded/server.js";

/** Starts an embedded server, works on its database, and stops it. */
export async function onServer<Result>(
  server: EmbeddedServer,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { host, port, user, password, database } = await server.start();
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
    await server.stop();
  }
}
