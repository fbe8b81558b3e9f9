/**
 * Keeps the account from being locked: remembers what came of the passwords posted, and pauses the login.
 *
 * The client asks `check` before the first request of a login, and `begin` immediately before the password is posted;
 * a login that posts no password (saved cookies were enough) never calls `begin`. An error that either throws ends the
 * login before the post.
 */
export interface LoginGuard {
  /** Returns why no login may begin now; undefined where one may. */
  check(signal: AbortSignal): Promise<LoginPause | undefined>;
  /**
   * Decides once more and records, as one step, that the password is about to be posted: before it is, so that even a
   * program killed in between leaves a trace.
   *
   * @param force a person who knows of the pause wants this post all the same; it is recorded like any other.
   */
  begin(signal: AbortSignal, force: boolean): Promise<RecordedPost>;
  /**
   * Whether, since a password was last accepted, one got as far as a page that only a real browser can pass (`needsBrowser`
   * of its outcome): then the next login begins in one. Asked after `check`.
   */
  needsBrowser?(signal: AbortSignal): Promise<boolean>;
}

/** What `begin` decided: the password must not be posted, or the post is recorded and waits for its outcome. */
export type RecordedPost =
  | { readonly pause: LoginPause }
  | {
      readonly pause: undefined;
      /** Records the outcome. Returns when the password may be posted again; undefined after `accepted`. */
      end(outcome: LoginOutcome): Promise<LoginPause | undefined>;
    };

/**
 * What came after a password post that led to no token.
 *
 * - `rejected`: Caruna+ judged user name and password, and said no.
 * - `person needed`: the password was taken, but only a person can go on (code, approval, link, captcha, new password).
 * - `not understood`: anything else that came; the password may well be right.
 * - `no answer`: a server error, maintenance, a time-out, a lost connection, or our own program ended.
 */
export type LoginFailureKind = "rejected" | "person needed" | "not understood" | "no answer";

/** What came of a password that was posted. All texts are masked. */
export type LoginOutcome = { readonly kind: "accepted" } | LoginFailure;

/** How a password post failed. */
export interface LoginFailure {
  readonly kind: LoginFailureKind;
  /** Caruna's own words, where it gave some. */
  readonly words: string | undefined;
  /** What came, in ours: "HTTP 503 at POST /portal/login", "a one-time code". */
  readonly found: string | undefined;
  /** How long Caruna+ asked to be left alone. */
  readonly retryAfterSeconds: number | undefined;
  /** File with the transcript of the login. */
  readonly transcriptFile: string | undefined;
  /** True where a script of the page may know the way on. */
  readonly needsBrowser?: boolean;
}

/** Why the password is not posted now, and until when. */
export interface LoginPause {
  /** What came of the last post. */
  readonly kind: LoginFailureKind;
  readonly words: string | undefined;
  readonly found: string | undefined;
  readonly transcriptFile: string | undefined;
  /** Posts to this account since one was last accepted. */
  readonly failedPosts: number;
  /** Those of them that were rejected. */
  readonly rejections: number;
  /** When a password was posted last, milliseconds since the epoch. */
  readonly lastPostEpochMs: number;
  /** When this one may be posted again; undefined: not before the password changes or a person asks. */
  readonly nextPostEpochMs: number | undefined;
  /** True where it waits because too many different passwords were tried within a day. */
  readonly tooManyPasswords: boolean;
}
