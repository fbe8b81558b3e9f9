import { randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import type { ConnectionPool, Session } from "./connection/connection-pool.js";

const HOUR_MS = 60 * 60_000;
/** How long a rejected password is not posted again: after the first rejection, the second, the third; then for good. */
const WAITS_MS: readonly number[] = [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS];
/** A program may be killed in the middle of a login now and then; more often, somebody restarts it in a loop. */
const FORGIVEN_UNFINISHED_TRIES = 2;

/** Two arbitrary numbers; whoever holds this advisory lock is the only one to post a password. */
const LOGIN_LOCK = "20479, 3";

/** Known to the guard of one set of credentials: what became of the password since it was last accepted. */
export interface LoginTries {
  readonly rejections: number;
  /** Posts whose outcome was never noted. */
  readonly unfinishedTries: number;
  /** Milliseconds since the epoch. */
  readonly lastTryEpochMs: number;
  /** Caruna's words at the last rejection. */
  readonly reason: string | undefined;
}

/** Why the password may not be posted now; undefined as `nextTryEpochMs`: not by itself any more. */
export interface LoginHold extends LoginTries {
  readonly nextTryEpochMs: number | undefined;
}

type LoginOutcome =
  | { readonly kind: "accepted" | "not judged" | "cut off" }
  | { readonly kind: "rejected"; readonly reason: string | undefined };

type NotedTry = { readonly hold: LoginHold } | { readonly hold: undefined; end(outcome: LoginOutcome): Promise<void> };

/**
 * The rule: after the first rejection the password may be posted again after 1 h, after the second after 6 h, after the
 * third after 24 h, then not by itself. Tries without an outcome count as rejections from the third on.
 *
 * @param tries since the password was last accepted; undefined where there was none.
 * @returns why the password must not be posted now; undefined where it may.
 */
export function holdOf(tries: LoginTries | undefined, nowEpochMs: number): LoginHold | undefined {
  if (tries === undefined) return undefined;
  const counted = tries.rejections + Math.max(0, tries.unfinishedTries - FORGIVEN_UNFINISHED_TRIES);
  if (counted === 0) return undefined;
  const waitMs = WAITS_MS[counted - 1];
  const nextTryEpochMs = waitMs === undefined ? undefined : tries.lastTryEpochMs + waitMs;
  if (nextTryEpochMs !== undefined && nowEpochMs >= nextTryEpochMs) return undefined;
  return { ...tries, nextTryEpochMs };
}

export interface LoginGuardOptions {
  /** Base address, user and password: of these only a salted hash reaches the database. */
  readonly credentials: readonly string[];
  /** The connections as they are now. */
  readonly pool: () => ConnectionPool;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Remembers in the database what became of the passwords posted, and holds the next one back. All methods throw
 * subclasses of `DatabaseError`, or the reason of the signal.
 */
export class DatabaseLoginGuard {
  readonly #options: LoginGuardOptions;
  #known: { readonly salt: Buffer; readonly hash: Promise<Buffer> } | undefined;

  constructor(options: LoginGuardOptions) {
    this.#options = options;
  }

  /** Why no login may begin now; undefined where one may. */
  async check(signal: AbortSignal): Promise<LoginHold | undefined> {
    const tries = await this.#options.pool().use((session) => this.#read(session), signal);
    const hold = holdOf(tries, this.#options.now());
    // `begin` will need a hash: it is computed while the login goes through the pages that come before the password.
    if (hold === undefined && this.#known === undefined) void this.#hash(randomBytes(16));
    return hold;
  }

  /**
   * Decides once more and notes that the password is about to be posted. Until `end` is called, every other program on
   * this database waits here: what it then decides by is the outcome of this try.
   */
  async begin(signal: AbortSignal, isAskedFor: boolean): Promise<NotedTry> {
    return await new Promise((resolve, reject) => {
      // The lock needs a transaction of its own that stays open: the note must be committed before the post. A program
      // that is killed loses its connection, and with it the lock.
      const holdLock = async (session: Session) => {
        // A login takes its time, and the transaction is idle for as long.
        await session.execute(
          `SELECT set_config('idle_in_transaction_session_timeout', '10min', true), pg_advisory_xact_lock(${LOGIN_LOCK})`,
        );
        const before = await this.#options.pool().use((other) => this.#read(other), signal);
        const hold = isAskedFor ? undefined : holdOf(before, this.#options.now());
        if (hold !== undefined) return resolve({ hold });
        await this.#write(noted(before, this.#options.now()), signal);
        await new Promise<void>((release) => {
          // The connection may have broken meanwhile, and what Caruna+ said is not to be had again: unnoted it counts as unfinished.
          const end = (outcome: LoginOutcome) =>
            this.#remember(outcome, before)
              .catch(() => this.#remember(outcome, before))
              .finally(release);
          resolve({ hold: undefined, end });
        });
      };
      this.#options.pool().transaction(holdLock, signal).catch(reject);
    });
  }

  async #remember(outcome: LoginOutcome, before: LoginTries | undefined): Promise<void> {
    if (outcome.kind === "cut off") return;
    if (outcome.kind === "rejected") return await this.#write(rejected(before, outcome.reason, this.#options.now()));
    await this.#write(outcome.kind === "accepted" ? undefined : before);
  }

  async #read(session: Session): Promise<LoginTries | undefined> {
    const [any] = await session.query(SALT_ROW, "SELECT salt FROM public.login_guard LIMIT 1");
    // Without a row there is nothing to compare with, and no need to compute a hash that takes its time.
    if (any === undefined) return undefined;
    const [row] = await session.query(TRIES_ROW, READ, [await this.#hash(any.salt)]);
    return row;
  }

  /** Puts the tries in place of those stored; undefined leaves no row. */
  async #write(tries: LoginTries | undefined, signal?: AbortSignal): Promise<void> {
    await this.#options.pool().use(async (session) => {
      const [any] = await session.query(SALT_ROW, "SELECT salt FROM public.login_guard LIMIT 1");
      const salt = any?.salt ?? this.#known?.salt ?? randomBytes(16);
      const hash = await this.#hash(salt);
      if (tries === undefined) {
        await session.execute(FORGET, [hash]);
        return;
      }
      const { rejections, unfinishedTries, lastTryEpochMs, reason } = tries;
      await session.execute(WRITE, [hash, salt, rejections, unfinishedTries, lastTryEpochMs / 1000, reason ?? null]);
    }, signal);
  }

  #hash(salt: Buffer): Promise<Buffer> {
    if (this.#known?.salt.equals(salt)) return this.#known.hash;
    const known = { salt, hash: hashOf(JSON.stringify(this.#options.credentials), salt) };
    this.#known = known;
    // Whoever waits for it gets the error; the next one tries anew.
    known.hash.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return known.hash;
  }
}

function noted(before: LoginTries | undefined, nowEpochMs: number): LoginTries {
  return {
    rejections: before?.rejections ?? 0,
    unfinishedTries: (before?.unfinishedTries ?? 0) + 1,
    lastTryEpochMs: nowEpochMs,
    reason: before?.reason,
  };
}

function rejected(before: LoginTries | undefined, reason: string | undefined, nowEpochMs: number): LoginTries {
  return {
    rejections: (before?.rejections ?? 0) + 1,
    unfinishedTries: before?.unfinishedTries ?? 0,
    lastTryEpochMs: nowEpochMs,
    reason,
  };
}

/** 16 MiB and a fifth of a second on a small machine: OWASP's parameters for little memory. */
async function hashOf(text: string, salt: Buffer): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    scrypt(text, salt, 32, { N: 16_384, r: 8, p: 5 }, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

const SALT_ROW = z.object({ salt: z.instanceof(Buffer) });

const TRIES_ROW = z
  .object({
    rejections: z.number(),
    unfinishedTries: z.number(),
    lastTryEpochMs: z.number(),
    reason: z.string().nullable(),
  })
  .transform(({ reason, ...tries }): LoginTries => ({ ...tries, reason: reason ?? undefined }));

const READ = `
SELECT rejections, unfinished_tries AS "unfinishedTries",
  extract(epoch FROM last_try_at)::float8 * 1000 AS "lastTryEpochMs", reason
FROM public.login_guard WHERE credentials_hash = $1`;

const WRITE = `
INSERT INTO public.login_guard (credentials_hash, salt, rejections, unfinished_tries, last_try_at, reason)
VALUES ($1, $2, $3, $4, to_timestamp($5), $6)
ON CONFLICT (credentials_hash) DO UPDATE SET
  rejections = EXCLUDED.rejections, unfinished_tries = EXCLUDED.unfinished_tries,
  last_try_at = EXCLUDED.last_try_at, reason = EXCLUDED.reason`;

const FORGET = "DELETE FROM public.login_guard WHERE credentials_hash = $1";
