import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, LeaseLost } from "../../src/database/index.js";
import { leaseOf, startLeased } from "../support/leased.js";
import { meteredHour } from "../support/metered-hours.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

let testDatabase: TestDatabase;
let database: Database;

beforeEach(async () => {
  testDatabase = await createDatabase();
  const started = await startLeased(testDatabase.settings);
  database = started.database;
  await database.sync.releaseLease(started.lease);
});

afterEach(async () => {
  await database.stop();
  await testDatabase.drop();
});

/** As three minutes that pass. */
async function expire(): Promise<void> {
  await testDatabase.query("UPDATE public.writer_lease SET expires_at = now() - interval '1 second'");
}

const batch = {
  hours: [{ meteringPointId: "A", isFollowed: true, readings: [meteredHour(Date.UTC(2026, 0, 1))] }],
};

test("one has the lease, and the other is told who and until when", async () => {
  await leaseOf(database, "first");
  const [row] = await testDatabase.query("SELECT expires_at, expires_at - now() AS left FROM public.writer_lease");
  expect(await database.sync.acquireLease({ account: "account", owner: "second" })).toEqual({
    heldBy: "first",
    expiresEpochMs: expect.closeTo(Number(row?.expires_at), -1),
  });
  expect(row?.left).toMatchObject({ minutes: 2 });
});

test("of many that ask at once one gets it", async () => {
  const asked = Array.from({ length: 8 }, (_, index) =>
    database.sync.acquireLease({ account: "account", owner: `program ${index}` }),
  );
  const got = (await Promise.all(asked)).filter((answer) => "epoch" in answer);
  expect(got).toHaveLength(1);
});

test("a lease that was given back is free at once, one that ran out is taken over", async () => {
  const first = await leaseOf(database, "first");
  await database.sync.releaseLease(first);
  const second = await leaseOf(database, "second");
  expect(second.epoch).toBeGreaterThan(first.epoch);
  await expire();
  expect((await leaseOf(database, "third")).epoch).toBeGreaterThan(second.epoch);
});

test("who lost the lease writes nothing, whatever it writes", async () => {
  const lost = await leaseOf(database, "first");
  await expire();
  await leaseOf(database, "second");
  const writes = [
    () => database.sync.storeReadings(lost, batch),
    () => database.sync.savePeriods(lost, []),
    () => database.sync.seeMeteringPoints(lost, [], 0),
    () => database.sync.followMeteringPoint(lost, "A", false),
    () => database.sync.remember(lost, "name", "value"),
    () => database.sync.renewLease(lost),
  ];
  for (const write of writes) await expect(write()).rejects.toThrow(LeaseLost);
  expect(await database.sync.hoursOf("A", 0, Date.now())).toEqual([]);
  expect(await database.sync.remembered("name")).toBeUndefined();
  // Neither does it take away another's.
  await database.sync.releaseLease(lost);
  expect(await database.sync.acquireLease({ account: "account", owner: "third" })).toMatchObject({ heldBy: "second" });
});

test("a lease that ran out writes nothing, and can be renewed while nobody has taken it", async () => {
  const lease = await leaseOf(database, "first");
  await expire();
  await expect(database.sync.storeReadings(lease, batch)).rejects.toThrow(LeaseLost);
  await database.sync.renewLease(lease);
  expect(await database.sync.storeReadings(lease, batch)).toMatchObject({ inserted: 1 });
});

test("the same owner can take it again, and its older lease is void", async () => {
  const before = await leaseOf(database, "first");
  const after = await leaseOf(database, "first");
  await expect(database.sync.storeReadings(before, batch)).rejects.toThrow(LeaseLost);
  await expect(database.sync.renewLease(before)).rejects.toThrow(LeaseLost);
  await database.sync.releaseLease(before);
  expect(await database.sync.storeReadings(after, batch)).toMatchObject({ inserted: 1 });
});

test("nobody takes over during a write, and nobody who asks has to wait for it", async () => {
  const lease = await leaseOf(database, "first");
  await testDatabase.query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(1, 1); RETURN NULL; END';
    CREATE TRIGGER hold BEFORE INSERT ON public.energy_hourly FOR EACH STATEMENT EXECUTE FUNCTION hold();`);
  const { host, port, user, password, database: name } = testDatabase.settings;
  const holder = new pg.Client({ host, port, user, password, database: name });
  await holder.connect();
  await holder.query("SELECT pg_advisory_lock(1, 1)");
  const writing = database.sync.storeReadings(lease, batch);
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`;
  while ((await holder.query(waiting)).rowCount === 0);
  // The same owner might take it at any other time.
  expect(await database.sync.acquireLease({ account: "account", owner: "first" })).toMatchObject({ heldBy: "first" });
  await holder.end();
  expect(await writing).toMatchObject({ inserted: 1 });
});

test("a lease whose owner is known to be gone is taken at once, another owner's is not", async () => {
  await database.sync.acquireLease({ account: "account", owner: "killed" });
  expect(
    await database.sync.acquireLease({ account: "account", owner: "next", goneOwner: "somebody else" }),
  ).toMatchObject({ heldBy: "killed" });
  expect(await database.sync.acquireLease({ account: "account", owner: "next", goneOwner: "killed" })).toMatchObject({
    owner: "next",
  });
});

test("each account has a lease of its own", async () => {
  const one = await leaseOf(database, "first", "one");
  const other = await leaseOf(database, "second", "other");
  expect(await database.sync.storeReadings(one, batch)).toMatchObject({ inserted: 1 });
  expect(await database.sync.storeReadings(other, batch)).toMatchObject({ unchanged: 1 });
  await expect(database.sync.renewLease({ ...one, account: "other" })).rejects.toThrow(LeaseLost);
});

test("while a program of version 0.1.0 holds its lease nobody else takes one, and nobody writes", async () => {
  const lease = await leaseOf(database, "first");
  await testDatabase.query(
    "INSERT INTO public.writer_lease VALUES ('writer', 'an older one', 7, now() + interval '1 minute')",
  );
  expect(await database.sync.acquireLease({ account: "other", owner: "second" })).toMatchObject({
    heldBy: "an older one",
  });
  await expect(database.sync.storeReadings(lease, batch)).rejects.toThrow(LeaseLost);
  await testDatabase.query("UPDATE public.writer_lease SET expires_at = now() WHERE name = 'writer'");
  await leaseOf(database, "second", "other");
  expect(await database.sync.storeReadings(lease, batch)).toMatchObject({ inserted: 1 });
});

test.each(["-infinity", "infinity"])(
  "a row that ends at %s and that somebody keeps locked is told as held",
  async (end) => {
    await leaseOf(database, "first");
    const { host, port, user, password, database: name } = testDatabase.settings;
    const holder = new pg.Client({ host, port, user, password, database: name });
    await holder.connect();
    await holder.query(`UPDATE public.writer_lease SET expires_at = '${end}'`);
    await holder.query("BEGIN; SELECT FROM public.writer_lease FOR UPDATE");
    expect(await database.sync.acquireLease({ account: "account", owner: "second" })).toMatchObject({
      heldBy: "first",
      expiresEpochMs: expect.any(Number),
    });
    await holder.end();
  },
);
