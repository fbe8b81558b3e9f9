import { createServer } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { loadConfiguration } from "../../src/config/index.js";
import { explainError } from "../../src/database/connection/connection-errors.js";
import { ConnectionPool } from "../../src/database/connection/connection-pool.js";
import { Database, DatabaseError, type DatabaseSettings, type ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { freePort } from "../support/free-port.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

let testDatabase: TestDatabase;

beforeEach(async () => {
  testDatabase = await createDatabase();
});

afterEach(async () => {
  await testDatabase.drop();
});

async function startingFails(settings: DatabaseSettings): Promise<string> {
  const database = new Database(settings, silentLogger);
  const error: unknown = await database.start().catch((problem: unknown) => problem);
  await database.stop();
  expect(error).toBeInstanceOf(DatabaseError);
  return String(error);
}

function serverWith(changes: Partial<ServerSettings>): ServerSettings {
  return { ...testDatabase.settings, ...changes };
}

test("a port where nothing listens is named with its address", async () => {
  const port = await freePort();
  const message = await startingFails(serverWith({ port }));
  expect(message).toContain(`DatabaseUnreachable: PostgreSQL at 127.0.0.1:${port}/${testDatabase.settings.database}`);
  expect(message).toMatch(/nothing listens there.*DB_HOST/);
});

test("inside a container a refused localhost gets the hint what localhost is there", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const settings = serverWith({ host: "localhost" });
  expect(String(explainError(refused, settings, true))).toMatch(/host\.docker\.internal.*--network host/);
  expect(String(explainError(refused, settings, false))).not.toContain("container");
  expect(String(explainError(refused, serverWith({ host: "db.example" }), true))).not.toContain("container");
});

test("a wrong password is told apart, and never shown", async () => {
  const message = await startingFails(serverWith({ password: "väärä-sana" }));
  expect(message).toMatch(/DatabaseLoginRejected: .*rejected the user caruna or the password.*DB_PASSWORD/);
  expect(message).not.toContain("väärä-sana");
});

test("a missing database comes with the statement that makes it", async () => {
  const message = await startingFails(serverWith({ database: 'Oma "kanta"' }));
  expect(message).toContain("DatabaseMissing: ");
  expect(message).toContain('CREATE DATABASE "Oma ""kanta""" OWNER caruna;');
});

test("a host name that nobody knows is told", async () => {
  expect(await startingFails(serverWith({ host: "no-such-host.invalid" }))).toMatch(/DatabaseUnreachable: .*host name/);
});

test.each(["disable", "allow", "prefer"] as const)("sslmode %s connects to a server without TLS", async (sslmode) => {
  const database = new Database(serverWith({ sslmode }), silentLogger);
  await database.start();
  await database.stop();
});

test.each(["require", "verify-ca", "verify-full"] as const)(
  "sslmode %s does not connect to a server without TLS",
  async (sslmode) => {
    const message = await startingFails(serverWith({ sslmode }));
    expect(message).toMatch(new RegExp(`DatabaseEncryptionFailed: .*does not offer TLS.*DB_SSLMODE=${sslmode}`));
  },
);

test("a database that allows no connections for now is out of reach", async () => {
  await testDatabase.query(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database()); END $$",
  );
  await testDatabase.query("CREATE ROLE limited_visitor LOGIN PASSWORD 'x'");
  const message = await startingFails(serverWith({ user: "limited_visitor", password: "x" }));
  await testDatabase.query("DROP ROLE limited_visitor");
  expect(message).toMatch(/DatabaseUnreachable: .*no connection to spare/);
});

test("a read-only database is told as such", async () => {
  await testDatabase.query(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
  );
  expect(await startingFails(testDatabase.settings)).toMatch(/read-only/);
});

test("a role that may not connect is told the grant", async () => {
  await testDatabase.query(
    "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$",
  );
  await testDatabase.query("CREATE ROLE unconnected_visitor LOGIN PASSWORD 'x'");
  const message = await startingFails(serverWith({ user: "unconnected_visitor", password: "x" }));
  await testDatabase.query("DROP ROLE unconnected_visitor");
  expect(message).toContain(`GRANT CONNECT ON DATABASE ${testDatabase.settings.database} TO unconnected_visitor;`);
});

test("a start that failed succeeds once the cause is gone", async () => {
  const database = new Database(testDatabase.settings, silentLogger);
  await testDatabase.query("CREATE VIEW public.energy_hourly AS SELECT 1 AS one");
  await expect(database.start()).rejects.toThrow();
  await testDatabase.query("DROP VIEW public.energy_hourly");
  await database.check();
  expect(await database.newestStoredHours()).toEqual([]);
  await database.stop();
});

test("an abort ends the wait for a server that accepts and never answers", async () => {
  const silent = createServer();
  const isMet = new Promise<void>((resolve) => silent.once("connection", () => resolve()));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const ending = new AbortController();
  const reason = new Error("the end");
  const database = new Database(serverWith({ port }), silentLogger);
  const starting = database.start(ending.signal);
  await isMet;
  ending.abort(reason);
  await expect(starting).rejects.toBe(reason);
  await database.stop();
  silent.close();
});

test("what DATABASE_URL holds after its ? reaches the server", async () => {
  const parameters = "application_name=oma&options=-c%20work_mem%3D7MB%20-c%20lock_timeout%3D7s&connect_timeout=5";
  const { database: settings } = loadConfiguration({
    environment: { DATABASE_URL: `${testDatabase.url}&${parameters}` },
    workingDirectory: "/nowhere",
  });
  if (settings.kind === "embedded") throw new Error("DATABASE_URL was not taken");
  const pool = new ConnectionPool(settings, silentLogger);
  const row = z.object({ name: z.string(), memory: z.string(), lock: z.string() });
  const ask =
    "SELECT current_setting('application_name') AS name, current_setting('work_mem') AS memory, current_setting('lock_timeout') AS lock";
  expect(await pool.transaction((session) => session.query(row, ask))).toEqual([
    { name: "oma", memory: "7MB", lock: "7s" },
  ]);
  await pool.close();
});

test("connect_timeout ends the wait for a server that accepts and never answers", async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await startingFails(serverWith({ port, connectTimeoutSeconds: 1 }))).toMatch(/did not answer in time/);
  silent.close();
});

test.each([
  [
    "25P03",
    "terminating connection due to idle-in-transaction timeout",
    /SET idle_in_transaction_session_timeout = '60s';/,
  ],
  ["25P04", "terminating connection due to transaction timeout", /SET transaction_timeout = '60s';/],
  ["57P05", "terminating connection due to idle-session timeout", /SET idle_session_timeout = '60s';/],
  ["57014", "canceling statement due to user request", /for an administrator or for its statement_timeout/],
  ["53200", "out of memory", /out of memory\. Give it more/],
  ["42501", "permission denied for table database_of_mine", /see what the table has \(row-level security, a trigger\)/],
])("the server's %s is told with what its owner can do, and not as one that is out of reach", (code, words, remedy) => {
  const message = String(explainError(Object.assign(new Error(words), { code }), testDatabase.settings));
  expect(message).toMatch(/^DatabaseFailed: /);
  expect(message).toContain(`(${words}, ${code})`);
  expect(message).toMatch(remedy);
});

test("a statement without an answer is told with poolers and servers in mind", () => {
  const message = String(explainError(new Error("Query read timeout"), testDatabase.settings));
  expect(message).toMatch(/^DatabaseUnreachable: .*overloaded.*connection pooler/);
});
