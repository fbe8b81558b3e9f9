import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAILURE_KINDS, type FailureKind, type LoginPost, timeOfNextPost } from "../../src/database/login-timetable.js";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const START = Date.UTC(2026, 0, 1);
const NEXT = { password: "first", version: "1.0.0", cycleMs: HOUR_MS };

interface Post {
  readonly kind: FailureKind | undefined;
  readonly atHours: number;
  readonly password?: string;
  readonly version?: string;
  readonly notBeforeHours?: number;
}

/** A post as it is recorded; without a kind the program was killed before an answer. */
function post({ kind, atHours, password = "first", version = "1.0.0", notBeforeHours }: Post): LoginPost {
  const none = { words: undefined, found: undefined, transcriptFile: undefined };
  const notBeforeEpochMs = notBeforeHours === undefined ? undefined : START + notBeforeHours * HOUR_MS;
  const outcome = kind === undefined ? undefined : { ...none, kind, notBeforeEpochMs };
  return { atEpochMs: START + atHours * HOUR_MS, password, version, outcome };
}

/** Hours since the start at which that password may be posted; null: not by itself. */
function nextAfter(posts: readonly Post[], next: Partial<typeof NEXT> = {}): number | null {
  const atEpochMs = timeOfNextPost(posts.map(post), { ...NEXT, ...next })?.atEpochMs;
  return atEpochMs === undefined ? null : (atEpochMs - START) / HOUR_MS;
}

/** Whole hours of `days` days at which a daemon with an hourly cycle posts, each post ending as told. */
function postsOfDays(days: number, endOf: (post: number) => FailureKind | undefined): number[] {
  const posts: LoginPost[] = [];
  for (let hour = 0; hour < days * 24; hour += 1) {
    const time = timeOfNextPost(posts, NEXT);
    if (time !== undefined && (time.atEpochMs === undefined || time.atEpochMs > START + hour * HOUR_MS)) continue;
    posts.push(post({ kind: endOf(posts.length), atHours: hour }));
  }
  return posts.map(({ atEpochMs }) => (atEpochMs - START) / HOUR_MS);
}

describe("a month of hourly cycles", () => {
  test.each<[FailureKind | undefined, number[]]>([
    ["rejected", [0, 1, 7, 31]],
    ["person needed", [0]],
    ["not understood", [0, 1, 7, 31, 199, 367, 535, 703]],
    ["no answer", [0, 1, 2, 8, 32, 104, 176, 248, 320, 392, 464, 536, 608, 680]],
    [undefined, [0, 1, 2, 8, 32, 104, 176, 248, 320, 392, 464, 536, 608, 680]],
  ])("always %s", (kind, hours) => {
    expect(postsOfDays(30, () => kind)).toEqual(hours);
  });

  test("a weekend of maintenance, then a rejection, then the right password: the daemon goes on", () => {
    const kinds: FailureKind[] = [...Array<FailureKind>(6).fill("no answer"), "rejected"];
    const hours = postsOfDays(30, (count) => kinds[count] ?? "no answer");
    expect(hours.slice(0, 8)).toEqual([0, 1, 2, 8, 32, 104, 176, 177]);
  });

  test("however the outcomes are mixed, seven days have at most seven posts, and four that were answered", () => {
    const kinds = fc.constantFrom<(FailureKind | undefined)[]>(undefined, ...FAILURE_KINDS);
    fc.assert(
      fc.property(fc.array(kinds, { minLength: 40, maxLength: 40 }), (ends) => {
        const endOf = (count: number) => ends[count];
        const hours = postsOfDays(30, endOf);
        const answered = hours.filter((_, count) => !["no answer", undefined].includes(endOf(count)));
        const within = (all: readonly number[], from: number) =>
          all.filter((hour) => hour >= from && hour < from + 7 * 24).length;
        for (const hour of hours) {
          expect(within(hours, hour)).toBeLessThanOrEqual(7);
          expect(within(answered, hour)).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("only a rejection and a person's task stop for good", () => {
    const kinds = fc.constantFrom<(FailureKind | undefined)[]>(undefined, "not understood", "no answer");
    fc.assert(
      fc.property(fc.array(kinds, { minLength: 1, maxLength: 40 }), (ends) => {
        const next = nextAfter(ends.map((kind, count) => ({ kind, atHours: count })));
        expect(next).not.toBeNull();
        expect(next).toBeLessThanOrEqual(ends.length - 1 + WEEK_MS / HOUR_MS);
      }),
    );
  });
});

describe("the next post", () => {
  test("of an account without a failed post is free", () => {
    expect(timeOfNextPost([], NEXT)).toBeUndefined();
  });

  test("is counted over all kinds: a rejection forgets no post that got no answer, and the reverse", () => {
    const silent = [0, 1, 2].map((atHours) => ({ kind: "no answer" as const, atHours }));
    const afterRejection = [...silent, { kind: "rejected" as const, atHours: 8 }];
    expect(nextAfter([...afterRejection, { kind: "no answer", atHours: 9 }])).toBe(9 + 24);
    expect(nextAfter([...afterRejection, { kind: "rejected", atHours: 9 }])).toBe(9 + 6);
  });

  test("after no answer comes with the next regular cycle, even if the post came late in the one before", () => {
    const posts = [{ kind: "no answer" as const, atHours: 1 / 60 }];
    expect(nextAfter(posts)).toBeLessThanOrEqual(1);
    expect(nextAfter(posts, { cycleMs: DAY_MS })).toBeLessThanOrEqual(24);
  });

  test("after no answer comes no sooner than nearly a cycle later: a retry of a failed cycle posts nothing", () => {
    expect(nextAfter([{ kind: "no answer", atHours: 0 }])).toBeGreaterThan(0.9);
    expect(nextAfter([{ kind: "no answer", atHours: 0 }], { cycleMs: DAY_MS })).toBeGreaterThan(21);
  });

  test("waits for Caruna+'s Retry-After, whatever password it is and whatever version", () => {
    const posts = [{ kind: "no answer" as const, atHours: 0, notBeforeHours: 30 }];
    expect(nextAfter(posts)).toBe(30);
    expect(nextAfter(posts, { password: "second" })).toBe(30);
    const notUnderstood = [{ kind: "not understood" as const, atHours: 0, notBeforeHours: 30 }];
    expect(nextAfter(notUnderstood, { version: "2.0.0" })).toBe(30);
  });

  test("of what was not understood is free for a newer version, once, and for no older one", () => {
    const posts = [0, 1, 7].map((atHours) => ({ kind: "not understood" as const, atHours }));
    expect(nextAfter(posts)).toBe(7 + 24);
    expect(nextAfter(posts, { version: "1.0.1" })).toBe(7);
    expect(nextAfter(posts, { version: "1.10.0" })).toBe(7);
    expect(nextAfter(posts, { version: "0.9.0" })).toBe(31);
    const tried = [...posts, { kind: "not understood" as const, atHours: 8, version: "1.0.1" }];
    expect(nextAfter(tried, { version: "1.0.1" })).toBe(8 + 168);
    expect(nextAfter(tried, { version: "1.0.0" })).toBe(8 + 168);
  });

  test("of a rejected password is not freed by a newer version", () => {
    expect(nextAfter([{ kind: "rejected", atHours: 0 }], { version: "2.0.0" })).toBe(1);
  });
});

describe("different passwords of one account", () => {
  test("three are tried at once within a day, the fourth a day after the first", () => {
    const rejected = (password: string, atHours: number): Post => ({ kind: "rejected", atHours, password });
    const posts = [rejected("a", 0), rejected("b", 1), rejected("c", 2)];
    expect(nextAfter(posts.slice(0, 1), { password: "b" })).toBeLessThanOrEqual(0);
    expect(nextAfter(posts.slice(0, 2), { password: "c" })).toBeLessThanOrEqual(1);
    expect(nextAfter(posts, { password: "d" })).toBe(24);
    expect(timeOfNextPost(posts.map(post), { ...NEXT, password: "d" })).toMatchObject({ tooManyPasswords: true });
  });

  test("count together: the third rejection of the account waits a day, whichever password it was", () => {
    const posts: Post[] = ["a", "b", "c"].map((password) => ({ kind: "rejected", atHours: 0, password }));
    for (const password of ["a", "b", "c"]) expect(nextAfter(posts, { password })).toBe(24);
  });

  test("one that was rejected stays stopped after four rejections, another one may still be tried", () => {
    const posts: Post[] = [0, 1, 7, 31].map((atHours) => ({ kind: "rejected", atHours }));
    expect(nextAfter(posts)).toBeNull();
    expect(nextAfter(posts, { password: "second" })).toBeLessThanOrEqual(31);
    // Which then met a weekend of maintenance: it goes on, the first does not.
    const more: Post[] = [...posts, { kind: "no answer", atHours: 40, password: "second" }];
    expect(nextAfter(more, { password: "second" })).not.toBeNull();
    expect(nextAfter(more)).toBeNull();
  });

  test("a login that needs a person stops for that password, also after a forced post that got no answer", () => {
    const posts: Post[] = [
      { kind: "person needed", atHours: 0 },
      { kind: "no answer", atHours: 1 },
    ];
    expect(nextAfter(posts)).toBeNull();
    expect(timeOfNextPost(posts.map(post), NEXT)?.because.outcome?.kind).toBe("person needed");
    expect(nextAfter(posts, { password: "second" })).toBeLessThanOrEqual(1);
  });
});
