import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import type { ServerSettings } from "../../src/database/index.js";
import { copyEmbeddedData, MIGRATED_TEMPLATE } from "./postgres-server.js";

/** A database of its own for one test or one test file, on the PostgreSQL that all tests share. */
export interface TestDatabase {
  /** How the program under test reaches it. */
  readonly settings: ServerSettings;
  /** The same as a connection URL, password included. */
  readonly url: string;
  /** Runs SQL on it (the shared superuser) and returns the rows; several statements only without values. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Removes it, whoever may still be connected. */
  drop(): Promise<void>;
}

/** Makes an empty database; `drop()` it in an `afterEach` or `afterAll`. */
export async function createDatabase(): Promise<TestDatabase> {
  return await createFrom("template1");
}

/** Makes an empty database of another encoding than UTF-8, as PostgreSQL names it. */
export async function createDatabaseIn(encoding: string): Promise<TestDatabase> {
  return await createFrom(`template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`);
}

/** Makes a database that has the program's tables, a copy of one that all tests share: quicker than to make them. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  return await createFrom(MIGRATED_TEMPLATE);
}

/** Makes a database with what another one has, to which nobody is connected. */
export async function createCopy({ settings }: TestDatabase): Promise<TestDatabase> {
  return await createFrom(settings.database);
}

/** Puts the data of an embedded server there, as its first start and migrations leave them: quicker than to make them. */
export async function prepareEmbeddedData(directory: string): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await copyEmbeddedData(inject("embeddedData"), directory);
}

async function createFrom(template: string): Promise<TestDatabase> {
  const { host, port, user, password } = inject("postgresServer");
  const database = `test_${randomBytes(6).toString("hex")}`;
  await runOn("postgres", `CREATE DATABASE ${database} TEMPLATE ${template}`);
  return {
    settings: { kind: "server", host, port, database, user, password, sslmode: "disable" },
    url: `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`,
    query: (text, values) => runOn(database, text, values),
    drop: async () => void (await runOn("postgres", `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)),
  };
}

async function runOn(database: string, text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const { host, port, user, password } = inject("postgresServer");
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(text, values);
    return result.rows;
  } finally {
    await client.end();
  }
}
