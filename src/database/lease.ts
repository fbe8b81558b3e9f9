import { z } from "zod";
import type { ConnectionPool, Session } from "./connection/connection-pool.js";
import { DatabaseError } from "./connection/errors.js";

/** The right to write the metering points of an account, as its owner holds it. */
export interface Lease {
  /** Id of the account. */
  readonly account: string;
  readonly owner: string;
  /** Counts the owners; with a new one, whatever is written under an older one is refused. */
  readonly epoch: number;
}

/** Somebody else has the lease. */
export interface LeaseHeld {
  readonly heldBy: string;
  /** When it ends unless that program renews it: milliseconds since the epoch, by the clock of the database. */
  readonly expiresEpochMs: number;
  /**
   * Where it has ended and cannot be taken all the same: sessions of the server (`pid` in `pg_stat_activity`) that may
   * hold its row in a transaction.
   */
  readonly lockedBy?: readonly number[];
}

/** Another program writes now, or the lease ran out; nothing of the refused transaction was written. */
export class LeaseLost extends DatabaseError {
  constructor(owner: string) {
    super(
      `This program (${owner}) is no longer the one that writes to the database: its lease ran out or another instance ` +
        "took over. Nothing was half written. It waits for its turn; where only one instance should run, end the other.",
    );
  }
}

/** A running program writes to the database, and nothing was changed. */
export class DatabaseInUse extends DatabaseError {
  constructor(owner: string) {
    super(
      `A running program (${owner}) writes to this database. End it, or wait until its cycle is over, and run this command again; ` +
        "one that was killed is forgotten after three minutes. Nothing was changed.",
    );
  }
}

/** The only lease of version 0.1.0, whose programs write for whatever account: while it is held no other one is. */
const OLDER_NAME = "writer";
const OLDER_IS_HELD = `EXISTS (
    SELECT FROM public.writer_lease WHERE name = '${OLDER_NAME}' AND expires_at > clock_timestamp()
  )`;
const nameOf = (account: string) => `${OLDER_NAME} of ${account}`;
/** A program that is gone is followed by the next one after this long. */
const LEASE = "interval '3 minutes'";

const epochRow = z.object({ epoch: z.number() });
const holderRow = z.object({
  heldBy: z.string(),
  expiresEpochMs: z.number(),
  hasEnded: z.boolean(),
  sessions: z.array(z.number()),
});

export interface LeaseRequest {
  /** Id of the account whose metering points are to be written. */
  readonly account: string;
  /** Names this running program, and no other one on any machine. */
  readonly owner: string;
  /** A program that is known to have ended without giving it back: its lease counts as run out. */
  readonly goneOwner?: string | undefined;
}

/**
 * Takes the lease where it is free, has run out, or is this owner's own, and no older version writes. Never waits for a
 * transaction of its holder.
 */
export async function acquireLease(
  pool: ConnectionPool,
  { account, owner, goneOwner }: LeaseRequest,
  signal: AbortSignal | undefined,
): Promise<Lease | LeaseHeld> {
  const name = nameOf(account);
  return await pool.transaction(async (session) => {
    await session.execute(
      `INSERT INTO public.writer_lease (name, owner, epoch, expires_at) VALUES ($1, $2, 0, '-infinity')
      ON CONFLICT (name) DO NOTHING`,
      [name, owner],
    );
    // While a write of the holder is under way its row is locked, and it is alive.
    const [taken] = await session.query(
      epochRow,
      `UPDATE public.writer_lease SET owner = $2, epoch = epoch + 1, expires_at = clock_timestamp() + ${LEASE}
      WHERE NOT ${OLDER_IS_HELD} AND name = (
        SELECT name FROM public.writer_lease
        WHERE name = $1 AND (expires_at <= clock_timestamp() OR owner IN ($2, $3))
        FOR UPDATE SKIP LOCKED
      )
      RETURNING epoch::float8`,
      [name, owner, goneOwner ?? owner],
    );
    if (taken) return { account, owner, epoch: taken.epoch };
    const [holder] = await session.query(
      holderRow,
      // Where nobody has ever held it, its end is -infinity.
      `SELECT owner AS "heldBy",
        (extract(epoch FROM greatest(least(expires_at, '9999-01-01'), 'epoch')) * 1000)::float8 AS "expiresEpochMs",
        expires_at <= clock_timestamp() AS "hasEnded",
        ARRAY(
          SELECT DISTINCT pid FROM pg_catalog.pg_locks
          WHERE relation = 'public.writer_lease'::regclass AND mode <> 'AccessShareLock' AND pid <> pg_backend_pid()
        ) AS sessions
      FROM public.writer_lease WHERE name = CASE WHEN ${OLDER_IS_HELD} THEN '${OLDER_NAME}' ELSE $1 END`,
      [name],
    );
    const { hasEnded, sessions, ...held } = holderRow.parse(holder);
    return hasEnded ? { ...held, lockedBy: sessions } : held;
  }, signal);
}

/** Three minutes from now on, also where it ran out and nobody has taken it since. @throws {LeaseLost} */
export async function renewLease(pool: ConnectionPool, lease: Lease, signal: AbortSignal | undefined): Promise<void> {
  const renewed = await setExpiry(pool, lease, `clock_timestamp() + ${LEASE}`, signal);
  if (renewed === 0) throw new LeaseLost(lease.owner);
}

/** Lets the next program write at once; does nothing where the lease is lost already. */
export async function releaseLease(pool: ConnectionPool, lease: Lease, signal: AbortSignal | undefined): Promise<void> {
  await setExpiry(pool, lease, "clock_timestamp()", signal);
}

async function setExpiry(pool: ConnectionPool, { account, owner, epoch }: Lease, expiry: string, signal?: AbortSignal) {
  const text = `UPDATE public.writer_lease SET expires_at = ${expiry} WHERE name = $1 AND owner = $2 AND epoch = $3`;
  return await pool.use((session) => session.execute(text, [nameOf(account), owner, epoch]), signal);
}

/**
 * Runs `work` in a transaction that first makes sure of the lease and locks its row: until the commit nobody can take
 * over, and writes of one program follow one another.
 *
 * @throws {LeaseLost} before anything is written.
 */
export async function underLease<Result>(
  pool: ConnectionPool,
  { account, owner, epoch }: Lease,
  work: (session: Session) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  return await pool.transaction(async (session) => {
    const [held] = await session.query(
      epochRow,
      `SELECT epoch::float8 FROM public.writer_lease
      WHERE name = $1 AND owner = $2 AND epoch = $3 AND expires_at > clock_timestamp() AND NOT ${OLDER_IS_HELD}
      FOR UPDATE`,
      [nameOf(account), owner, epoch],
    );
    if (!held) throw new LeaseLost(owner);
    return await work(session);
  }, signal);
}

/**
 * Until the end of the transaction nobody takes a lease or writes under one, whatever the account. A write that is under way
 * under a lease that has just run out is waited for: it holds the row of the lease.
 *
 * @throws {DatabaseInUse} where a program holds a lease.
 */
export async function keepWritersOut(session: Session): Promise<void> {
  await session.execute("LOCK TABLE public.writer_lease IN EXCLUSIVE MODE");
  const [holder] = await session.query(
    z.object({ owner: z.string() }),
    "SELECT owner FROM public.writer_lease WHERE expires_at > clock_timestamp() LIMIT 1",
  );
  if (holder !== undefined) throw new DatabaseInUse(holder.owner);
}
