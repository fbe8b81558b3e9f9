import { randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { version } from "../shared/version.js";
import type { ConnectionPool, Session } from "./connection/connection-pool.js";
import { storableText } from "./connection/encoding.js";
import {
  FAILURE_KINDS,
  type FailureKind,
  isUnanswered,
  kindOf,
  type LoginPost,
  type PostOutcome,
  type PostTime,
  timeOfNextPost,
} from "./login-timetable.js";

/** Two arbitrary numbers; whoever holds this advisory lock is the only one to post a password. */
const LOGIN_LOCK = "20479, 3";
/** A service that asks for more is taken to have made a slip: no answer may end the program's logins for good. */
const LONGEST_RETRY_AFTER_MS = 7 * 24 * 60 * 60_000;

/** Why the password may not be posted now, and until when. */
export interface LoginPause {
  /** What came of the post that decides it. */
  readonly kind: FailureKind;
  /** Caruna's own words, where it gave some. */
  readonly words: string | undefined;
  /** What came, in ours. */
  readonly found: string | undefined;
  /** File with the transcript of that login. */
  readonly transcriptFile: string | undefined;
  /** Posts to this account since one was last accepted. */
  readonly failedPosts: number;
  /** Those of them that were rejected. */
  readonly rejections: number;
  /** When a password was posted last, milliseconds since the epoch. */
  readonly lastPostEpochMs: number;
  /** When this one may be posted; undefined: not before it changes or a person asks. */
  readonly nextPostEpochMs: number | undefined;
  /** True where it waits because too many different passwords were tried within a day. */
  readonly tooManyPasswords: boolean;
}

type LoginOutcome =
  | { readonly kind: "accepted" }
  | (Omit<PostOutcome, "notBeforeEpochMs"> & { readonly retryAfterSeconds: number | undefined });

type RecordedPost =
  | { readonly pause: LoginPause }
  | { readonly pause: undefined; end(outcome: LoginOutcome): Promise<LoginPause | undefined> };

export interface LoginGuardSettings {
  /** From one regular cycle to the next, in milliseconds; default an hour. */
  readonly cycleMs?: number;
  /** Of the program that posts; default this one's. */
  readonly version?: string;
}

export interface LoginGuardOptions extends LoginGuardSettings {
  /** Base address, user and password: of these only salted hashes reach the database. */
  readonly credentials: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The connections as they are now. */
  readonly pool: () => ConnectionPool;
}

/**
 * Records in the database what came of the passwords posted to an account, and pauses its logins by the timetable. All
 * methods throw subclasses of `DatabaseError`, or the reason of the signal.
 */
export class DatabaseLoginGuard {
  readonly #options: Required<LoginGuardOptions>;
  #known: { readonly salt: Buffer; readonly hashes: Promise<Hashes> } | undefined;

  constructor(options: LoginGuardOptions) {
    this.#options = { cycleMs: 60 * 60_000, version: version(), ...options };
  }

  /** Why no login may begin now; undefined where one may. */
  async check(signal: AbortSignal): Promise<LoginPause | undefined> {
    const known = await this.#options.pool().use(async (session) => {
      const read = await this.#read(session);
      // What comes of a post that is under way is known when `begin` has waited for it.
      const isOpen = read !== undefined && read.posts.at(-1)?.outcome === undefined;
      return isOpen && (await isPostUnderWay(session)) ? undefined : read;
    }, signal);
    const pause = known === undefined ? undefined : this.#pauseNow(known);
    // `begin` will need the hashes: they are computed while the login goes through the pages before the password.
    if (pause === undefined && this.#known === undefined) void this.#hashes(randomBytes(16));
    return pause;
  }

  /**
   * What came of the last post, and when the next one may be made, whether that is now or later; undefined where the
   * last one was accepted. For those who show it.
   */
  async lastFailure(signal: AbortSignal): Promise<LoginPause | undefined> {
    const known = await this.#options.pool().use((session) => this.#read(session), signal);
    return known === undefined ? undefined : this.#pauseOf(known);
  }

  /** Whether a post of this account is recorded. */
  async isRecorded(session: Session): Promise<boolean> {
    const salt = await this.#salt(session);
    if (salt === undefined) return false;
    const { account, password } = await this.#hashes(salt);
    return (await session.query(GUARD_ROW, READ, [account, password])).length > 0;
  }

  /** Forgets what is recorded of this account, in a transaction of the caller's. */
  async forget(session: Session): Promise<void> {
    const salt = await this.#salt(session);
    if (salt === undefined) return;
    const { account, password } = await this.#hashes(salt);
    await session.execute(FORGET, [account, password]);
  }

  /**
   * Whether a password got as far as a page that only a real browser can pass, since one was last accepted. A newer version
   * of the program may be able to read that page.
   */
  async needsBrowser(signal: AbortSignal): Promise<boolean> {
    const known = await this.#options.pool().use((session) => this.#read(session), signal);
    const { version } = this.#options;
    return known?.posts.some((post) => post.version === version && post.outcome?.needsBrowser === true) ?? false;
  }

  /**
   * Decides once more and records that the password is about to be posted. Until `end` is called, every other program on
   * this database waits here: what it then decides by is the outcome of this post.
   */
  async begin(signal: AbortSignal, force: boolean): Promise<RecordedPost> {
    return await new Promise((resolve, reject) => {
      // The lock needs a transaction of its own that stays open: the record must be committed before the post. A program
      // that is killed loses its connection, and with it the lock.
      const holdLock = async (session: Session) => {
        // A login takes its time, and the transaction is idle for as long.
        await session.execute(
          `SELECT set_config('idle_in_transaction_session_timeout', '10min', true), pg_advisory_xact_lock(${LOGIN_LOCK})`,
        );
        const known = await this.#options.pool().use((other) => this.#read(other), signal);
        const pause = known === undefined || force ? undefined : this.#pauseNow(known);
        if (pause !== undefined) return resolve({ pause });
        await this.#begun(known?.posts ?? [], signal);
        await new Promise<void>((release) => {
          // The connection may have broken meanwhile, and what Caruna+ said is not to be had again: unrecorded it counts as "no answer".
          const end = (outcome: LoginOutcome) =>
            this.#record(outcome)
              .catch(() => this.#record(outcome))
              .finally(release);
          resolve({ pause: undefined, end });
        });
      };
      this.#options.pool().transaction(holdLock, signal).catch(reject);
    });
  }

  async #begun(before: readonly LoginPost[], signal: AbortSignal): Promise<void> {
    const { version, now } = this.#options;
    await this.#options.pool().use(async (session) => {
      const hashes = await this.#hashes((await this.#salt(session)) ?? this.#known?.salt ?? randomBytes(16));
      const password = hashes.password.toString("hex");
      await this.#write(session, hashes, [...before, { atEpochMs: now(), password, version, outcome: undefined }]);
    }, signal);
  }

  /** Only one post of an account is under way at a time: the newest one without an outcome. */
  async #record(outcome: LoginOutcome): Promise<LoginPause | undefined> {
    return await this.#options.pool().use(async (session) => {
      const known = await this.#read(session);
      if (known === undefined) return undefined;
      const { hashes } = known;
      if (outcome.kind === "accepted") {
        await this.#settle(session, known);
        return undefined;
      }
      const nowEpochMs = this.#options.now();
      const { kind, words, found, transcriptFile, needsBrowser, retryAfterSeconds } = outcome;
      const notBeforeEpochMs =
        retryAfterSeconds === undefined
          ? undefined
          : nowEpochMs + Math.min(retryAfterSeconds * 1000, LONGEST_RETRY_AFTER_MS);
      const underWay = known.posts.findLast((post) => post.outcome === undefined);
      const posts = known.posts.map((post) =>
        post === underWay
          ? {
              ...post,
              atEpochMs: nowEpochMs,
              outcome: { kind, words, found, transcriptFile, notBeforeEpochMs, needsBrowser },
            }
          : post,
      );
      await this.#write(session, hashes, posts);
      return this.#pauseOf({ hashes, posts });
    });
  }

  /** Forgets the posts of the password that was accepted; another one that was rejected stays so. */
  async #settle(session: Session, { hashes, posts }: Known): Promise<void> {
    const accepted = hashes.password.toString("hex");
    const others = posts.filter((post) => post.password !== accepted && isAgainst(post));
    await session.execute(FORGET, [hashes.account, hashes.password]);
    await this.#write(
      session,
      hashes,
      others.map((post) => ({ ...post, isSettled: true })),
    );
  }

  #pauseNow(known: Known): LoginPause | undefined {
    const pause = this.#pauseOf(known);
    const { nextPostEpochMs } = pause ?? {};
    return nextPostEpochMs !== undefined && nextPostEpochMs <= this.#options.now() ? undefined : pause;
  }

  #pauseOf({ hashes, posts }: Known): LoginPause | undefined {
    const { version, cycleMs } = this.#options;
    const time = timeOfNextPost(posts, { password: hashes.password.toString("hex"), version, cycleMs });
    return time === undefined ? undefined : pauseOf(time);
  }

  /** The posts of this account; undefined where none is recorded. */
  async #read(session: Session): Promise<Known | undefined> {
    const salt = await this.#salt(session);
    // Without a row there is nothing to compare with, and no need to compute hashes that take their time.
    if (salt === undefined) return undefined;
    const hashes = await this.#hashes(salt);
    const rows = await session.query(GUARD_ROW, READ, [hashes.account, hashes.password]);
    const posts = rows.flatMap(postsOf).sort((one, other) => one.atEpochMs - other.atEpochMs);
    return posts.length === 0 ? undefined : { hashes, posts: await this.#notInFuture(session, hashes, posts) };
  }

  /** After a clock that went ahead was set back, the timetable begins now: it must not wait for that time to come. */
  async #notInFuture(session: Session, hashes: Hashes, posts: readonly LoginPost[]): Promise<readonly LoginPost[]> {
    const nowEpochMs = this.#options.now();
    if (posts.every(({ atEpochMs }) => atEpochMs <= nowEpochMs)) return posts;
    const corrected = posts.map((post) => ({ ...post, atEpochMs: Math.min(post.atEpochMs, nowEpochMs) }));
    await this.#write(session, hashes, corrected);
    return corrected;
  }

  async #salt(session: Session): Promise<Buffer | undefined> {
    const [any] = await session.query(SALT_ROW, "SELECT salt FROM public.login_guard LIMIT 1");
    return any?.salt;
  }

  /** Puts the posts in place of those stored; a row of before for the same password is taken over. */
  async #write(session: Session, hashes: Hashes, posts: readonly LoginPost[]): Promise<void> {
    const last = posts.at(-1);
    if (last === undefined) return;
    const storable = await storableText(session);
    const words = last.outcome?.words;
    const credentials = Buffer.from(last.password, "hex");
    const rejections = posts.filter(isAgainst).length;
    const values = [
      ...[hashes.account, credentials, hashes.salt, rejections, posts.filter(isUnanswered).length],
      ...[last.atEpochMs / 1000, words === undefined ? null : storable(words), storable(JSON.stringify(posts))],
    ];
    await session.execute(WRITE, values);
  }

  #hashes(salt: Buffer): Promise<Hashes> {
    if (this.#known?.salt.equals(salt)) return this.#known.hashes;
    const { credentials } = this.#options;
    const [baseUrl = "", username = ""] = credentials;
    // However these two are written, it is the same account to the portal.
    const account = [URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl, username.trim().toLowerCase()];
    const hashes = Promise.all([hashOf(account, salt), hashOf(credentials, salt)]).then(([ofAccount, ofPassword]) => ({
      salt,
      account: ofAccount,
      password: ofPassword,
    }));
    const known = { salt, hashes };
    this.#known = known;
    // Whoever waits for it gets the error; the next one tries again.
    hashes.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return hashes;
  }
}

interface Hashes {
  readonly salt: Buffer;
  /** Of base address and user name. */
  readonly account: Buffer;
  /** Of base address, user name and password. */
  readonly password: Buffer;
}

interface Known {
  readonly hashes: Hashes;
  readonly posts: readonly LoginPost[];
}

/** Caruna+ judged the password, and would judge it so again. */
function isAgainst(post: LoginPost): boolean {
  return ["rejected", "person needed"].includes(kindOf(post));
}

function pauseOf({ atEpochMs, because, posts, tooManyPasswords }: PostTime): LoginPause {
  return {
    kind: kindOf(because),
    words: because.outcome?.words,
    found: because.outcome?.found,
    transcriptFile: because.outcome?.transcriptFile,
    failedPosts: posts.length,
    rejections: posts.filter((post) => kindOf(post) === "rejected").length,
    lastPostEpochMs: posts.at(-1)?.atEpochMs ?? because.atEpochMs,
    nextPostEpochMs: atEpochMs,
    tooManyPasswords,
  };
}

/** 16 MiB and a fifth of a second on a small machine: OWASP's parameters for little memory. */
async function hashOf(texts: readonly string[], salt: Buffer): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const parameters = { N: 16_384, r: 8, p: 5 };
    scrypt(JSON.stringify(texts), salt, 32, parameters, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** Whether a program holds the lock now; one that was killed does not. */
async function isPostUnderWay(session: Session): Promise<boolean> {
  const [lock] = await session.query(z.object({ isHeld: z.boolean() }), LOCK_IS_HELD);
  return lock?.isHeld ?? false;
}

const LOCK_IS_HELD = `
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks JOIN pg_catalog.pg_database ON pg_database.oid = pg_locks.database
  WHERE datname = current_database() AND locktype = 'advisory' AND granted AND (classid, objid) = (${LOGIN_LOCK})
) AS "isHeld"`;

const SALT_ROW = z.object({ salt: z.instanceof(Buffer) });

const STORED_POST = z.object({
  atEpochMs: z.number(),
  password: z.string(),
  version: z.string(),
  isSettled: z.boolean().optional(),
  outcome: z
    .object({
      kind: z.enum(FAILURE_KINDS),
      words: z.string().optional(),
      found: z.string().optional(),
      transcriptFile: z.string().optional(),
      notBeforeEpochMs: z.number().optional(),
      needsBrowser: z.boolean().optional(),
    })
    .optional(),
});

const GUARD_ROW = z.object({
  credentials: z.instanceof(Buffer).transform((hash) => hash.toString("hex")),
  rejections: z.number(),
  unfinishedTries: z.number(),
  lastTryEpochMs: z.number(),
  reason: z.string().nullable(),
  posts: z.array(STORED_POST),
});

/** The posts of a row, and those that version 0.1.0 counted in its columns without listing them. */
function postsOf(row: z.infer<typeof GUARD_ROW>): LoginPost[] {
  const listed = row.posts.map(({ outcome, ...post }): LoginPost => {
    return { ...post, outcome: outcome === undefined ? undefined : { ...NO_WORDS, ...outcome } };
  });
  const rejected = listed.filter(isAgainst).length;
  const unanswered = listed.filter(isUnanswered).length;
  const unlisted = (kind: FailureKind, count: number): LoginPost[] =>
    Array.from({ length: Math.max(0, count) }, () => ({
      atEpochMs: row.lastTryEpochMs,
      password: row.credentials,
      version: "0.1.0",
      outcome: { ...NO_WORDS, kind, words: row.reason ?? undefined },
    }));
  return [
    ...listed,
    ...unlisted("no answer", row.unfinishedTries - unanswered),
    ...unlisted("rejected", row.rejections - rejected),
  ];
}

const NO_WORDS = { words: undefined, found: undefined, transcriptFile: undefined, notBeforeEpochMs: undefined };

const READ = `
SELECT credentials_hash AS credentials, rejections, unfinished_tries AS "unfinishedTries",
  extract(epoch FROM last_try_at)::float8 * 1000 AS "lastTryEpochMs", reason, posts
FROM public.login_guard WHERE account_hash = $1 OR (account_hash IS NULL AND credentials_hash = $2)`;

// The rows are gone before the new one comes: the INSERT reads what the DELETE did.
const WRITE = `
WITH taken_over AS (
  DELETE FROM public.login_guard WHERE account_hash = $1 OR credentials_hash = $2 RETURNING 1
)
INSERT INTO public.login_guard
  (account_hash, credentials_hash, salt, rejections, unfinished_tries, last_try_at, reason, posts)
SELECT $1, $2, $3, $4, $5, to_timestamp($6), $7, $8 FROM (SELECT count(*) FROM taken_over) AS deleted`;

const FORGET = "DELETE FROM public.login_guard WHERE account_hash = $1 OR credentials_hash = $2";
