/**
 * Keeps the account from being locked: remembers what became of the passwords posted, and holds the next one back.
 *
 * The client asks `check` before the first request of a login, and `begin` immediately before the password is posted;
 * a login that posts no password (kept cookies spared it) never calls `begin`. An error that either throws ends the
 * login before the post.
 */
export interface LoginGuard {
  /** Returns why no login may begin now; undefined where one may. */
  check(signal: AbortSignal): Promise<LoginHold | undefined>;
  /**
   * Decides once more and notes, as one step, that the password is about to be posted: before it is, so that even a
   * program killed in between leaves a trace.
   *
   * @param isAskedFor a person asks for this try, so it may not be held back; it is noted all the same.
   */
  begin(signal: AbortSignal, isAskedFor: boolean): Promise<NotedTry>;
}

/** What became of `begin`: the password must not be posted, or the post is noted and its outcome is to be told. */
export type NotedTry =
  | { readonly hold: LoginHold }
  | { readonly hold: undefined; end(outcome: LoginOutcome): Promise<void> };

/**
 * What became of a password that was posted.
 *
 * - `accepted`: it led to a token; nothing is left to remember.
 * - `rejected`: Caruna+ said no, in its own words where it gave some (masked); or it wants a second factor, and would
 *   send a person another code at every try.
 * - `not judged`: anything else that happened (network, maintenance, HTTP 5xx, an unknown page): all is as it was before.
 * - `cut off`: our side gave up before an answer had come. Nobody knows whether it was judged.
 */
export type LoginOutcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "rejected"; readonly reason: string | undefined }
  | { readonly kind: "not judged" }
  | { readonly kind: "cut off" };

/** Why the password is not posted now, and until when. */
export interface LoginHold {
  /** How often Caruna+ has rejected these credentials. */
  readonly rejections: number;
  /** How many tries ended before an answer had come. */
  readonly unfinishedTries: number;
  /** When the password was posted last, milliseconds since the epoch. */
  readonly lastTryEpochMs: number;
  /** When it may be posted again; undefined: not before the credentials change or a person asks. */
  readonly nextTryEpochMs: number | undefined;
  /** Caruna's own words at the last rejection (masked), where it gave some. */
  readonly reason: string | undefined;
}
