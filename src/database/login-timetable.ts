const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** So many different passwords may be tried within a day without waiting. */
const PASSWORDS_A_DAY = 3;
/** After so many rejections a rejected password is not posted again by itself. */
const REJECTIONS_TO_STOP = 4;
/** Posts of a week, whatever came of them; and those of them that were answered. */
const POSTS_A_WEEK = 7;
const ANSWERED_POSTS_A_WEEK = 4;
/** A cycle may come a little early for the post of the one before it, which came some way into that cycle. */
const CYCLE_SHARE = 0.9;
const LONGEST_LOGIN_MS = 120_000;

/** What came of a post that led to no token, as `LoginFailureKind` of the client. */
export const FAILURE_KINDS = ["rejected", "person needed", "not understood", "no answer"] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What came of one post. */
export interface PostOutcome {
  readonly kind: FailureKind;
  readonly words: string | undefined;
  readonly found: string | undefined;
  readonly transcriptFile: string | undefined;
  /** Caruna+ asked not to be asked before, milliseconds since the epoch. */
  readonly notBeforeEpochMs: number | undefined;
  /** True where only a real browser can pass the page that came. */
  readonly needsBrowser?: boolean | undefined;
}

/** One post of a password that was not accepted. */
export interface LoginPost {
  readonly atEpochMs: number;
  /** Digest of the credentials: equal where the password is. */
  readonly password: string;
  /** Of the program that posted it, e.g. "0.2.0". */
  readonly version: string;
  /** Undefined until it is known; it stays so where the program was killed, which counts as "no answer". */
  readonly outcome: PostOutcome | undefined;
  /** True where another password of the account was accepted later: it counts for this password alone. */
  readonly isSettled?: boolean | undefined;
}

/** The post that is asked for. */
export interface NextPost {
  /** Digest of the credentials. */
  readonly password: string;
  readonly version: string;
  /** From one regular cycle to the next. */
  readonly cycleMs: number;
}

/** When a password may be posted, and the post that decides it. */
export interface PostTime {
  /** Undefined: not before the password changes or a person asks. */
  readonly atEpochMs: number | undefined;
  readonly because: LoginPost;
  /** The posts that count for this password. */
  readonly posts: readonly LoginPost[];
  /** True where it has to wait since too many different passwords were tried. */
  readonly tooManyPasswords: boolean;
}

/**
 * The timetable of password posts to one account, as docs/protocol.md shows it.
 *
 * @param all since a password was last accepted, oldest first; of other passwords than that also those before.
 * @returns when the next post may be made at the earliest; undefined where nothing was posted.
 */
export function timeOfNextPost(all: readonly LoginPost[], next: NextPost): PostTime | undefined {
  const posts = all.filter(({ isSettled, password }) => isSettled !== true || password === next.password);
  const last = posts.at(-1);
  if (last === undefined) return undefined;
  const asked = Math.max(...posts.map(({ outcome }) => outcome?.notBeforeEpochMs ?? Number.NEGATIVE_INFINITY));
  const no = { tooManyPasswords: false, posts };
  const ofPassword = posts.filter(({ password }) => password === next.password);
  if (ofPassword.length === 0) {
    const freeAt = newPasswordFrom(posts);
    return { atEpochMs: Math.max(freeAt, asked), because: last, posts, tooManyPasswords: freeAt > asked && freeAt > 0 };
  }
  const stopping = postThatStops(posts, ofPassword);
  if (stopping !== undefined) return { atEpochMs: undefined, because: stopping, ...no };
  if (isNewerThanAll(posts, next.version)) return { atEpochMs: Math.max(last.atEpochMs, asked), because: last, ...no };
  const regular = last.atEpochMs + waitAfter(posts, last, next.cycleMs);
  return { atEpochMs: Math.max(regular, weekHasRoomFrom(posts), asked), because: last, ...no };
}

/** What came of a post; one that nobody recorded got no answer as far as anybody knows. */
export function kindOf({ outcome }: LoginPost): FailureKind {
  return outcome?.kind ?? "no answer";
}

export function isUnanswered(post: LoginPost): boolean {
  return kindOf(post) === "no answer";
}

/** A person who asks for the password once more starts nothing: it stays with that one post. */
function postThatStops(posts: readonly LoginPost[], ofPassword: readonly LoginPost[]): LoginPost | undefined {
  const rejections = posts.filter((post) => kindOf(post) === "rejected").length;
  return ofPassword.findLast(
    (post) => kindOf(post) === "person needed" || (kindOf(post) === "rejected" && rejections >= REJECTIONS_TO_STOP),
  );
}

function waitAfter(posts: readonly LoginPost[], last: LoginPost, cycleMs: number): number {
  const kind = kindOf(last);
  const count = posts.filter((post) => kindOf(post) === kind).length;
  const cycle = Math.max(cycleMs * CYCLE_SHARE, cycleMs - LONGEST_LOGIN_MS);
  const byCount = {
    rejected: [HOUR_MS, 6 * HOUR_MS, DAY_MS],
    "person needed": [],
    "not understood": [HOUR_MS, 6 * HOUR_MS, DAY_MS],
    "no answer": [cycle, cycle, 6 * HOUR_MS, DAY_MS],
  }[kind];
  return byCount[count - 1] ?? (isUnanswered(last) ? 3 * DAY_MS : WEEK_MS);
}

/** However the outcomes are mixed, no seven days have more posts than these. */
function weekHasRoomFrom(posts: readonly LoginPost[]): number {
  const answered = posts.filter((post) => !isUnanswered(post));
  const places = [posts.at(-POSTS_A_WEEK), answered.at(-ANSWERED_POSTS_A_WEEK)];
  return Math.max(...places.map((post) => (post === undefined ? 0 : post.atEpochMs + WEEK_MS)));
}

/** When a day has room for one more password: 0 where nothing is in the way. */
function newPasswordFrom(posts: readonly LoginPost[]): number {
  const lastPostOf = new Map(posts.map(({ password, atEpochMs }) => [password, atEpochMs]));
  const newestFirst = [...lastPostOf.values()].sort((one, other) => other - one);
  const oldestOfDay = newestFirst[PASSWORDS_A_DAY - 1];
  return oldestOfDay === undefined ? 0 : oldestOfDay + DAY_MS;
}

/** A newer version may understand what an older one did not; each gets one post at once. */
function isNewerThanAll(posts: readonly LoginPost[], version: string): boolean {
  const last = posts.at(-1);
  if (last === undefined || kindOf(last) !== "not understood") return false;
  return posts.every((post) => isNewer(version, post.version));
}

/** By semantic versioning, without the order among pre-releases. */
function isNewer(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) =>
    text
      .replace(/[-+].*/, "")
      .split(".")
      .map(Number),
  );
  for (let place = 0; place < 3; place += 1) {
    const difference = (one?.[place] ?? 0) - (other?.[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
