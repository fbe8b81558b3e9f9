import { afterEach, beforeEach } from "vitest";
import { Database, type Lease, type ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createMigratedDatabase, type TestDatabase } from "./postgres.js";

/** A started database whose lease the test holds, new for every test. */
export interface Leased {
  readonly testDatabase: TestDatabase;
  readonly database: Database;
  readonly lease: Lease;
}

/** Makes one for each test of the file. */
export function newLeased(): Leased {
  let testDatabase: TestDatabase;
  let started: Awaited<ReturnType<typeof startLeased>>;
  beforeEach(async () => {
    testDatabase = await createMigratedDatabase();
    started = await startLeased(testDatabase.settings);
  });
  afterEach(async () => {
    await started.database.stop();
    await testDatabase.drop();
  });
  return {
    get testDatabase() {
      return testDatabase;
    },
    get database() {
      return started.database;
    },
    get lease() {
      return started.lease;
    },
  };
}

/** A started database whose lease the test holds. */
export async function startLeased(settings: ServerSettings): Promise<{ database: Database; lease: Lease }> {
  const database = new Database(settings, silentLogger);
  await database.start();
  return { database, lease: await leaseOf(database, "the test") };
}

/** Fails where somebody else holds it. */
export async function leaseOf(database: Database, owner: string, account = "account"): Promise<Lease> {
  const lease = await database.sync.acquireLease({ account, owner });
  if (!("epoch" in lease)) throw new Error(`the lease is held by ${lease.heldBy}`);
  return lease;
}
