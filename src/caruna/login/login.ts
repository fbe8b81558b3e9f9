import { createHash } from "node:crypto";
import type { CookieJar } from "tough-cookie";
import type { Logger } from "../../shared/logger.js";
import { controllerUnder } from "../../shared/signals.js";
import {
  CarunaError,
  CarunaUnreachable,
  CredentialsRejected,
  HostNotAllowed,
  LoginChanged,
  LoginPaused,
  RateLimited,
} from "../errors.js";
import type { AllowedHosts } from "../http/hosts.js";
import type { ProxySettings } from "../http/proxy.js";
import {
  cookieTransport,
  type HttpRequest,
  type HttpResponse,
  noteRest,
  type RetryPolicy,
  sendWithRetries,
  type Transport,
  type TransportLimits,
} from "../http/transport.js";
import { maskedCall, maskedPath, maskedText } from "../masking.js";
import type { Session } from "../session.js";
import { type BrowserOptions, installedBrowser } from "./browser/installed.js";
import { removeStaleProfiles } from "./browser/profiles.js";
import { type Budget, Deadline } from "./budget.js";
import type { LoginGuard, LoginOutcome, LoginPause, RecordedPost } from "./guard.js";
import { PageTooLarge } from "./html.js";
import { LostSession } from "./judgement.js";
import {
  changed,
  describe,
  type Hop,
  isErrorGenericPage,
  PAGE_KINDS,
  pageAfter,
  type Situation,
} from "./login-pages.js";
import { failureOfLogin } from "./outcome.js";
import type { Page } from "./page.js";
import { readStart, readToken, startRequest, tokenRequest } from "./portal.js";
import { navigation } from "./sending.js";
import type { TranscriptRecorder } from "./transcript.js";

/** Most requests that one login makes, retries included. */
const MAX_REQUESTS = 25;
/** Most of them that saved cookies may use up: the login with the password must still fit. */
const MAX_REQUESTS_WITHOUT_PASSWORD = 9;
/** Longest time for a login, in milliseconds; and for its part in a browser, which has to be started. */
const MAX_DURATION_MS = 60_000;
const MAX_DURATION_IN_BROWSER_MS = 180_000;
/** So often the same answer may come; one to a page that loads itself again, while something is prepared, more often. */
const MAX_SAME_ANSWER = 2;
const MAX_SAME_AFTER_WAITING = 4;

/** What a login needs to know. */
export interface LoginOptions {
  readonly baseUrl: URL;
  readonly hosts: AllowedHosts;
  readonly username: string;
  readonly password: string;
  /** Makes the empty cookie jar of an attempt. */
  readonly newJar: () => CookieJar;
  /** The cookies of an earlier login, which may spare the password; undefined where there are none worth a try. */
  readonly keptJar: CookieJar | undefined;
  /** A real browser for pages that only their scripts can pass; undefined where none may be started. */
  readonly browser: BrowserOptions | undefined;
  /**
   * Whether this login begins in the browser, since an earlier one got as far as a page behind the password that only a
   * browser can pass; the guard may know of it, too.
   */
  readonly startsInBrowser: boolean;
  /** Told when this login got as far as such a page. */
  readonly onBrowserNeeded: () => void;
  readonly guard: LoginGuard | undefined;
  /** A person who knows of the guard's pause wants this login all the same. */
  readonly force: boolean;
  /** Keeps the transcript of a login that failed, and names its file in the error. */
  readonly keepTranscript: (error: CarunaError) => Promise<void>;
  /** Writes the exchanges down, in case the login fails; undefined where nobody wants them. */
  readonly recorder: TranscriptRecorder | undefined;
  readonly limits: TransportLimits;
  readonly proxy: ProxySettings | undefined;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a login yields. */
export interface LoggedIn {
  readonly session: Session;
  /** The cookies of the attempt that succeeded. */
  readonly jar: CookieJar;
  /** True where no password was posted, since the saved cookies were enough. */
  readonly passwordWasSpared: boolean;
  /** True where it went on in a real browser from its first page. */
  readonly startedInBrowser: boolean;
}

/** What the identity provider leads back to the portal with: `code`, `state`, `session_state`. */
type Callback = URLSearchParams;

/**
 * Logs in as a browser would: without the password where saved cookies are enough, otherwise with one password post at
 * most. Where the session is lost before the post, the login begins again, once.
 *
 * Throws what the guard throws, `LoginPaused`, `CredentialsRejected`, `PersonNeeded`, `LoginChanged`, `HostNotAllowed`, `CarunaUnreachable`,
 * `RateLimited`.
 */
export async function logIn(options: LoginOptions): Promise<LoggedIn> {
  const deadline = new Deadline(MAX_DURATION_MS);
  const { controller, release } = controllerUnder(options.signal, deadline.signal);
  const { signal } = controller;
  const budget = { requests: MAX_REQUESTS, deadline };
  try {
    if (options.browser !== undefined) await removeStaleProfiles(options.browser.profileFolder);
    const pause = options.force ? undefined : await options.guard?.check(signal);
    if (pause !== undefined) throw new LoginPaused(pause);
    const startsInBrowser =
      options.browser !== undefined &&
      (options.startsInBrowser || (await options.guard?.needsBrowser?.(signal)) === true);
    const known = { ...options, startsInBrowser };
    return (await withKeptCookies(known, signal, budget)) ?? (await withPassword(known, signal, budget));
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof PageNotPassed) throw error.reason;
    if (isRejection(error) && options.password !== options.password.normalize("NFC")) error.nameDecomposedLetters();
    if (error instanceof CarunaError) throw error;
    if (error instanceof LostSession) throw new CarunaUnreachable("its login lost our session");
    if (deadline.signal.aborted)
      throw new CarunaUnreachable(`the login took longer than ${deadline.milliseconds / 1000} s`);
    throw error;
  } finally {
    deadline.end();
    release();
  }
}

/**
 * Tries with the cookies of an earlier login alone. Whatever they lead to but a token, the login begins again with the
 * password and without them: a page version or a session gone stale must not cost a password post.
 */
async function withKeptCookies(options: LoginOptions, signal: AbortSignal, budget: Budget) {
  const { keptJar: jar, logger } = options;
  if (jar === undefined) return undefined;
  const own = { ...budget, requests: MAX_REQUESTS_WITHOUT_PASSWORD };
  try {
    const session = await new Login(options, jar, signal, own, false).run();
    return { session, jar, passwordWasSpared: true, startedInBrowser: false };
  } catch (error) {
    const isOfCookies = [CarunaError, LostSession, PasswordNeeded, PageNotPassed].some((kind) => error instanceof kind);
    const isFinal = error instanceof RateLimited || error instanceof HostNotAllowed;
    if (signal.aborted || !isOfCookies || isFinal) throw error;
    const reason = error instanceof Error ? error.message : "";
    logger.debug({ reason }, "the saved cookies are not enough; beginning again without them");
    budget.requests -= MAX_REQUESTS_WITHOUT_PASSWORD - Math.max(0, own.requests);
    return undefined;
  }
}

async function withPassword(options: LoginOptions, signal: AbortSignal, budget: Budget): Promise<LoggedIn> {
  const attempt = (jar: CookieJar) => new Login(options, jar, signal, budget, true);
  const how = { passwordWasSpared: false, startedInBrowser: options.startsInBrowser };
  const firstJar = options.newJar();
  const first = attempt(firstJar);
  const session = await first.run().catch((error: unknown) => {
    if (!(error instanceof LostSession) || first.passwordWasPosted) throw error;
    options.logger.warn({}, "Caruna+ lost the session before the password; beginning again, once");
    return undefined;
  });
  if (session !== undefined) return { session, jar: firstJar, ...how };
  const jar = options.newJar();
  return { session: await attempt(jar).run(), jar, ...how };
}

/** The password was rejected, now or the last time. */
function isRejection(error: unknown): error is CarunaError {
  return error instanceof CredentialsRejected || (error instanceof LoginPaused && error.pause.kind === "rejected");
}

/** The pages asked for the user name or the password, and this attempt has none to give. */
class PasswordNeeded extends Error {
  override readonly message = "the login asks for the password";
}

/** A page before the password that cannot be passed by reading it. What can run its scripts may go on from there. */
export class PageNotPassed extends Error {
  readonly page: URL;
  readonly reason: LoginChanged;
  /** What the page is; undefined where it must be asked for again. */
  readonly response: HttpResponse | undefined;

  constructor(page: URL, reason: LoginChanged, response: HttpResponse | undefined) {
    super(reason.message);
    this.page = page;
    this.reason = reason;
    this.response = response;
  }
}

/** One attempt: one cookie jar, at most one password post. */
class Login {
  readonly #options: LoginOptions;
  readonly #jar: CookieJar;
  readonly #signal: AbortSignal;
  readonly #budget: Budget;
  readonly #send: Transport;
  readonly #givesPassword: boolean;
  #recordedPost: RecordedPost | undefined;
  #isPosted = false;
  #step = 0;
  /** The page that a browser would show now. */
  #shown: Page | undefined;
  /** The page that took the password. */
  #passwordPage: Page | undefined;
  #isUserNamePosted = false;
  readonly #sentForms = new Set<string>();
  readonly #seen = new Map<string, number>();

  constructor(options: LoginOptions, jar: CookieJar, signal: AbortSignal, budget: Budget, givesPassword: boolean) {
    this.#options = options;
    this.#jar = jar;
    this.#signal = signal;
    this.#budget = budget;
    const send = cookieTransport(jar, options.limits, options.proxy);
    this.#send = options.recorder?.transport(send, jar) ?? send;
    this.#givesPassword = givesPassword;
  }

  get passwordWasPosted(): boolean {
    return this.#passwordPage !== undefined || this.#isPosted;
  }

  /** The whole way to the token; the guard is told what came of the password, if it was posted. */
  async run(): Promise<Session> {
    try {
      const session = await this.#run();
      await this.#tellGuard({ kind: "accepted" });
      return session;
    } catch (error) {
      if (error instanceof LoginChanged && error.needsScript) await this.#nameBrowser(error);
      if (this.#recordedPost !== undefined && error instanceof CarunaError) await this.#options.keepTranscript(error);
      const pause = await this.#tellGuard(failureOfLogin(error));
      if (pause !== undefined && error instanceof CarunaError) error.namePause(pause);
      throw error;
    }
  }

  async #run(): Promise<Session> {
    // Step 1: the portal says where its identity provider's login begins.
    const start = await this.#askForStart();
    const callback = await this.#askForCallback(start);
    // Step 5: that address is not loaded, which would use up the state; the code in it is exchanged for a token.
    return await this.#askForToken(callback);
  }

  async #askForCallback(start: Hop): Promise<Callback> {
    if (this.#options.startsInBrowser && this.#givesPassword) {
      const { callback, problem } = await this.#askInBrowser(start.url, undefined);
      if (callback !== undefined) return callback;
      this.#options.logger.warn({ problem }, "the last login needed a real browser; this one is tried without");
    }
    try {
      // Step 2: pages lead to the form that takes the password; with saved cookies perhaps straight back to the portal.
      let hop = await this.#walk(
        start,
        (next) => next.carriesPassword === true || this.#callbackIn(next) !== undefined,
      );
      if (hop.carriesPassword === true) {
        // Step 3: the password is posted, once.
        hop = await this.#postPassword(hop);
        // Step 4: more pages lead back to an address of the portal with a code in it.
        hop = await this.#walk(hop, (next) => this.#callbackIn(next) !== undefined);
      }
      return this.#callbackIn(hop) ?? new URLSearchParams();
    } catch (error) {
      if (!(error instanceof PageNotPassed) || !this.#givesPassword) throw error;
      // Steps 2 to 4 in a real browser, from the page on that cannot be passed by reading it.
      const { callback, problem } = await this.#askInBrowser(error.page, error.response);
      if (callback !== undefined) return callback;
      if (error.reason.needsScript) error.reason.nameNextStep(`A real browser could go on, but ${problem}.`);
      throw error;
    }
  }

  /** Goes on in a real browser from a page, which is asked for where it is not given; or tells why there is none. */
  async #askInBrowser(
    url: URL,
    response: HttpResponse | undefined,
  ): Promise<{ callback: Callback; problem?: undefined } | { callback?: undefined; problem: string }> {
    const { browser, username, password } = this.#options;
    const { executable, problem } = await installedBrowser(browser);
    if (browser === undefined || executable === undefined) return { problem: problem ?? "" };
    const { BrowserNotStarted, passInBrowser } = await import("./browser/index.js");
    this.#budget.deadline.extend(MAX_DURATION_IN_BROWSER_MS);
    try {
      const callback = await passInBrowser({
        ...this.#options,
        ...{ executable, profileFolder: browser.profileFolder, account: { username, password }, signal: this.#signal },
        ...{ jar: this.#jar, from: { url, response }, isUserNamePosted: this.#isUserNamePosted },
        beginPost: () => this.#askGuard(),
        callbackIn: (hop) => this.#callbackIn(hop),
      });
      return { callback };
    } catch (error) {
      if (error instanceof BrowserNotStarted) return { problem: error.message };
      throw error;
    }
  }

  /** Says what an answer to the password takes that only its script can pass. */
  async #nameBrowser(error: LoginChanged): Promise<void> {
    if (!this.passwordWasPosted) return;
    const { problem } = await installedBrowser(this.#options.browser);
    this.#options.onBrowserNeeded();
    if (problem !== undefined) error.nameNextStep(`A real browser could go on, but ${problem}.`);
    else error.nameNextStep("The next login goes through a real browser.");
  }

  async #askForStart(): Promise<Hop> {
    const request = startRequest(this.#options.baseUrl);
    return { method: "GET", url: readStart(await this.#request(request), request.url) };
  }

  /** Opens page after page, until one leads to where the step ends. */
  async #walk(start: Hop, isEnd: (hop: Hop) => boolean): Promise<Hop> {
    let hop = start;
    while (!isEnd(hop)) hop = await this.#open(hop);
    return hop;
  }

  async #postPassword(hop: Hop): Promise<Hop> {
    if (!this.#givesPassword) throw new PasswordNeeded();
    this.#passwordPage = this.#shown;
    return await this.#open(hop);
  }

  /** `code` and `state` in the query, the fragment or a posted form of an address of the portal. */
  #callbackIn(hop: Hop): Callback | undefined {
    const parameters = new URLSearchParams(hop.url.search);
    const fragment = new URLSearchParams(hop.url.hash.slice(1));
    for (const [name, value] of [...fragment, ...(hop.fields ?? [])]) parameters.set(name, value);
    if (hop.url.host !== this.#options.baseUrl.host || !parameters.has("state")) return undefined;
    const refusal = parameters.get("error");
    if (refusal !== null)
      throw this.#changed("return to the portal", hop, "a code", `the refusal "${maskedText(refusal)}"`);
    return parameters.has("code") ? parameters : undefined;
  }

  /** Makes the request that a page leads to, and decides by its answer where to go next. */
  async #open(hop: Hop): Promise<Hop> {
    if (isErrorGenericPage(hop.url)) throw new LostSession();
    if (hop.carriesUserName === true && !this.#givesPassword) throw new PasswordNeeded();
    if (hop.waitSeconds !== undefined && hop.waitSeconds > 0)
      await this.#options.retry.sleep(hop.waitSeconds * 1000, this.#signal);
    const from = this.#shown?.url ?? this.#options.baseUrl;
    const request = navigation(hop, from, await this.#jar.getCookies(hop.url.href));
    const response = await this.#request(request, hop.carriesPassword);
    if (hop.sentForm !== undefined) this.#sentForms.add(hop.sentForm);
    if (hop.carriesUserName === true) this.#isUserNamePosted = true;
    try {
      await this.#refuseLoop(hop, response);
      return this.#decide(hop, response);
    } catch (error) {
      const found =
        error instanceof PageTooLarge ? this.#changed("page", hop, "a page of the login", error.message) : error;
      if (this.#passwordPage !== undefined || !(found instanceof LoginChanged)) throw found;
      // An answer to a script is shown in no page of its own.
      throw hop.isAjax === true
        ? new PageNotPassed(from, found, undefined)
        : new PageNotPassed(hop.url, found, response);
    }
  }

  #decide(hop: Hop, response: HttpResponse): Hop {
    const { username, password, retry, recorder, logger } = this.#options;
    const read = pageAfter(response, hop, this.#shown);
    const situation: Situation = {
      ...read,
      hop,
      response,
      passwordPage: this.#passwordPage,
      isUserNamePosted: this.#isUserNamePosted,
      sentForms: this.#sentForms,
      username,
      password,
      nowEpochMs: retry.now(),
      isAllowed: (url) => this.#options.hosts.allows(url),
    };
    if (response.status < 300 || response.status >= 400) this.#shown = read.page;
    for (const kind of PAGE_KINDS) {
      const next = kind.next(situation);
      if (next === undefined) continue;
      if (next.carriesPassword === true && this.#passwordPage !== undefined)
        throw this.#changed("password post", next, "one password post", "a redirect that wants another");
      recorder?.takenFor(kind.name);
      const asked = maskedCall(hop.method, hop.url);
      const leadsTo = maskedCall(next.method, next.url);
      logger.debug({ step: this.#step, asked, status: response.status, page: kind.name, next: leadsTo }, "login step");
      return next;
    }
    throw changed(situation, "a way on: a redirect, a form or a refresh");
  }

  async #askForToken(callback: Callback): Promise<Session> {
    const request = tokenRequest(this.#options.baseUrl, callback);
    const stepBefore = this.#step;
    const response = await this.#request(request);
    // The code is good for one answer: where that was lost on its way, the second try finds the code used up.
    const wasSentAgain = this.#step > stepBefore + 1;
    if (wasSentAgain && response.status >= 400 && response.status < 500) throw new LostSession();
    return readToken(response, request.url);
  }

  /** Sends one request within the login's bounds; one that carries the password is never sent twice. */
  async #request(request: HttpRequest, carriesPassword = false): Promise<HttpResponse> {
    this.#options.hosts.check(request.url);
    const send: Transport = async (once, signal) => {
      this.#step += 1;
      this.#budget.requests -= 1;
      if (this.#budget.requests < 0)
        throw this.#changed("page", once, `an end within ${MAX_REQUESTS} requests`, "ever more pages");
      if (carriesPassword) await this.#askGuard();
      return await this.#send(once, signal);
    };
    if (carriesPassword) {
      const response = await send(request, this.#signal);
      noteRest(request, response, this.#options.retry);
      return response;
    }
    return await sendWithRetries(send, request, this.#options.retry, this.#signal);
  }

  /** Immediately before the password is posted: where the post cannot be recorded, it is not made. */
  async #askGuard(): Promise<void> {
    if (this.#isPosted) return;
    const recorded = await this.#options.guard?.begin(this.#signal, this.#options.force);
    if (recorded?.pause !== undefined) throw new LoginPaused(recorded.pause);
    this.#recordedPost = recorded;
    this.#signal.throwIfAborted();
    this.#isPosted = true;
  }

  /** An outcome that cannot be recorded stays a post without one, which counts as "no answer". */
  async #tellGuard(outcome: LoginOutcome): Promise<LoginPause | undefined> {
    const recorded = this.#recordedPost;
    this.#recordedPost = undefined;
    if (recorded === undefined || recorded.pause !== undefined) return undefined;
    return await recorded.end(outcome).catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ outcome: outcome.kind, problem }, "the outcome of the login could not be recorded");
      return undefined;
    });
  }

  /** The same answer to the same request with the same cookies, again and again, would come for ever. */
  async #refuseLoop(hop: Hop, response: HttpResponse): Promise<void> {
    const cookies = await this.#jar.getCookieString(hop.url.href);
    const key = createHash("sha256")
      .update(
        JSON.stringify([
          hop.method,
          hop.url.href,
          hop.fields,
          cookies,
          response.headers.get("location"),
          response.body,
        ]),
      )
      .digest("hex");
    const times = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, times);
    if (times > (hop.waitSeconds === undefined ? MAX_SAME_ANSWER : MAX_SAME_AFTER_WAITING))
      throw this.#changed("page", hop, "a way on", "the same page again and again");
  }

  /** The error of a request that must not be made. */
  #changed(
    step: string,
    { method, url }: Pick<HttpRequest, "method" | "url">,
    expected: string,
    found: string,
  ): LoginChanged {
    const last = this.#shown === undefined ? "" : `; the last page was ${describe(this.#shown)}`;
    const needsScript = this.#shown?.hasScripts;
    return new LoginChanged({
      step,
      address: `${method} ${maskedPath(url)}`,
      expected,
      found: `${found}${last}`,
      needsScript,
    });
  }
}
