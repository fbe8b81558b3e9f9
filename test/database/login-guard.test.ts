import { scryptSync } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConnectionPool, type Session } from "../../src/database/connection/connection-pool.js";
import { Database, DatabaseError } from "../../src/database/index.js";
import { DatabaseLoginGuard, type LoginGuardSettings } from "../../src/database/login-guard.js";
import type { FailureKind } from "../../src/database/login-timetable.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

const HOUR_MS = 60 * 60_000;
const START = Date.UTC(2026, 0, 1);
const NEVER_ABORTED = new AbortController().signal;

describe("the guard in the database", () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let now: number;

  beforeAll(async () => {
    testDatabase = await createDatabase();
    database = new Database(testDatabase.settings, silentLogger);
    await database.start();
  });
  beforeEach(async () => {
    await testDatabase.query("DELETE FROM public.login_guard");
    now = START;
  });
  afterAll(async () => {
    await database.stop();
    await testDatabase.drop();
  });

  /** A guard as a newly started program has it. */
  function guardOf(
    password = "Ankkalinna-313",
    user = "aku@example.com",
    settings: LoginGuardSettings = {},
  ): DatabaseLoginGuard {
    return database.loginGuard(["https://plus.example.com", user, password], () => now, settings);
  }

  async function posted(guard: DatabaseLoginGuard, force = false) {
    const recorded = await guard.begin(NEVER_ABORTED, force);
    if (recorded.pause !== undefined) throw new Error("the login is paused");
    return recorded;
  }

  const NOTHING_MORE = { words: undefined, found: undefined, retryAfterSeconds: undefined, transcriptFile: undefined };
  const check = (guard: DatabaseLoginGuard) => guard.check(NEVER_ABORTED);
  const rows = () =>
    testDatabase.query("SELECT rejections, unfinished_tries, reason FROM public.login_guard ORDER BY last_try_at");

  async function fail(guard: DatabaseLoginGuard, kind: FailureKind, force = false) {
    return await (await posted(guard, force)).end({ ...NOTHING_MORE, kind });
  }

  async function reject(guard: DatabaseLoginGuard, force = false) {
    return await (await posted(guard, force)).end({ ...NOTHING_MORE, kind: "rejected", words: "Väärä salasana." });
  }

  test("a rejection is known to the next program, in Caruna's words, and what is stored names no credentials", async () => {
    const transcriptFile = "/state/transcripts/one.json";
    const outcome = { kind: "rejected", words: "Väärä salasana.", found: "a form", transcriptFile } as const;
    const pause = await (await posted(guardOf())).end({ ...outcome, retryAfterSeconds: undefined });
    expect(pause).toEqual({
      ...outcome,
      ...{ failedPosts: 1, rejections: 1, tooManyPasswords: false },
      lastPostEpochMs: START,
      nextPostEpochMs: START + HOUR_MS,
    });
    expect(await check(guardOf())).toEqual(pause);
    expect(await guardOf().lastFailure(NEVER_ABORTED)).toEqual(pause);
    const [stored] = await testDatabase.query("SELECT login_guard::text AS all FROM public.login_guard");
    for (const secret of ["Ankkalinna-313", "aku@example.com", "plus.example.com"]) {
      expect(stored?.all).not.toContain(secret);
      expect(stored?.all).not.toContain(Buffer.from(secret).toString("hex"));
    }
  });

  test("a rejected password may be posted again after 1 h, 6 h and 24 h, then not by itself", async () => {
    for (const waitMs of [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS]) {
      await reject(guardOf());
      now += waitMs - 1;
      const guard = guardOf();
      expect(await check(guard)).toMatchObject({ nextPostEpochMs: now + 1 });
      expect(await guard.begin(NEVER_ABORTED, false)).toMatchObject({ pause: { nextPostEpochMs: now + 1 } });
      now += 1;
      expect(await check(guard)).toBeUndefined();
    }
    await reject(guardOf());
    now += 10_000 * HOUR_MS;
    expect(await check(guardOf())).toMatchObject({ rejections: 4, nextPostEpochMs: undefined });
  });

  test("an accepted password leaves nothing behind", async () => {
    const guard = guardOf();
    await reject(guard);
    now += HOUR_MS;
    expect(await (await posted(guard)).end({ kind: "accepted" })).toBeUndefined();
    expect(await check(guard)).toBeUndefined();
    expect(await rows()).toEqual([]);
  });

  test("passwords of one account are counted together, those of another account are not", async () => {
    await reject(guardOf("first"));
    await reject(guardOf("second"));
    await reject(guardOf("third", " AKU@example.com"));
    expect(await check(guardOf("first"))).toMatchObject({ rejections: 3, nextPostEpochMs: START + 24 * HOUR_MS });
    expect(await check(guardOf("fourth"))).toMatchObject({
      tooManyPasswords: true,
      nextPostEpochMs: START + 24 * HOUR_MS,
    });
    expect(await check(guardOf("first", "iines@example.com"))).toBeUndefined();
    expect(await rows()).toHaveLength(1);
    now += 24 * HOUR_MS;
    await (await posted(guardOf("fourth"))).end({ kind: "accepted" });
    expect(await check(guardOf("fourth"))).toBeUndefined();
  });

  test("an accepted password frees no other one that was rejected, and is not held up by it", async () => {
    for (const wrong of ["first", "second", "third"]) await reject(guardOf(wrong));
    await (await posted(guardOf("right"), true)).end({ kind: "accepted" });
    expect(await check(guardOf("right"))).toBeUndefined();
    expect(await guardOf("right").lastFailure(NEVER_ABORTED)).toBeUndefined();
    expect(await check(guardOf("first"))).toMatchObject({ kind: "rejected", nextPostEpochMs: START + HOUR_MS });
    await reject(guardOf("right"));
    expect(await check(guardOf("right"))).toMatchObject({ rejections: 1, nextPostEpochMs: START + HOUR_MS });
  });

  test("whatever is no token counts: what nobody understood, and what got no answer", async () => {
    await fail(guardOf(), "not understood");
    expect(await check(guardOf())).toMatchObject({
      kind: "not understood",
      nextPostEpochMs: START + HOUR_MS,
    });
    expect(await check(guardOf(undefined, undefined, { version: "1000.0.0" }))).toBeUndefined();
    await testDatabase.query("DELETE FROM public.login_guard");
    await fail(guardOf(), "no answer");
    const daily = guardOf(undefined, undefined, { cycleMs: 24 * HOUR_MS });
    now += 20 * HOUR_MS;
    expect(await check(guardOf())).toBeUndefined();
    expect(await check(daily)).toMatchObject({ kind: "no answer" });
    now += 4 * HOUR_MS;
    expect(await check(daily)).toBeUndefined();
  });

  test("Caruna+'s Retry-After is waited for, but for a week at the most", async () => {
    const answer = { ...NOTHING_MORE, kind: "no answer", found: "HTTP 429" } as const;
    await (await posted(guardOf())).end({ ...answer, retryAfterSeconds: 30 * 3600 });
    expect(await check(guardOf())).toMatchObject({ nextPostEpochMs: START + 30 * HOUR_MS });
    await (await posted(guardOf(), true)).end({ ...answer, retryAfterSeconds: 1e9 });
    expect(await check(guardOf())).toMatchObject({ nextPostEpochMs: START + 7 * 24 * HOUR_MS });
  });

  test("a post is recorded before it is made, and stays one without an answer when the program is killed", async () => {
    for (const [killed, waitMs] of [HOUR_MS, HOUR_MS, 6 * HOUR_MS].entries()) {
      const guard = guardOf();
      const recorded = await posted(guard);
      expect(await rows()).toHaveLength(1);
      await cutOffWhoHoldsTheLock();
      expect(await check(guardOf())).toMatchObject({ kind: "no answer", failedPosts: killed + 1 });
      // For this test's own sake: nobody is left waiting when the connections are closed.
      await recorded.end({ ...NOTHING_MORE, kind: "no answer" });
      now += waitMs;
    }
    await reject(guardOf());
    expect(await rows()).toEqual([{ rejections: 1, unfinished_tries: 3, reason: "Väärä salasana." }]);
  });

  test("the outcome of a post is recorded although every connection has died in the meantime", async () => {
    const guard = guardOf();
    const recorded = await posted(guard);
    await testDatabase.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    await recorded.end({ ...NOTHING_MORE, kind: "rejected" });
    expect(await check(guardOf())).toMatchObject({ kind: "rejected", rejections: 1, failedPosts: 1 });
  });

  test("the transaction that holds the lock may be idle for longer than a login takes", async () => {
    const { pool, limits } = poolThatShowsIdleLimits();
    const credentials = ["https://plus.example.com", "aku@example.com", "Ankkalinna-313"];
    const guard = new DatabaseLoginGuard({ credentials, now: () => now, pool: () => pool });
    await fail(guard, "no answer");
    await pool.close();
    expect(limits).toEqual(["10min"]);
  });

  describe("beside version 0.1.0, which knows a row for each pair of account and password", () => {
    const CREDENTIALS = ["https://plus.example.com", "aku@example.com", "Ankkalinna-313"];
    const SALT = Buffer.alloc(16, 7);
    const hash = () => scryptSync(JSON.stringify(CREDENTIALS), SALT, 32, { N: 16_384, r: 8, p: 5 });

    /** As that version writes what it knows of these credentials. */
    async function writeAsBefore(rejections: number, unfinishedTries: number): Promise<void> {
      await testDatabase.query(
        `INSERT INTO public.login_guard (credentials_hash, salt, rejections, unfinished_tries, last_try_at, reason)
        VALUES ($1, $2, $3, $4, to_timestamp($5), 'Väärä salasana.')
        ON CONFLICT (credentials_hash) DO UPDATE SET
          rejections = EXCLUDED.rejections, unfinished_tries = EXCLUDED.unfinished_tries,
          last_try_at = EXCLUDED.last_try_at, reason = EXCLUDED.reason`,
        [hash(), SALT, rejections, unfinishedTries, now / 1000],
      );
    }

    test("a password that it saw rejected is posted no sooner, and its row is taken over", async () => {
      await writeAsBefore(2, 1);
      const guard = guardOf();
      expect(await check(guard)).toMatchObject({
        ...{ kind: "rejected", words: "Väärä salasana.", rejections: 2, failedPosts: 3 },
        nextPostEpochMs: START + 6 * HOUR_MS,
      });
      expect(await check(guardOf("another"))).toBeUndefined();
      now += 6 * HOUR_MS;
      await reject(guard);
      expect(await check(guard)).toMatchObject({ rejections: 3, nextPostEpochMs: now + 24 * HOUR_MS });
      expect(await rows()).toEqual([{ rejections: 3, unfinished_tries: 1, reason: "Väärä salasana." }]);
    });

    test("after another password of the account has failed, too", async () => {
      await writeAsBefore(4, 0);
      await reject(guardOf("another"));
      expect(await rows()).toHaveLength(2);
      expect(await check(guardOf())).toMatchObject({ rejections: 5, nextPostEpochMs: undefined });
      await reject(guardOf(), true);
      expect(await rows()).toEqual([{ rejections: 6, unfinished_tries: 0, reason: "Väärä salasana." }]);
    });

    test("what it writes afterwards counts, and what it may read makes it wait, too", async () => {
      await testDatabase.query("INSERT INTO public.login_guard VALUES ('other', $1, 0, 0, '2026-01-01', NULL)", [SALT]);
      await reject(guardOf());
      const [row] = await testDatabase.query(
        "SELECT rejections, unfinished_tries FROM public.login_guard WHERE credentials_hash = $1",
        [hash()],
      );
      expect(row).toEqual({ rejections: 1, unfinished_tries: 0 });
      now += HOUR_MS;
      await writeAsBefore(2, 0);
      expect(await check(guardOf())).toMatchObject({ rejections: 2, nextPostEpochMs: now + 6 * HOUR_MS });
    });
  });

  test("what a person forces is posted, and recorded all the same", async () => {
    const guard = guardOf();
    await reject(guard);
    await reject(guard, true);
    expect(await check(guard)).toMatchObject({ rejections: 2, nextPostEpochMs: START + 6 * HOUR_MS });
  });

  test("after a clock that was years ahead is set right, the timetable begins now", async () => {
    now = START + 10 * 365 * 24 * HOUR_MS;
    await reject(guardOf());
    now = START;
    expect(await check(guardOf())).toMatchObject({ nextPostEpochMs: START + HOUR_MS });
    now += HOUR_MS;
    expect(await check(guardOf())).toBeUndefined();
  });

  test("two programs never post at the same moment: the second waits, and heeds what became of the first", async () => {
    const [first, second] = [guardOf(), guardOf()];
    const noted = await posted(first);
    expect(await check(second)).toBeUndefined();
    let isWaiting = true;
    const waiting = second.begin(NEVER_ABORTED, false).finally(() => {
      isWaiting = false;
    });
    await untilOneWaits();
    expect(isWaiting).toBe(true);
    await noted.end({ ...NOTHING_MORE, kind: "rejected" });
    expect(await waiting).toMatchObject({ pause: { rejections: 1 } });
  });

  test("of many programs that begin at once with a wrong password, one posts it", async () => {
    const guards = Array.from({ length: 3 }, () => guardOf());
    const posts = await Promise.all(
      guards.map(async (guard) => {
        const noted = await guard.begin(NEVER_ABORTED, false);
        if (noted.pause !== undefined) return 0;
        await noted.end({ ...NOTHING_MORE, kind: "rejected" });
        return 1;
      }),
    );
    expect(posts.reduce<number>((sum, count) => sum + count, 0)).toBe(1);
  });

  test("one that waits for another can be ended", async () => {
    const [first, second] = [guardOf(), guardOf()];
    const noted = await posted(first);
    const ending = new AbortController();
    const waiting = second.begin(ending.signal, false);
    const ended = expect(waiting).rejects.toThrow("no longer wanted");
    await untilOneWaits();
    ending.abort(new Error("no longer wanted"));
    await ended;
    await noted.end({ kind: "accepted" });
    expect(await rows()).toEqual([]);
  });

  test("where the post cannot be recorded, begin fails: there is no post without a record", async () => {
    const guard = guardOf();
    await testDatabase.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END';
      CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON public.login_guard FOR EACH ROW EXECUTE FUNCTION refuse()`);
    await expect(guard.begin(NEVER_ABORTED, true)).rejects.toBeInstanceOf(DatabaseError);
    await testDatabase.query("DROP FUNCTION refuse CASCADE");
  });

  test("a table that is gone is made anew for the record", async () => {
    await testDatabase.query("DROP TABLE public.login_guard");
    expect(await guardOf().begin(NEVER_ABORTED, true)).toHaveProperty("end");
    expect(await testDatabase.query("SELECT jsonb_array_length(posts) AS posts FROM public.login_guard")).toEqual([
      { posts: 1 },
    ]);
  });

  test("the table and all its columns say what they are", async () => {
    const undescribed = await testDatabase.query(
      "SELECT attname FROM pg_attribute WHERE attrelid = 'public.login_guard'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL",
    );
    expect(undescribed).toEqual([]);
    expect(await testDatabase.query("SELECT obj_description('public.login_guard'::regclass) IS NULL AS none")).toEqual([
      { none: false },
    ]);
  });

  // Other tests hold locks in other databases of the same server.
  const locks =
    "pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database() AND locktype = 'advisory'";

  async function untilOneWaits(): Promise<void> {
    while ((await testDatabase.query(`SELECT FROM ${locks} AND NOT granted`)).length === 0) await turn();
  }

  /** Connections of which each transaction says, once its first statement is done, how long it may be idle. */
  function poolThatShowsIdleLimits() {
    const limits: string[] = [];
    const LIMIT = z.object({ limit: z.string() });
    class ShowingPool extends ConnectionPool {
      override async transaction<Result>(work: (session: Session) => Promise<Result>, signal?: AbortSignal) {
        return await super.transaction((session) => {
          const execute: Session["execute"] = async (...statement) => {
            const count = await session.execute(...statement);
            const shown = await session.query(
              LIMIT,
              "SELECT current_setting('idle_in_transaction_session_timeout') AS limit",
            );
            limits.push(...shown.map(({ limit }) => limit));
            return count;
          };
          return work({ ...session, execute });
        }, signal);
      }
    }
    return { pool: new ShowingPool(testDatabase.settings, silentLogger), limits };
  }

  async function cutOffWhoHoldsTheLock(): Promise<void> {
    await testDatabase.query(`SELECT pg_terminate_backend(pid) FROM ${locks} AND granted`);
  }
});
