import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { ConnectionPool } from "../../src/database/connection/connection-pool.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

let testDatabase: TestDatabase;
let pool: ConnectionPool;
beforeEach(async () => {
  testDatabase = await createDatabase();
  // One connection, so that what one use leaves behind is what the next one finds.
  pool = new ConnectionPool(testDatabase.settings, silentLogger, { connections: 1 });
  await testDatabase.query("CREATE TABLE written (what text)");
});
afterEach(async () => {
  await pool.close();
  await testDatabase.drop();
});

const processId = (ofPool = pool) =>
  ofPool.use(
    async (session) => (await session.query(z.object({ id: z.number() }), "SELECT pg_backend_pid() AS id"))[0]?.id,
  );

test("an error of our own rolls the transaction back", async () => {
  const failing = pool.transaction(async (session) => {
    await session.execute("INSERT INTO written VALUES ('half')");
    throw new TypeError("a fault in the program");
  });
  await expect(failing).rejects.toThrow();
  expect(await testDatabase.query("SELECT * FROM written")).toEqual([]);
  await pool.transaction((session) => session.execute("INSERT INTO written VALUES ('whole')"));
  expect(await testDatabase.query("SELECT * FROM written")).toEqual([{ what: "whole" }]);
});

test("an error of PostgreSQL's leaves the connection in use", async () => {
  const before = await processId();
  await expect(pool.transaction((session) => session.execute("SELECT 1 / 0"))).rejects.toThrow(/division by zero/);
  expect(await processId()).toBe(before);
});

test("a connection whose statement goes on after an abort is not given to the next one", async () => {
  const before = await processId();
  const ending = new AbortController();
  const reason = new Error("the end");
  const slow = pool.use(async (session) => {
    const sleeping = session.execute("SELECT pg_sleep(30)");
    ending.abort(reason);
    return await sleeping;
  }, ending.signal);
  // It waits for the only connection, and must not get it with that statement under way.
  const next = processId();
  await expect(slow).rejects.toBe(reason);
  expect(await next).not.toBe(before);
});

test("a connection whose statement was given up is not given to the next one", async () => {
  const impatient = new ConnectionPool(testDatabase.settings, silentLogger, { connections: 1, queryTimeoutMs: 2_000 });
  try {
    const before = await processId(impatient);
    const slow = impatient.use((session) => session.execute("SELECT pg_sleep(30)"));
    const next = processId(impatient);
    await expect(slow).rejects.toThrow(/out of reach/);
    expect(await next).not.toBe(before);
  } finally {
    await impatient.close();
  }
});
