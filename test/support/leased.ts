import { Database, type Lease, type ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/logger.js";

/** A started database whose lease the test holds. */
export async function startLeased(settings: ServerSettings): Promise<{ database: Database; lease: Lease }> {
  const database = new Database(settings, silentLogger);
  await database.start();
  return { database, lease: await leaseOf(database, "the test") };
}

/** Fails where somebody else holds it. */
export async function leaseOf(database: Database, owner: string): Promise<Lease> {
  const lease = await database.sync.acquireLease(owner);
  if (!("epoch" in lease)) throw new Error(`the lease is held by ${lease.heldBy}`);
  return lease;
}
