import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Database, DatabaseError } from "../../src/database/index.js";
import { type DatabaseLoginGuard, holdOf, type LoginTries } from "../../src/database/login-guard.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MINUTES = 7 * 24 * 60;
const START = Date.UTC(2026, 0, 1);
const NEVER_ABORTED = new AbortController().signal;

/** What the rule makes of a try: the note before it, and what became of it. */
function afterTry(before: LoginTries | undefined, end: "rejected" | "killed", now: number): LoginTries {
  const { rejections = 0, unfinishedTries = 0 } = before ?? {};
  const one = end === "rejected" ? 1 : 0;
  return {
    rejections: rejections + one,
    unfinishedTries: unfinishedTries + 1 - one,
    lastTryEpochMs: now,
    reason: undefined,
  };
}

/** The minutes of a week of restarts every minute at which the password was posted. */
function postsOfAWeek(endOf: (post: number) => "rejected" | "killed"): number[] {
  const posts: number[] = [];
  let tries: LoginTries | undefined;
  for (let minute = 0; minute < WEEK_MINUTES; minute += 1) {
    const now = START + minute * MINUTE_MS;
    if (holdOf(tries, now) !== undefined) continue;
    tries = afterTry(tries, endOf(posts.length), now);
    posts.push(minute);
  }
  return posts;
}

describe("the rule", () => {
  test("a week of restarts every minute, always rejected: at once, after 1 h, 6 h and 24 h, and never again", () => {
    expect(postsOfAWeek(() => "rejected")).toEqual([0, 60, 7 * 60, 31 * 60]);
  });

  test("a week in which every try is killed: two are forgiven at once, the others count as rejections", () => {
    expect(postsOfAWeek(() => "killed")).toEqual([0, 1, 2, 62, 60 * 7 + 2, 60 * 31 + 2]);
  });

  test("however rejections and kills are mixed, a week has at most four rejections and two posts more", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.constantFrom("rejected" as const, "killed" as const)), (ends) => {
        const posts = postsOfAWeek(() => ends.next().value ?? "rejected");
        expect(posts.length).toBeLessThanOrEqual(6);
      }),
      { numRuns: 50 },
    );
  });

  test("a password that is held back is held back until the time that is told, and not a moment longer", () => {
    const tries = fc.record({
      rejections: fc.nat(6),
      unfinishedTries: fc.nat(6),
      lastTryEpochMs: fc.integer({ min: START, max: START + 1e10 }),
      reason: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(tries, fc.nat(40 * HOUR_MS), (known, passedMs) => {
        const hold = holdOf(known, known.lastTryEpochMs + passedMs);
        if (hold === undefined) {
          // More tries than these never let it through.
          expect(known.rejections + Math.max(0, known.unfinishedTries - 2)).toBeLessThanOrEqual(3);
          return;
        }
        const { nextTryEpochMs } = hold;
        expect(hold).toMatchObject(known);
        if (nextTryEpochMs === undefined) {
          expect(holdOf(known, Number.MAX_SAFE_INTEGER)).toEqual(hold);
        } else {
          expect(holdOf(known, nextTryEpochMs - 1)).toEqual(hold);
          expect(holdOf(known, nextTryEpochMs)).toBeUndefined();
        }
      }),
    );
  });
});

describe("in the database", () => {
  let testDatabase: TestDatabase;
  let opened: Database[];
  let now: number;

  beforeEach(async () => {
    testDatabase = await createDatabase();
    opened = [];
    now = START;
  });
  afterEach(async () => {
    for (const database of opened) await database.stop();
    await testDatabase.drop();
  });

  /** A guard as a newly started program has it. */
  async function guardOf(password = "Ankkalinna-313", user = "aku@example.com"): Promise<DatabaseLoginGuard> {
    const database = new Database(testDatabase.settings, silentLogger);
    opened.push(database);
    await database.start();
    return database.loginGuard(["https://plus.example.com", user, password], () => now);
  }

  async function posted(guard: DatabaseLoginGuard, isAskedFor = false) {
    const noted = await guard.begin(NEVER_ABORTED, isAskedFor);
    if (noted.hold !== undefined) throw new Error("the password is held back");
    return noted;
  }

  const check = (guard: DatabaseLoginGuard) => guard.check(NEVER_ABORTED);
  const rows = () =>
    testDatabase.query("SELECT rejections, unfinished_tries, reason FROM public.login_guard ORDER BY last_try_at");

  async function reject(guard: DatabaseLoginGuard, isAskedFor = false) {
    await (await posted(guard, isAskedFor)).end({ kind: "rejected", reason: "Väärä salasana." });
  }

  test("a rejection is remembered by the next program, in Caruna's words, and what is stored tells no credentials", async () => {
    await reject(await guardOf());
    expect(await check(await guardOf())).toEqual({
      rejections: 1,
      unfinishedTries: 0,
      lastTryEpochMs: START,
      nextTryEpochMs: START + HOUR_MS,
      reason: "Väärä salasana.",
    });
    const [stored] = await testDatabase.query("SELECT login_guard::text AS all FROM public.login_guard");
    for (const secret of ["Ankkalinna-313", "aku@example.com", "plus.example.com"]) {
      expect(stored?.all).not.toContain(secret);
      expect(stored?.all).not.toContain(Buffer.from(secret).toString("hex"));
    }
  });

  test("a rejected password may be posted again after 1 h, 6 h and 24 h, then not by itself", async () => {
    for (const waitMs of [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS]) {
      await reject(await guardOf());
      now += waitMs - 1;
      const guard = await guardOf();
      expect(await check(guard)).toMatchObject({ nextTryEpochMs: now + 1 });
      expect(await guard.begin(NEVER_ABORTED, false)).toMatchObject({ hold: { nextTryEpochMs: now + 1 } });
      now += 1;
      expect(await check(guard)).toBeUndefined();
    }
    await reject(await guardOf());
    now += 10_000 * HOUR_MS;
    expect(await check(await guardOf())).toMatchObject({ rejections: 4, nextTryEpochMs: undefined });
  });

  test("an accepted password leaves nothing behind", async () => {
    const guard = await guardOf();
    await reject(guard);
    now += HOUR_MS;
    await (await posted(guard)).end({ kind: "accepted" });
    expect(await check(guard)).toBeUndefined();
    expect(await rows()).toEqual([]);
  });

  test("other credentials are not held back, and do not free those that are", async () => {
    await reject(await guardOf("first"));
    const second = await guardOf("second");
    expect(await check(second)).toBeUndefined();
    await (await posted(second)).end({ kind: "accepted" });
    await reject(await guardOf("third"));
    expect(await check(await guardOf("first"))).toMatchObject({ rejections: 1 });
    expect(await check(await guardOf("first", "iines@example.com"))).toBeUndefined();
  });

  test("a try that was not judged leaves all as it was", async () => {
    const guard = await guardOf();
    await (await posted(guard)).end({ kind: "not judged" });
    expect(await rows()).toEqual([]);
    await reject(guard);
    now += HOUR_MS;
    await (await posted(guard)).end({ kind: "not judged" });
    expect(await rows()).toEqual([{ rejections: 1, unfinished_tries: 0, reason: "Väärä salasana." }]);
    expect(await check(guard)).toBeUndefined();
  });

  test("a try is noted before the post, stays noted when the program is killed, and counts from the third on", async () => {
    for (const isHeldBack of [false, false, true]) {
      const guard = await guardOf();
      const noted = await posted(guard);
      expect(await rows()).toHaveLength(1);
      await cutOffWhoHoldsTheLock();
      expect((await check(await guardOf())) !== undefined).toBe(isHeldBack);
      // For this test's own sake: nobody is left waiting when the connections are closed.
      await noted.end({ kind: "cut off" });
    }
    expect(await check(await guardOf())).toMatchObject({ rejections: 0, unfinishedTries: 3 });
  });

  test("what became of a post is remembered although a connection was lost in the meantime", async () => {
    const noted = await posted(await guardOf());
    await cutOffWhoHoldsTheLock();
    await noted.end({ kind: "rejected", reason: undefined });
    expect(await check(await guardOf())).toMatchObject({ rejections: 1, unfinishedTries: 0 });
  });

  test("what a person asks for is not held back, and is remembered all the same", async () => {
    const guard = await guardOf();
    await reject(guard);
    await reject(guard, true);
    expect(await check(guard)).toMatchObject({ rejections: 2, nextTryEpochMs: START + 6 * HOUR_MS });
  });

  test("two programs never post at the same moment: the second waits, and heeds what became of the first", async () => {
    const [first, second] = [await guardOf(), await guardOf()];
    const noted = await posted(first);
    expect(await check(second)).toBeUndefined();
    let isWaiting = true;
    const waiting = second.begin(NEVER_ABORTED, false).finally(() => {
      isWaiting = false;
    });
    await untilOneWaits();
    expect(isWaiting).toBe(true);
    await noted.end({ kind: "rejected", reason: undefined });
    expect(await waiting).toMatchObject({ hold: { rejections: 1 } });
  });

  test("of many programs that begin at once with a wrong password, one posts it", async () => {
    const guards = await Promise.all(Array.from({ length: 5 }, () => guardOf()));
    const posts = await Promise.all(
      guards.map(async (guard) => {
        const noted = await guard.begin(NEVER_ABORTED, false);
        if (noted.hold !== undefined) return 0;
        await noted.end({ kind: "rejected", reason: undefined });
        return 1;
      }),
    );
    expect(posts.reduce<number>((sum, count) => sum + count, 0)).toBe(1);
  });

  test("one that waits for another can be ended", async () => {
    const [first, second] = [await guardOf(), await guardOf()];
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

  test("where the try cannot be noted, begin fails: there is no post without a note", async () => {
    const guard = await guardOf();
    await testDatabase.query("DROP TABLE public.login_guard");
    await expect(guard.begin(NEVER_ABORTED, true)).rejects.toBeInstanceOf(DatabaseError);
    await expect(check(guard)).rejects.toBeInstanceOf(DatabaseError);
  });

  test("the table and all its columns say what they are", async () => {
    await guardOf();
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

  async function cutOffWhoHoldsTheLock(): Promise<void> {
    await testDatabase.query(`SELECT pg_terminate_backend(pid) FROM ${locks} AND granted`);
  }
});
