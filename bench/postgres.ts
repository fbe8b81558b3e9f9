import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { EmbeddedServer } from "../src/database/embedded/server.js";
import { Database, type ServerSettings } from "../src/database/index.js";
import { silentLogger } from "../src/shared/logger.js";

const READY = "ready";

/** A PostgreSQL of its own, as the program's embedded one is (durable, its own defaults), in a folder that goes away. */
export class Postgres {
  readonly #folder: string;
  readonly #server: EmbeddedServer;
  readonly #settings: ServerSettings;
  #made = 0;

  private constructor(folder: string, server: EmbeddedServer, settings: ServerSettings) {
    this.#folder = folder;
    this.#server = server;
    this.#settings = settings;
  }

  static async start(): Promise<Postgres> {
    const folder = await mkdtemp(join(tmpdir(), "caruna-bench-"));
    // As root the server runs as an unprivileged user, who must be able to pass.
    await chmod(folder, 0o711);
    const server = new EmbeddedServer(join(folder, "postgres"), silentLogger);
    const postgres = new Postgres(folder, server, await server.start());
    await postgres.#makeReady();
    return postgres;
  }

  /** A folder that the server can read. */
  get folder(): string {
    return this.#folder;
  }

  /** A new database with all tables and no rows. */
  async readyDatabase(): Promise<ServerSettings> {
    const database = `bench_${++this.#made}`;
    await this.#run(`CREATE DATABASE ${database} TEMPLATE ${READY}`);
    return { ...this.#settings, database };
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #makeReady(): Promise<void> {
    await this.#run(`CREATE DATABASE ${READY}`);
    const database = new Database({ ...this.#settings, database: READY }, silentLogger);
    await database.start();
    await database.stop();
  }

  async #run(text: string): Promise<void> {
    await onClient(this.#settings, (client) => client.query(text));
  }
}

/** Runs a task on a connection of its own. */
export async function onClient<Result>(
  { host, port, user, password, database }: ServerSettings,
  task: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    return await task(client);
  } finally {
    await client.end();
  }
}
