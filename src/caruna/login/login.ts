import type { CookieJar } from "tough-cookie";
import { z } from "zod";
import type { Logger } from "../../shared/logger.js";
import { controllerUnder } from "../../shared/signals.js";
import { isUsableId } from "../api/texts.js";
import {
  CarunaError,
  CarunaUnreachable,
  CredentialsRejected,
  HostNotAllowed,
  LoginChanged,
  LoginHeldBack,
  RateLimited,
  SecondFactorRequired,
} from "../errors.js";
import type { AllowedHosts } from "../http/hosts.js";
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
import { LAST_EPOCH_MS, type Session } from "../session.js";
import type { LoginGuard, LoginOutcome, NotedTry } from "./guard.js";
import {
  changed,
  describe,
  type Hop,
  isErrorGenericPage,
  LostSession,
  PAGE_KINDS,
  refuseMaintenance,
  type Situation,
  urlEncoded,
} from "./login-pages.js";
import { PageTooLarge } from "./markup.js";
import { type Page, readPage, resolve } from "./page.js";
import type { TranscriptRecorder } from "./transcript.js";

/** Most requests that one login makes, tries after failures included. */
const MAX_REQUESTS = 25;
/** Most of them that kept cookies may use up: the login with the password must still fit. */
const MAX_REQUESTS_WITHOUT_PASSWORD = 9;
/** Longest time for a login, in milliseconds. */
const MAX_DURATION_MS = 60_000;

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
  readonly guard: LoginGuard | undefined;
  /** A person asks for this login: the guard may not hold it back. */
  readonly isAskedFor: boolean;
  /** Writes the exchanges down, in case the login fails; undefined where nobody wants them. */
  readonly recorder: TranscriptRecorder | undefined;
  readonly limits: TransportLimits;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a login yields. */
export interface LoggedIn {
  readonly session: Session;
  /** The cookies of the attempt that succeeded. */
  readonly jar: CookieJar;
  /** True where no password was posted, since the kept cookies were enough. */
  readonly passwordWasSpared: boolean;
}

/** Query of the address that the identity provider leads back to: `code`, `state`, `session_state`. */
type Callback = URLSearchParams;

/**
 * Logs in as a browser would: without the password where kept cookies are enough, otherwise with at most one password
 * post, and a second one only where the first was never judged because the session was lost.
 *
 * Throws what the guard throws, `LoginHeldBack`, `CredentialsRejected`, `SecondFactorRequired`, `LoginChanged`, `HostNotAllowed`, `CarunaUnreachable`,
 * `RateLimited`.
 */
export async function logIn(options: LoginOptions): Promise<LoggedIn> {
  const deadline = AbortSignal.timeout(MAX_DURATION_MS);
  const { controller, release } = controllerUnder(options.signal, deadline);
  const { signal } = controller;
  const budget = { requests: MAX_REQUESTS };
  try {
    const hold = options.isAskedFor ? undefined : await options.guard?.check(signal);
    if (hold !== undefined) throw new LoginHeldBack(hold);
    return (await withKeptCookies(options, signal, budget)) ?? (await withPassword(options, signal, budget));
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof CarunaError) throw error;
    if (error instanceof LostSession) throw new CarunaUnreachable("its login lost our session");
    if (deadline.aborted) throw new CarunaUnreachable(`the login took longer than ${MAX_DURATION_MS / 1000} s`);
    throw error;
  } finally {
    release();
  }
}

/**
 * Tries with the cookies of an earlier login alone. Whatever they lead to but a token, the login begins anew with the
 * password and without them: a page version or a session gone stale must not cost a password post.
 */
async function withKeptCookies(options: LoginOptions, signal: AbortSignal, budget: Budget) {
  const { keptJar: jar, logger } = options;
  if (jar === undefined) return undefined;
  const own = { requests: MAX_REQUESTS_WITHOUT_PASSWORD };
  try {
    const session = await new Login(options, jar, signal, own, false).run();
    return { session, jar, passwordWasSpared: true };
  } catch (error) {
    const isOfCookies = error instanceof CarunaError || error instanceof LostSession || error instanceof PasswordNeeded;
    if (signal.aborted || !isOfCookies || error instanceof RateLimited || error instanceof HostNotAllowed) throw error;
    logger.debug({ reason: error.message }, "the kept cookies do not spare the password; beginning anew without them");
    budget.requests -= MAX_REQUESTS_WITHOUT_PASSWORD - Math.max(0, own.requests);
    return undefined;
  }
}

async function withPassword(options: LoginOptions, signal: AbortSignal, budget: Budget): Promise<LoggedIn> {
  const attempt = (jar: CookieJar) => new Login(options, jar, signal, budget, true);
  const firstJar = options.newJar();
  const first = attempt(firstJar);
  const session = await first.run().catch((error: unknown) => {
    if (!(error instanceof LostSession) || first.passwordWasJudged) throw error;
    options.logger.warn({}, "Caruna+ lost the session in the middle of the login; beginning anew, once");
    return undefined;
  });
  if (session !== undefined) return { session, jar: firstJar, passwordWasSpared: false };
  const jar = options.newJar();
  return { session: await attempt(jar).run(), jar, passwordWasSpared: false };
}

/** Requests that may still be made. */
interface Budget {
  requests: number;
}

/** The pages asked for the user name or the password, and this attempt has none to give. */
class PasswordNeeded extends Error {
  override readonly message = "the login asks for the password";
}

/** One attempt: one cookie jar, at most one password post. */
class Login {
  /** True once a page has come after the password; what only leads to the error page has judged nothing. */
  passwordWasJudged = false;
  readonly #options: LoginOptions;
  readonly #signal: AbortSignal;
  readonly #budget: Budget;
  readonly #send: Transport;
  readonly #givesPassword: boolean;
  #notedTry: NotedTry | undefined;
  #passwordPosts = 0;
  #userNamePosts = 0;
  #step = 0;
  #lastPage: Page | undefined;
  readonly #seen = new Map<string, number>();

  constructor(options: LoginOptions, jar: CookieJar, signal: AbortSignal, budget: Budget, givesPassword: boolean) {
    this.#options = options;
    this.#signal = signal;
    this.#budget = budget;
    const send = cookieTransport(jar, options.limits);
    this.#send = options.recorder?.transport(send, jar) ?? send;
    this.#givesPassword = givesPassword;
  }

  /** The whole way to the token; the guard is told what became of the password, if it was posted. */
  async run(): Promise<Session> {
    try {
      const session = await this.#run();
      await this.#tellGuard({ kind: "accepted" });
      return session;
    } catch (error) {
      await this.#tellGuard(this.#outcomeOf(error));
      throw error;
    }
  }

  async #run(): Promise<Session> {
    // The portal tells where its identity provider's login begins,
    const start = await this.#askForStart();
    // which leads through its pages, the password among them, to an address of the portal with a code in it.
    const callback = await this.#walk(start);
    // That address is not loaded, it would use up the state; the code in it is changed for a token.
    return await this.#askForToken(callback);
  }

  async #askForStart(): Promise<Hop> {
    const { baseUrl } = this.#options;
    const request = startRequest(baseUrl);
    return { method: "GET", url: readStart(await this.#request(request), request.url) };
  }

  /** Follows the pages until one leads back to the portal with a code. */
  async #walk(start: Hop): Promise<Callback> {
    let hop = start;
    let shown = { url: this.#options.baseUrl, base: this.#options.baseUrl };
    for (;;) {
      const callback = this.#callbackIn(hop);
      if (callback !== undefined) return callback;
      if (isErrorGenericPage(hop.url)) throw new LostSession();
      const response = await this.#visit(hop, shown.url);
      try {
        const page = readPage(response.body, hop.isAjax ? shown.url : hop.url);
        if (!hop.isAjax) shown = page;
        hop = this.#decide(hop, response, page, shown.base);
      } catch (error) {
        if (!(error instanceof PageTooLarge)) throw error;
        throw this.#changed("page", hop, "a page of the login", error.message);
      }
    }
  }

  /** The address of the portal with `code` and `state` in its query, or a form that would post these there. */
  #callbackIn(hop: Hop): Callback | undefined {
    const parameters = new URLSearchParams(hop.url.search);
    for (const [name, value] of hop.fields ?? []) parameters.set(name, value);
    if (hop.url.origin !== this.#options.baseUrl.origin || !parameters.has("state")) return undefined;
    const refusal = parameters.get("error");
    if (refusal !== null)
      throw this.#changed("return to the portal", hop, "a code", `the refusal "${maskedText(refusal)}"`);
    return parameters.has("code") ? parameters : undefined;
  }

  async #visit(hop: Hop, shown: URL): Promise<HttpResponse> {
    this.#refuseLoop(hop);
    if (!this.#givesPassword && (hop.carriesPassword || hop.carriesUserName)) throw new PasswordNeeded();
    if (hop.carriesPassword) this.#countPasswordPost(hop);
    if (hop.carriesUserName) this.#userNamePosts += 1;
    return await this.#request(
      {
        method: hop.method,
        url: hop.url,
        headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...hop.headers, ...cameFrom(shown, hop) },
        ...(hop.method === "POST" ? { body: encoded(hop) } : {}),
      },
      hop.carriesPassword,
    );
  }

  /** The password is posted once; a redirect that wants it posted again (307, 308) asks for one post too many. */
  #countPasswordPost(hop: Hop): void {
    this.#passwordPosts += 1;
    if (this.#passwordPosts === 1) return;
    throw this.#changed("password post", hop, "one password post", "a redirect that wants another");
  }

  #decide(hop: Hop, response: HttpResponse, page: Page, shownBase: URL): Hop {
    this.#lastPage = page;
    const { username, password, retry } = this.#options;
    const counts = { passwordPosts: this.#passwordPosts, userNamePosts: this.#userNamePosts };
    const situation: Situation = {
      hop,
      response,
      page,
      shownBase,
      ...counts,
      username,
      password,
      nowEpochMs: retry.now(),
    };
    for (const kind of PAGE_KINDS) {
      const next = kind.next(situation);
      if (next === undefined) continue;
      this.passwordWasJudged ||= this.#passwordPosts > 0 && !kind.isOnlyAnAddress;
      this.#options.recorder?.takenFor(kind.name);
      this.#options.logger.debug(
        {
          step: this.#step,
          asked: maskedCall(hop.method, hop.url),
          status: response.status,
          page: kind.name,
          next: maskedCall(next.method, next.url),
        },
        "login step",
      );
      return next;
    }
    throw changed(situation, "a way on: a redirect, a form or a refresh");
  }

  async #askForToken(callback: Callback): Promise<Session> {
    const url = new URL("/api/authorization/token", this.#options.baseUrl);
    const headers = { ...JSON_HEADERS, "Content-Type": FORM_TYPE, ...fromPortal(this.#options.baseUrl) };
    const stepBefore = this.#step;
    const response = await this.#request({ method: "POST", url, body: callback.toString(), headers });
    // The code is good for one answer: where that was lost on its way, the second try finds the code used up.
    const wasSentAgain = this.#step > stepBefore + 1;
    if (wasSentAgain && response.status >= 400 && response.status < 500) throw new LostSession();
    return readToken(response, url);
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

  /** Immediately before the password is posted: where the post cannot be noted, it is not made. */
  async #askGuard(): Promise<void> {
    const noted = await this.#options.guard?.begin(this.#signal, this.#options.isAskedFor);
    if (noted?.hold !== undefined) throw new LoginHeldBack(noted.hold);
    this.#notedTry = noted;
    this.#signal.throwIfAborted();
  }

  /** What is not told stays noted as a try without an outcome: the safe side. */
  async #tellGuard(outcome: LoginOutcome): Promise<void> {
    const noted = this.#notedTry;
    this.#notedTry = undefined;
    if (noted === undefined || noted.hold !== undefined) return;
    await noted.end(outcome).catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ outcome: outcome.kind, problem }, "what became of the password could not be noted");
    });
  }

  #outcomeOf(error: unknown): LoginOutcome {
    if (error instanceof CredentialsRejected) return { kind: "rejected", reason: error.reason };
    // Each try would send another text message to somebody's telephone.
    if (error instanceof SecondFactorRequired) return { kind: "rejected", reason: "it asks for a second factor" };
    return { kind: this.#options.signal.aborted ? "cut off" : "not judged" };
  }

  /** A page that comes back a third time in the same state would come back for ever. */
  #refuseLoop(hop: Hop): void {
    const key = JSON.stringify([hop.method, hop.url.href, hop.fields, this.#passwordPosts]);
    const times = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, times);
    if (times > 2) throw this.#changed("page", hop, "a way on", "the same page again and again");
  }

  /** The error of a request that must not be made. */
  #changed(step: string, { method, url }: Pick<Hop, "method" | "url">, expected: string, found: string): LoginChanged {
    const last = this.#lastPage === undefined ? "" : `; the last page was ${describe(this.#lastPage)}`;
    return new LoginChanged({ step, address: `${method} ${maskedPath(url)}`, expected, found: `${found}${last}` });
  }
}

const FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON_HEADERS = { Accept: "application/json, text/plain, */*", "Content-Type": "application/json" };

function encoded(hop: Hop): string | FormData {
  const fields = hop.fields ?? [];
  if (hop.enctype !== "multipart") return urlEncoded(fields);
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

/** `Referer` and `Origin` as browsers send them: the whole address within a site, its origin alone to another. */
function cameFrom(shown: URL, hop: Hop): Record<string, string> {
  const referer =
    shown.origin === hop.url.origin ? `${shown.origin}${shown.pathname}${shown.search}` : `${shown.origin}/`;
  if (hop.method === "GET") return { Referer: referer };
  const type: Record<string, string> = hop.enctype === "multipart" ? {} : { "Content-Type": FORM_TYPE };
  return { Referer: referer, Origin: shown.origin, ...type };
}

/** As the portal's own script sends it. */
function fromPortal(baseUrl: URL): Record<string, string> {
  return { Origin: baseUrl.origin, Referer: new URL("/", baseUrl).href };
}

/** The request to the portal that begins a login; it carries nothing of the account. */
export function startRequest(baseUrl: URL): HttpRequest {
  const body = JSON.stringify({ redirectAfterLogin: new URL("/", baseUrl).href, language: "fi" });
  const url = new URL("/api/authorization/login", baseUrl);
  return { method: "POST", url, body, headers: { ...JSON_HEADERS, ...fromPortal(baseUrl) } };
}

/** Where the identity provider's login begins, by the portal's answer. Throws `LoginChanged` or `CarunaUnreachable`. */
export function readStart(response: HttpResponse, url: URL): URL {
  const expected = "an answer with loginRedirectUrl";
  const { loginRedirectUrl } = readAnswer(response, START_ANSWER, { step: "start", url, expected });
  const start = resolve(loginRedirectUrl, url);
  if (start !== undefined) return start;
  const found = "a loginRedirectUrl that is no address";
  throw new LoginChanged({ step: "start", address: `POST ${maskedPath(url)}`, expected, found });
}

const START_ANSWER = z.object({ loginRedirectUrl: z.string().min(1) });

/** Numbers may come as numbers or as strings. */
const CUSTOMER_NUMBERS = z
  .array(z.union([z.string(), z.number()]).transform(String).refine(isUsableId, "expected a customer number"))
  .nullish()
  .transform((numbers) => numbers ?? []);

const TOKEN_ANSWER = z.object({
  token: z.string().min(1),
  /** Epoch seconds. */
  expiresAt: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(
    z
      .number()
      .positive()
      .max(LAST_EPOCH_MS / 1000),
  ),
  user: z.object({ ownCustomerNumbers: CUSTOMER_NUMBERS, representedCustomerNumbers: CUSTOMER_NUMBERS }),
});

/** The session that a token answer gives. Throws `LoginChanged` or `CarunaUnreachable`. */
export function readToken(response: HttpResponse, url: URL): Session {
  const answer = readAnswer(response, TOKEN_ANSWER, { step: "token", url, expected: "a token" });
  return {
    token: answer.token,
    expiresAtEpochMs: answer.expiresAt * 1000,
    ownCustomerNumbers: answer.user.ownCustomerNumbers,
    representedCustomerNumbers: answer.user.representedCustomerNumbers,
  };
}

/** A call of the portal within the login, and what its answer must hold. */
interface LoginCall {
  readonly step: string;
  readonly url: URL;
  readonly expected: string;
}

/**
 * Reads a JSON answer of the login whatever it is labelled; throws `LoginChanged` with what it is instead, or
 * `CarunaUnreachable` where that is a page of maintenance.
 */
function readAnswer<Answer>(response: HttpResponse, schema: z.ZodType<Answer>, call: LoginCall): Answer {
  const { step, url, expected } = call;
  const answer = parseJson(response.body);
  const parsed = schema.safeParse(answer);
  if (parsed.success && response.status < 300) return parsed.data;
  const address = `POST ${maskedPath(url)}`;
  const found = answer === undefined ? `, ${describeBody(response.body, url)}` : describeJson(answer, parsed.error);
  throw new LoginChanged({ step, address, expected, found: `HTTP ${response.status}${found}` });
}

/** What an answer is that should have been JSON. */
function describeBody(body: string, url: URL): string {
  try {
    const page = readPage(body, url);
    refuseMaintenance(page);
    return describe(page);
  } catch (error) {
    if (error instanceof PageTooLarge) return error.message;
    throw error;
  }
}

/** The service's own words in `msg`, or what is wrong with which field. */
function describeJson(answer: unknown, error: z.ZodError | undefined): string {
  const message = z.object({ msg: z.string() }).safeParse(answer);
  if (message.success) return ` "${maskedText(message.data.msg)}"`;
  const problems = error?.issues.map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`) ?? [];
  return `, ${problems.join("; ") || "an answer that would do, with a status that does not"}`;
}

/** JSON, or undefined for what is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
