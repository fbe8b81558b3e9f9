import { randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import type { ConnectionPool, Session } from "./connection/connection-pool.js";
import type { Lease } from "./lease.js";

/** An account of Caruna+ that loads into this database. Times are milliseconds since the epoch. */
export interface KnownAccount {
  readonly id: string;
  /** When its metering points were listed last, and how many there were; `null`: never. */
  readonly listedEpochMs: number | null;
  readonly pointsListed: number | null;
  /** Whether this very call has made its row. */
  readonly isNew: boolean;
}

/** The accounts of a database, as one of them sees them. */
export interface KnownAccounts {
  /** Its own id; undefined where it has no row. */
  readonly id: string | undefined;
  readonly others: number;
}

/** After this long without a cycle of an account, another one that lists its metering points loads them. */
export const ABANDONED_AFTER_MS = 2 * 24 * 60 * 60_000;

/** Two arbitrary numbers; whoever holds this advisory lock is the only one to look for its account and add it. */
const ACCOUNT_LOCK = "20479, 5";

const epochMs = (column: string) => `(round(extract(epoch FROM ${column}) * 1000))::float8`;
const COLUMNS = `id, ${epochMs("listed_at")} AS "listedEpochMs", points_listed AS "pointsListed"`;
const accountRow = z.object({
  id: z.string(),
  listedEpochMs: z.number().nullable(),
  pointsListed: z.number().nullable(),
});
const digestRow = z.object({ id: z.string(), digest: z.instanceof(Buffer), salt: z.instanceof(Buffer) });

/** Knows an account by its base address and user name, of which the database has salted digests alone. */
export class AccountIdentity {
  readonly #identity: string;
  #id: string | undefined;

  constructor(baseUrl: string, username: string) {
    this.#identity = JSON.stringify([baseUrl, username]);
  }

  /** The row of this account, which is added where there is none. */
  async find(pool: ConnectionPool, signal: AbortSignal | undefined): Promise<KnownAccount> {
    const known = this.#id === undefined ? undefined : await pool.use((session) => read(session, this.#id), signal);
    if (known !== undefined) return { ...known, isNew: false };
    return await pool.transaction(async (session) => {
      await session.execute(`SELECT pg_advisory_xact_lock(${ACCOUNT_LOCK})`);
      const [found] = (await this.#search(session)).own;
      this.#id = found ?? (await this.#add(session));
      return { ...accountRow.parse(await read(session, this.#id)), isNew: found === undefined };
    }, signal);
  }

  /** Whether there is a row of this account, and how many of others; adds none. */
  async look(session: Session): Promise<KnownAccounts> {
    const { own, others } = await this.#search(session);
    return { id: own[0], others: others.length };
  }

  async #search(session: Session): Promise<{ readonly own: readonly string[]; readonly others: readonly string[] }> {
    const rows = await session.query(digestRow, "SELECT id, digest, salt FROM public.account ORDER BY id");
    const own: string[] = [];
    for (const { id, digest, salt } of rows) if (digest.equals(await this.#digest(salt))) own.push(id);
    return { own, others: rows.map(({ id }) => id).filter((id) => !own.includes(id)) };
  }

  async #add(session: Session): Promise<string> {
    const id = randomBytes(4).toString("hex");
    const salt = randomBytes(16);
    const values = [id, await this.#digest(salt), salt];
    await session.execute("INSERT INTO public.account (id, digest, salt) VALUES ($1, $2, $3)", values);
    return id;
  }

  #digest(salt: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, digest: Buffer) => (error ? reject(error) : resolve(digest));
      scrypt(this.#identity, salt, 32, { N: 16_384, r: 8, p: 1 }, done);
    });
  }
}

async function read(session: Session, id: string | undefined) {
  const [row] = await session.query(accountRow, `SELECT ${COLUMNS} FROM public.account WHERE id = $1`, [id]);
  return row;
}

/** As `SyncStore.noteRun` says. */
export async function noteRun(pool: ConnectionPool, lease: Lease, nowEpochMs: number, signal: AbortSignal | undefined) {
  const text = "UPDATE public.account SET run_at = to_timestamp($2) WHERE id = $1";
  // One row of its own account: a transaction that asks for the lease once more would guard nothing.
  await pool.use((session) => session.execute(text, [lease.account, nowEpochMs / 1000]), signal);
}
