import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Cookie, CookieJar } from "tough-cookie";
import { errorCode } from "../shared/error-code.js";
import { type Logger, silentLogger } from "../shared/logger.js";
import { version } from "../shared/version.js";
import { type EnergyAnswer, readContracts, readCustomer, readEnergy, readMeteringPoints } from "./api/answers.js";
import { type EnergyOptions, type EnergyQuery, energyRows, type RowSource } from "./api/energy-rows.js";
import type { Contract, Customer, EnergyRow, MeteringPoint, Profile } from "./api/types.js";
import {
  AccessRefused,
  AnswerNotUnderstood,
  CarunaError,
  CarunaUnreachable,
  LoginPaused,
  RateLimited,
  TokenRefused,
} from "./errors.js";
import type { ClientEvent } from "./events.js";
import { Gate } from "./http/gate.js";
import { AllowedHosts } from "./http/hosts.js";
import { Outage } from "./http/outage.js";
import type { ProxySettings } from "./http/proxy.js";
import {
  DEFAULT_LIMITS,
  type HttpResponse,
  keepAliveTransport,
  Rest,
  type RetryPolicy,
  type Sleep,
  sendWithRetries,
  type Transport,
  type TransportLimits,
} from "./http/transport.js";
import type { BrowserOptions } from "./login/browser/installed.js";
import type { LoginGuard } from "./login/guard.js";
import { type LoggedIn, logIn } from "./login/login.js";
import { parseJson } from "./login/portal.js";
import { type OnLoginFailed, TranscriptRecorder } from "./login/transcript.js";
import { maskedCall, maskedText } from "./masking.js";
import { checkCallOptions, checkClientOptions, checkEnergyOptions } from "./options.js";
import {
  memorySessionStore,
  readStoredSession,
  type Session,
  type SessionStore,
  type StoredSession,
} from "./session.js";
import { TokenTrust, type Verdict } from "./token-trust.js";

export const CARUNA_PLUS_URL = "https://plus.caruna.fi";

const REQUESTS_AT_ONCE = 4;
/** A token with less left than this is renewed before it is used. */
const RENEWAL_MARGIN_MS = 2 * 60_000;
/** A new token is used for this long whatever its expiry says: where clocks differ, every call would log in. */
const TRUSTED_WHEN_NEW_MS = 5 * 60_000;
/** A resource that answers 401 or the login page to a new token is not tried with yet another token for this long. */
const REFUSAL_REMEMBERED_MS = 24 * 60 * 60_000;
/** Waits from a login to the next one while its tokens are refused for everything; the last one from then on. */
const WAITS_AFTER_REFUSED_TOKENS_MS = [1, 6, 24].map((hours) => hours * 60 * 60_000);
/** Where kept cookies did not spare the password, they are not tried again for this long: it costs half a login. */
const COOKIES_NOT_TRIED_MS = 7 * 24 * 60 * 60_000;

export interface CarunaClientOptions {
  /** E-mail address of the account. */
  readonly username: string;
  readonly password: string;
  /** The portal; default `https://plus.caruna.fi`. */
  readonly baseUrl?: string | undefined;
  /** Hosts that may see credentials beside that of `baseUrl`: `host`, `host:port`, `*.domain`; default Caruna's own. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Where the session is kept; default: in memory. */
  readonly sessionStore?: SessionStore | undefined;
  /** Remembers password posts that failed, so that the account is not locked; default: none. */
  readonly guard?: LoginGuard | undefined;
  /** A real browser for pages of the login that only their scripts can pass, driven by `playwright-core`; default: none. */
  readonly browser?: BrowserOptions | undefined;
  /** Takes the transcript of a login that failed at Caruna's pages, e.g. `fileTranscripts(folder)`; default: none. */
  readonly onLoginFailed?: OnLoginFailed | undefined;
  readonly logger?: Logger | undefined;
  readonly limits?: Partial<TransportLimits> | undefined;
  /** An HTTP proxy for everything but this machine's own addresses; default: none, whatever the environment says. */
  readonly proxy?: ProxySettings | undefined;
  /** Calls of the API that are under way at one time; fewer after 429 and 5xx; default 4. */
  readonly requestsAtOnce?: number | undefined;
  /** Tries after network errors, 5xx and 429; default 3. */
  readonly retries?: number | undefined;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly now?: (() => number) | undefined;
  readonly sleep?: Sleep | undefined;
  /** Told of each request to the API, each retry and each login, e.g. to count them; default: nobody. */
  readonly onEvent?: ((event: ClientEvent) => void) | undefined;
}

/** What every call of the client takes. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a call takes that may be made for one customer alone. */
export interface CustomerOptions extends CallOptions {
  /** Number of the one customer that is asked for; default: every one that the account may see. */
  readonly customer?: string | undefined;
}

/** The metering points of a customer, with what is missing of its lists. */
export interface MeteringPointLists {
  /** One may stand here twice. */
  readonly meteringPoints: readonly MeteringPoint[];
  /** Why one of the two lists could not be fetched; empty where both are there. */
  readonly failed: readonly CarunaError[];
}

/**
 * A client of Caruna+. It logs in when it must, once for all callers, and keeps the token for its lifetime.
 *
 * Every call may throw what the guard throws, `LoginPaused`, `CredentialsRejected`, `PersonNeeded`, `LoginChanged`, `HostNotAllowed`,
 * `CarunaUnreachable`, `RateLimited`, `AccessRefused` or `AnswerNotUnderstood`, and the reason of an aborted signal.
 */
export class CarunaClient {
  readonly #options: CarunaClientOptions;
  readonly #baseUrl: URL;
  readonly #hosts: AllowedHosts;
  readonly #account: string;
  readonly #store: SessionStore;
  readonly #logger: Logger;
  readonly #limits: TransportLimits;
  readonly #retry: RetryPolicy;
  readonly #api: ReturnType<typeof keepAliveTransport>;
  readonly #gate: Gate;
  readonly #rest = new Rest();
  readonly #outage = new Outage();
  #session: Session | undefined;
  /** What the last login left, here or in the store. */
  #kept: Pick<StoredSession, "cookies" | "cookiesFailedAtEpochMs" | "browserNeededBy"> = {};
  /** When this client logged in; a session from the store is not new. */
  #loggedInAtEpochMs = Number.NEGATIVE_INFINITY;
  /** When the session was given, by this client or the one that stored it. */
  #sessionSinceEpochMs = Number.NEGATIVE_INFINITY;
  /** How many tokens in a row were refused for everything, the last one not counted. */
  #refusedTokens = 0;
  /** The refusal that the last token met. */
  #lastRefusal: { readonly call: string; readonly status: number } | undefined;
  readonly #trust = new TokenTrust();
  #storeWasRead = false;
  #login: SharedLogin | undefined;
  /** When a call answered 401 or the login page to a token that was good for others, by customer and kind of call. */
  readonly #refusedAt = new Map<string, number>();

  /** Only checks and keeps the options: nothing is asked for, read or opened before the first call. */
  constructor(options: CarunaClientOptions) {
    checkClientOptions(options);
    this.#options = options;
    this.#baseUrl = new URL(options.baseUrl ?? CARUNA_PLUS_URL);
    this.#hosts = new AllowedHosts(this.#baseUrl, options.allowedHosts);
    this.#hosts.check(this.#baseUrl);
    this.#account = createHash("sha256")
      .update(JSON.stringify([this.#baseUrl.origin, options.username]))
      .digest("hex");
    this.#store = options.sessionStore ?? memorySessionStore();
    this.#logger = options.logger ?? silentLogger;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#retry = {
      retries: options.retries ?? 3,
      firstDelayMs: 1000,
      longestWaitMs: 60_000,
      rest: this.#rest,
      outage: this.#outage,
      sleep: options.sleep ?? ((milliseconds, signal) => delay(milliseconds, undefined, { signal })),
      random: Math.random,
      now: options.now ?? Date.now,
      onRetry: (problem, delayMs, attempt) => {
        this.#tell({ kind: "retry" });
        const level = attempt === 0 ? "warn" : "debug";
        this.#logger[level]({ problem, waitSeconds: Math.round(delayMs / 100) / 10 }, "trying again");
      },
    };
    this.#api = keepAliveTransport(this.#limits, options.proxy);
    this.#gate = new Gate(options.requestsAtOnce ?? REQUESTS_AT_ONCE);
  }

  /**
   * Logs in with the password now, whatever session there is, for a person who asks. Joins a login that is in flight.
   * No other call needs it to be called.
   *
   * @param options.force posts the password even while the guard pauses the login; it is recorded all the same.
   */
  async logIn(options: CallOptions & { readonly force?: boolean | undefined } = {}): Promise<void> {
    await this.#loggedIn(signalOf("logIn()", options), { force: options.force === true });
  }

  /** Numbers of the customers that the account may see: its own and those it represents, each once. */
  async customerNumbers(options: CallOptions = {}): Promise<string[]> {
    return customersOf(await this.#currentSession(signalOf("customerNumbers()", options)));
  }

  /** Numbers of the customers that the person is, without those it represents. */
  async ownCustomerNumbers(options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#currentSession(signalOf("ownCustomerNumbers()", options))).ownCustomerNumbers;
  }

  /**
   * Whom the account belongs to and whom it represents, each customer with name and address: a request for each. A customer
   * that Caruna+ does not show is left out with a warning, while it shows another.
   */
  async profile(options: CallOptions = {}): Promise<Profile> {
    const signal = signalOf("profile()", options);
    const session = await this.#currentSession(signal);
    const customers = await this.#ofEach(customersOf(session), signal, (number) => this.customer(number, { signal }));
    const { ownCustomerNumbers, representedCustomerNumbers } = session;
    return { ownCustomerNumbers, representedCustomerNumbers, customers };
  }

  /** One customer, by its number: `GET /api/customers/{customer}/info`. */
  async customer(customer: string, options: CallOptions = {}): Promise<Customer> {
    const signal = signalOf("customer()", { ...options, customer });
    return readCustomer(...(await this.#get(customer, "info", {}, signal)));
  }

  /**
   * The contracts of every customer, each once, past ones and other kinds than of metering points among them; or those
   * of one customer alone: `GET /api/customers/{customer}/contracts`. A contract that cannot be read is left out and logged;
   * so is a customer that Caruna+ does not show, while it shows another.
   */
  async contracts(options: CustomerOptions = {}): Promise<Contract[]> {
    const signal = signalOf("contracts()", options);
    const { customer } = options;
    const customers = customer === undefined ? await this.customerNumbers({ signal }) : [customer];
    const lists = await this.#ofEach(customers, signal, async (number) => {
      const [call, body] = await this.#get(number, "contracts", {}, signal);
      const { contracts, unreadable } = readContracts(call, body);
      if (unreadable.length > 0) this.#logger.warn({ call, unreadable }, "some contracts were not understood");
      return contracts;
    });
    return [...new Map(lists.flat().map((contract) => [contract.id, contract])).values()];
  }

  /**
   * The metering points of every customer, each once, in the order in which the API lists them; or those of one customer.
   * A customer that Caruna+ does not show is left out with a warning, while it shows another.
   *
   * Two lists are asked, since clients of the same week found household meters in the one or in the other; an error of
   * one of them is passed over while the other answers, but for one that is out of reach: a meter might be missing.
   */
  async meteringPoints(options: CustomerOptions = {}): Promise<MeteringPoint[]> {
    const signal = signalOf("meteringPoints()", options);
    const { customer } = options;
    const customers = customer === undefined ? await this.customerNumbers({ signal }) : [customer];
    const lists = await this.#ofEach(customers, signal, async (number) => {
      const { meteringPoints, failed } = await this.listMeteringPoints(number, { signal });
      const missing = failed.find(mayPass);
      if (missing !== undefined) throw missing;
      return meteringPoints;
    });
    const found = new Map<string, MeteringPoint>();
    for (const point of lists.flat()) if (!found.has(point.assetId)) found.set(point.assetId, point);
    return [...found.values()];
  }

  /**
   * The metering points of one customer, from two lists that are asked for: what could be read, and why a list failed.
   * Where both failed, throws the error of the first.
   */
  async listMeteringPoints(customer: string, options: CallOptions = {}): Promise<MeteringPointLists> {
    const signal = signalOf("listMeteringPoints()", { ...options, customer });
    const lists = await Promise.allSettled(
      ["assets", "assets/meteringpoints"].map(async (path) => {
        const [call, body] = await this.#get(customer, path, {}, signal);
        const { meteringPoints, unreadable } = readMeteringPoints(call, body, customer);
        if (unreadable.length > 0) this.#logger.warn({ call, unreadable }, "some metering points were not understood");
        return meteringPoints;
      }),
    );
    signal.throwIfAborted();
    const failed: CarunaError[] = [];
    for (const list of lists) {
      if (list.status === "fulfilled") continue;
      const isLimit = list.reason instanceof RateLimited && this.pausedUntilEpochMs === undefined;
      if (!isLimit && !isOfOneCall(list.reason)) throw list.reason;
      failed.push(list.reason);
    }
    const [error] = failed;
    if (error !== undefined && failed.length === lists.length) throw error;
    for (const { message } of failed)
      this.#logger.warn({ problem: message }, "one of the two lists of metering points could not be fetched");
    return { meteringPoints: lists.flatMap((list) => (list.status === "fulfilled" ? list.value : [])), failed };
  }

  /** A result for each customer, in order; without those that Caruna+ does not show, unless it shows none. */
  async #ofEach<Result>(
    customers: readonly string[],
    signal: AbortSignal,
    ask: (customer: string) => Promise<Result>,
  ): Promise<Result[]> {
    const asked = await Promise.allSettled(customers.map(ask));
    signal.throwIfAborted();
    const answered = asked.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    for (const outcome of asked) {
      if (outcome.status === "fulfilled") continue;
      if (answered.length === 0 || !isOfOneCall(outcome.reason) || mayPass(outcome.reason)) throw outcome.reason;
      this.#logger.warn(
        { problem: outcome.reason.message },
        "Caruna+ does not show one of the customers: it is left out",
      );
    }
    return answered;
  }

  /**
   * The rows of a range of local days as Caruna+ has them, earliest first; a period that is not published yet is a row
   * without values. Rows of a metering point's hours become whole hours in kWh and EUR with `hoursOf`.
   *
   * A few requests are made ahead of the reader, no more than `requestsAtOnce`; a loop that is left with `break` ends
   * them. Every loop over the result asks anew. What cannot be read of an answer is left out and logged.
   *
   * Throws `TypeError` or `RangeError` at once for options that do not fit, and the client's errors in the loop, when the
   * period that failed has its turn.
   *
   * @example
   * for await (const { timestamp, totalKwh } of client.energy({ meteringPoint, from: "2026-10-01", to: "2026-10-31", resolution: "day" }))
   *   console.log(timestamp, totalKwh);
   */
  energy(options: EnergyOptions): AsyncIterable<EnergyRow> {
    const range = checkEnergyOptions(options);
    const { meteringPoint, signal = NEVER } = options;
    const source: RowSource = {
      ask: (query, asking) => this.energyAnswer({ ...query, meteringPoint }, { signal: asking }),
      ahead: this.#options.requestsAtOnce ?? REQUESTS_AT_ONCE,
      onProblems: (answer, problems) =>
        this.#logger.warn({ answer, problems }, "some energy rows were not understood and are left out"),
    };
    return { [Symbol.asyncIterator]: () => energyRows(range, source, signal) };
  }

  /** One request, `GET …/energy`: the rows that could be read, and what was wrong with the others. */
  async energyAnswer(query: EnergyQuery, options: CallOptions = {}): Promise<EnergyAnswer> {
    const signal = signalOf("energyAnswer()", options);
    const { customerId, assetId } = query.meteringPoint;
    // A `day` beside `monthly` was once answered with 400: only what the timespan needs is sent.
    const parameters: Record<string, string> = { year: String(query.year), timespan: query.timespan };
    if (query.timespan !== "yearly") parameters.month = String(query.month);
    if (query.timespan === "daily") parameters.day = String(query.day);
    return readEnergy(
      ...(await this.#get(customerId, `assets/${encodeURIComponent(assetId)}/energy`, parameters, signal)),
    );
  }

  /** Until when Caruna+ has asked to be left alone, milliseconds since the epoch; undefined where it may be asked. */
  get pausedUntilEpochMs(): number | undefined {
    return this.#rest.pausedUntil(this.#retry.now());
  }

  /** Closes the kept connections. The client may be used again; it then opens new ones. */
  close(): void {
    this.#api.close();
  }

  async #get(
    customerId: string,
    path: string,
    parameters: Record<string, string>,
    signal: AbortSignal,
  ): Promise<[call: string, body: string]> {
    const url = this.#urlOf(customerId, path);
    url.search = new URLSearchParams(parameters).toString();
    const call = maskedCall("GET", url);
    let session = await this.#currentSession(signal);
    let answer = await this.#ask(customerId, path, url, session, signal);
    if (await this.#isRefusalOfToken(answer, session, signal)) {
      this.#logger.debug({ call, status: answer.response.status }, "the token was refused; logging in once more");
      session = await this.#renewed(session, answer, signal);
      answer = await this.#ask(customerId, path, url, session, signal);
      if (isRefused(answer.response)) {
        const isGood = await this.#trust.isGood(session, answer.sent, this.#askListWith(session, signal));
        if (!isGood) throw this.#tokenRefused(answer);
        this.#refusedAt.set(answer.right, this.#retry.now());
      } else {
        this.#refusedAt.delete(answer.right);
      }
    }
    const { status, body } = answer.response;
    if (isRefused(answer.response)) throw new AccessRefused(call, status);
    if (status === 204) return [call, "null"];
    if (status !== 200) throw new AnswerNotUnderstood(call, `HTTP ${status}${messageOf(body)}`, status);
    return [call, body];
  }

  /** Whether the token is no good any more: it has expired or was revoked, and a new one may be. */
  async #isRefusalOfToken(
    { response, sent, right }: ApiAnswer,
    session: Session,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!isRefused(response)) return false;
    if (response.status !== 403) {
      const refusedAt = this.#refusedAt.get(right);
      return refusedAt === undefined || this.#retry.now() - refusedAt > REFUSAL_REMEMBERED_MS;
    }
    return !(await this.#trust.isGood(session, sent, this.#askListWith(session, signal)));
  }

  async #ask(
    customerId: string,
    path: string,
    url: URL,
    session: Session,
    signal: AbortSignal,
    retry = this.#retry,
  ): Promise<ApiAnswer> {
    const sent = this.#trust.send(customerId);
    const headers = { Accept: "application/json", Authorization: `Bearer ${session.token}` };
    const response = await sendWithRetries(this.#sendThroughGate, { method: "GET", url, headers }, retry, signal);
    this.#outage.end();
    if (isRefused(response)) this.#trust.refuse(session, customerId, path);
    else if (response.status === 200) await this.#accept(session, sent);
    const right = JSON.stringify([customerId, path.split("/").at(-1)]);
    return { call: maskedCall("GET", url), response, sent, right };
  }

  /** One try of a list, to learn whether a token is good. */
  #askListWith(session: Session, signal: AbortSignal) {
    return async (customerId: string, list: string): Promise<Verdict> => {
      const url = this.#urlOf(customerId, list);
      try {
        const { response } = await this.#ask(customerId, list, url, session, signal, { ...this.#retry, retries: 0 });
        if (isRefused(response)) return "refused";
        return response.status === 200 ? "accepted" : "unclear";
      } catch (error) {
        if (error instanceof CarunaUnreachable) return "unclear";
        throw error;
      }
    };
  }

  #urlOf(customerId: string, path: string): URL {
    return new URL(`/api/customers/${encodeURIComponent(customerId)}/${path}`, this.#baseUrl);
  }

  async #accept(session: Session, sent: number): Promise<void> {
    this.#trust.accept(session, sent);
    this.#lastRefusal = undefined;
    if (this.#refusedTokens === 0 || session !== this.#session) return;
    this.#refusedTokens = 0;
    await this.#save(session);
  }

  /** One try: waits between tries hold no place at the gate. */
  readonly #sendThroughGate: Transport = async (request, signal) => {
    try {
      const response = await this.#gate.pass(() => this.#sendAndTell(request, signal), signal);
      if (response.status === 429 || response.status >= 500) this.#gate.narrow();
      else this.#gate.widen();
      return response;
    } catch (error) {
      if (error instanceof CarunaUnreachable) this.#gate.narrow();
      throw error;
    }
  };

  readonly #sendAndTell: Transport = async (request, signal) => {
    const startedAt = performance.now();
    let status: number | undefined;
    try {
      const response = await this.#api.send(request, signal);
      status = response.status;
      return response;
    } finally {
      const of = request.url.pathname.split("/").at(-1) ?? "";
      this.#tell({ kind: "request", of, status, milliseconds: performance.now() - startedAt });
    }
  };

  #tell(event: ClientEvent): void {
    this.#options.onEvent?.(event);
  }

  async #currentSession(signal: AbortSignal): Promise<Session> {
    if (!this.#storeWasRead) {
      const stored: unknown = await this.#store.load();
      const kept = readStoredSession(stored);
      if (kept === undefined && stored !== undefined && stored !== null)
        this.#logger.warn({}, "what the session store gave is no session and is ignored; logging in anew");
      if (kept?.account === this.#account && this.#session === undefined) {
        const { account, cookies, cookiesFailedAtEpochMs, browserNeededBy, refusedTokens, ...rest } = kept;
        const { loggedInAtEpochMs, ...session } = rest;
        this.#session = session;
        this.#refusedTokens = refusedTokens ?? 0;
        this.#sessionSinceEpochMs = loggedInAtEpochMs ?? Number.NEGATIVE_INFINITY;
        this.#kept = { cookies, cookiesFailedAtEpochMs, browserNeededBy };
      }
      this.#storeWasRead = true;
    }
    const session = this.#session;
    if (session !== undefined && this.#isUsable(session)) return session;
    this.#requireLoginAllowed(this.#lastRefusal);
    return await this.#loggedIn(signal);
  }

  /** While tokens are refused for everything, however new, the next login waits. */
  #requireLoginAllowed(refusal: { readonly call: string; readonly status: number } | undefined): void {
    const waitMs = this.#waitForLoginMs();
    if (waitMs > 0) throw new TokenRefused(refusal?.call ?? "the last calls", refusal?.status ?? 401, waitMs / 1000);
  }

  #waitForLoginMs(): number {
    if (this.#refusedTokens === 0) return 0;
    const waits = WAITS_AFTER_REFUSED_TOKENS_MS;
    const waitMs = waits[Math.min(this.#refusedTokens, waits.length) - 1] ?? 0;
    const sinceMs = this.#retry.now() - this.#sessionSinceEpochMs;
    // After a clock that was set back the time counts as over.
    return sinceMs < 0 ? 0 : Math.max(0, waitMs - sinceMs);
  }

  #tokenRefused({ call, response: { status } }: ApiAnswer): TokenRefused {
    this.#lastRefusal = { call, status };
    const waitMs = this.#waitForLoginMs();
    return new TokenRefused(call, status, waitMs / 1000);
  }

  #isUsable(session: Session): boolean {
    const now = this.#retry.now();
    return session.expiresAtEpochMs - now > RENEWAL_MARGIN_MS || now - this.#loggedInAtEpochMs < TRUSTED_WHEN_NEW_MS;
  }

  /** A session newer than the one that was refused: perhaps another caller has it already. */
  async #renewed(refused: Session, answer: ApiAnswer, signal: AbortSignal): Promise<Session> {
    if (this.#session !== undefined && this.#session !== refused) return this.#session;
    this.#lastRefusal = { call: answer.call, status: answer.response.status };
    this.#requireLoginAllowed(this.#lastRefusal);
    return await this.#loggedIn(signal);
  }

  /** Joins the login in flight, or begins one. It ends when all that wait for it have gone. */
  async #loggedIn(signal: AbortSignal, asked?: AskedLogin): Promise<Session> {
    signal.throwIfAborted();
    const login =
      this.#login ??
      new SharedLogin(
        (shared) => this.#logIn(shared, asked),
        () => this.#forget(login),
      );
    this.#login = login;
    return await login.join(signal);
  }

  #forget(login: SharedLogin): void {
    if (this.#login === login) this.#login = undefined;
  }

  async #logIn(signal: AbortSignal, asked: AskedLogin | undefined): Promise<Session> {
    const { username, password, browser, guard, onLoginFailed } = this.#options;
    const recorder = onLoginFailed && new TranscriptRecorder(this.#retry.now());
    const keptJar = asked === undefined ? this.#keptJar() : undefined;
    const keepTranscript = (error: CarunaError) => this.#keepTranscript(error, recorder);
    const loggedIn = await logIn({
      baseUrl: this.#baseUrl,
      hosts: this.#hosts,
      username,
      password,
      newJar: () => new CookieJar(),
      keptJar,
      browser,
      // A newer version may understand what an older one did not.
      startsInBrowser: this.#kept.browserNeededBy === version(),
      onBrowserNeeded: () => {
        this.#kept = { ...this.#kept, browserNeededBy: version() };
      },
      guard,
      force: asked?.force ?? false,
      recorder,
      keepTranscript,
      limits: this.#limits,
      proxy: this.#options.proxy,
      retry: asked === undefined ? this.#retry : { ...this.#retry, rest: undefined, outage: undefined },
      logger: this.#logger,
      signal,
    }).catch(async (error: unknown) => {
      if (!signal.aborted && !(error instanceof LoginPaused)) this.#tell({ kind: "login", succeeded: false });
      if (error instanceof CarunaError) {
        error.duringLogin = true;
        await keepTranscript(error);
      }
      throw error;
    });
    this.#outage.end();
    this.#tell({ kind: "login", succeeded: true });
    this.#noteRefusedTokens(asked !== undefined);
    this.#session = loggedIn.session;
    this.#loggedInAtEpochMs = this.#retry.now();
    this.#sessionSinceEpochMs = this.#loggedInAtEpochMs;
    const how = loggedIn.passwordWasSpared ? ", without the password: its cookies were still good" : "";
    this.#logger.info({}, `logged in to Caruna+${how}`);
    await this.#keep(loggedIn, keptJar !== undefined);
    return loggedIn.session;
  }

  /** A login that was made since the last token was refused; or, after such ones, since it was never accepted. */
  #noteRefusedTokens(isAskedFor: boolean): void {
    const wasRefused = this.#lastRefusal !== undefined || this.#refusedTokens > 0;
    this.#refusedTokens = wasRefused && !isAskedFor ? this.#refusedTokens + 1 : 0;
    this.#lastRefusal = undefined;
  }

  async #keepTranscript(error: CarunaError, recorder: TranscriptRecorder | undefined): Promise<void> {
    const transcript = error.transcriptFile === undefined ? recorder?.transcriptOf(error) : undefined;
    if (transcript === undefined) return;
    try {
      const file = await this.#options.onLoginFailed?.(transcript);
      if (file !== undefined) error.nameTranscript(file);
    } catch (problem) {
      this.#logger.warn({ code: errorCode(problem) }, "the transcript of the failed login cannot be kept");
    }
  }

  async #keep(loggedIn: LoggedIn, cookiesWereTried: boolean): Promise<void> {
    const { session, jar, passwordWasSpared, startedInBrowser } = loggedIn;
    const cookiesFailed = cookiesWereTried && !passwordWasSpared;
    const needsBrowser = startedInBrowser || (passwordWasSpared && this.#kept.browserNeededBy === version());
    this.#kept = {
      browserNeededBy: needsBrowser ? version() : undefined,
      cookies: JSON.stringify(jar.serializeSync()),
      cookiesFailedAtEpochMs: cookiesFailed ? this.#retry.now() : this.#kept.cookiesFailedAtEpochMs,
    };
    await this.#save(session);
  }

  async #save(session: Session): Promise<void> {
    const refused = this.#refusedTokens === 0 ? {} : { refusedTokens: this.#refusedTokens };
    const since = { loggedInAtEpochMs: this.#sessionSinceEpochMs, ...refused };
    await this.#store.save({ ...session, ...this.#kept, ...since, account: this.#account }).catch((error: unknown) => {
      this.#logger.warn({ code: errorCode(error) }, "the session cannot be kept; the next start logs in again");
    });
  }

  /** The cookies of the last login, where they are worth a try. */
  #keptJar(): CookieJar | undefined {
    const { cookies, cookiesFailedAtEpochMs = Number.NEGATIVE_INFINITY } = this.#kept;
    if (cookies === undefined || this.#retry.now() - cookiesFailedAtEpochMs < COOKIES_NOT_TRIED_MS) return undefined;
    try {
      const jar = CookieJar.deserializeSync(cookies);
      const isUnexpired = jar.serializeSync()?.cookies.some((cookie) => (Cookie.fromJSON(cookie)?.TTL() ?? 0) > 0);
      return isUnexpired ? jar : undefined;
    } catch {
      this.#logger.warn({}, "the kept cookies are damaged and are ignored; logging in with the password");
      return undefined;
    }
  }
}

/** A login that a person asked for. */
interface AskedLogin {
  /** Even while the guard pauses it. */
  readonly force: boolean;
}

/** One login for any number of callers; given up only when every one of them has gone. */
class SharedLogin {
  readonly #controller = new AbortController();
  readonly #session: Promise<Session>;
  readonly #onEnd: () => void;
  #waiting = 0;

  constructor(logIn: (signal: AbortSignal) => Promise<Session>, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#session = logIn(this.#controller.signal).finally(onEnd);
    // Nobody may be waiting any more when it fails.
    this.#session.catch(() => {});
  }

  async join(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    this.#waiting += 1;
    let stopListening = () => {};
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      stopListening = () => signal.removeEventListener("abort", onAbort);
    });
    try {
      return await Promise.race([this.#session, aborted]);
    } finally {
      stopListening();
      this.#waiting -= 1;
      if (this.#waiting === 0) {
        this.#onEnd();
        this.#controller.abort();
      }
    }
  }
}

/** An answer of the API, and what is to be known of the call when it is a refusal. */
interface ApiAnswer {
  readonly call: string;
  readonly response: HttpResponse;
  /** Its place in the order of all calls. */
  readonly sent: number;
  /** Customer and kind of call. */
  readonly right: string;
}

const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

function signalOf(method: string, options: CustomerOptions): AbortSignal {
  checkCallOptions(method, options);
  return options.signal ?? NEVER;
}

/** An error that says nothing of other calls. */
function isOfOneCall(error: unknown): error is CarunaError {
  if (!(error instanceof CarunaError) || error.duringLogin) return false;
  return [AccessRefused, AnswerNotUnderstood, CarunaUnreachable].some((kind) => error instanceof kind);
}

/** What was not answered now may be answered soon. */
function mayPass(error: unknown): boolean {
  return error instanceof CarunaUnreachable || error instanceof RateLimited;
}

function customersOf({ ownCustomerNumbers, representedCustomerNumbers }: Session): string[] {
  return [...new Set([...ownCustomerNumbers, ...representedCustomerNumbers])];
}

/** 401, 403, or the login page with status 200 in place of JSON. */
function isRefused(response: HttpResponse): boolean {
  const isLoginPage = response.status === 200 && /^\s*</.test(response.body);
  const leadsToLogin = response.status >= 300 && response.status < 400;
  return response.status === 401 || response.status === 403 || isLoginPage || leadsToLogin;
}

function messageOf(body: string): string {
  const answer = parseJson(body);
  const message = typeof answer === "object" && answer !== null && "msg" in answer ? answer.msg : undefined;
  return typeof message === "string" ? ` "${maskedText(message)}"` : "";
}
