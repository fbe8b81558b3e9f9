import { chmod, chown, cp, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import { Database, type ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";

/** Where the PostgreSQL of the tests is; plain data, since it travels to the test processes. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

declare module "vitest" {
  interface ProvidedContext {
    postgresServer: TestServer;
    /** The data folder of an embedded server as its first start leaves it, with the program's tables, stopped. */
    embeddedData: string;
  }
}

/** Starts one real PostgreSQL for all test files, and stops and removes it after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "caruna-postgres-"));
  // As root the server runs as an unprivileged user, who must be able to pass.
  await chmod(folder, 0o711);
  const prepared = join(folder, "prepared");
  const installed = new Database({ kind: "embedded", directory: prepared }, silentLogger);
  await installed.start();
  await installed.stop();
  await copyEmbeddedData(prepared, join(folder, "postgres"));
  const server = new EmbeddedServer(join(folder, "postgres"), silentLogger);
  await suitTests(server);
  const { host, port, user, password } = await server.start();
  await makeTemplate({ host, port, user, password });
  project.provide("embeddedData", prepared);
  project.provide("postgresServer", { host, port, user, password: password ?? "" });
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** The database that has the program's tables and no rows. */
export const MIGRATED_TEMPLATE = "migrated_template";

async function makeTemplate(server: Pick<ServerSettings, "host" | "port" | "user" | "password">): Promise<void> {
  const client = new pg.Client({ ...server, database: "postgres" });
  await client.connect();
  await client.query(`CREATE DATABASE ${MIGRATED_TEMPLATE}`);
  await client.end();
  const database = new Database(
    { kind: "server", sslmode: "disable", ...server, database: MIGRATED_TEMPLATE },
    silentLogger,
  );
  await database.start();
  await database.stop();
}

/** Room for test files that run side by side, and no waiting for the disk: nobody needs these data after a power cut. */
async function suitTests(server: EmbeddedServer): Promise<void> {
  const { host, port, user, password, database } = await server.start();
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  for (const setting of [
    "max_connections = 100",
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
  ]) {
    await client.query(`ALTER SYSTEM SET ${setting}`);
  }
  await client.end();
  await server.stop();
}

/** Copies the data folder of a stopped embedded server, whose files keep their owner. */
export async function copyEmbeddedData(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(from);
  await chown(to, uid, gid);
  for (const name of await readdir(to, { recursive: true })) await chown(join(to, name), uid, gid);
}
