import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestPlainly } from "node:http";
import { Agent as HttpsAgent, request as requestByTls } from "node:https";
import axios, { type AxiosInstance, type AxiosRequestConfig, isAxiosError } from "axios";
import { wrapper } from "axios-cookiejar-support";
import { type CookieOptions, createCookieAgent, HttpCookieAgent } from "http-cookie-agent/http";
import { CookieJar } from "tough-cookie";
import { networkErrorCode } from "../../shared/network-error.js";
import { AnswerNotUnderstood, CarunaUnreachable, RateLimited } from "../errors.js";
import { maskedCall } from "../masking.js";
import type { Outage } from "./outage.js";
import { ProxyFailed, type ProxySettings, TunnelAgent } from "./proxy.js";

/** One request, as it goes over the wire. */
export interface HttpRequest {
  /** The last five are asked for by scripts of a page in a browser alone. */
  readonly method: "GET" | "POST" | "HEAD" | "OPTIONS" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
  /** Whether the answer comes with its bytes, since it may be no text. */
  readonly wantsBytes?: boolean;
}

/** One answer; redirects are answers like any other. */
export interface HttpResponse {
  readonly status: number;
  /** Header names in lower case; several `Set-Cookie`s are one value of several lines. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The body as it came, where that was asked for. */
  readonly bytes?: Buffer;
}

/** How long and how much one request may take. */
export interface TransportLimits {
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Largest answer that is read, decompressed, in bytes. */
  readonly maxBodyBytes: number;
}

export const DEFAULT_LIMITS: TransportLimits = { requestTimeoutMs: 30_000, maxBodyBytes: 8 * 1024 * 1024 };

/**
 * After so long a kept connection is closed, in milliseconds: after an hour, what lies in between may have forgotten it without
 * a word. Servers keep theirs for five seconds at least.
 */
const IDLE_CONNECTION_MS = 4_000;

/** Sends one request and reads one answer; throws `CarunaUnreachable` where there is none. */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

const USER_AGENT = "caruna-integration (+https://www.npmjs.com/package/caruna-integration)";

const CookieTunnelAgent = createCookieAgent(TunnelAgent);

/** The same class to Node.js, two to TypeScript: the agents' package names it by its CommonJS types. */
function isCookieJar(jar: unknown): jar is CookieOptions["jar"] {
  return jar instanceof CookieJar;
}

/** The transport of the login: it keeps cookies in the jar, per host, as a browser would. */
export function cookieTransport(jar: CookieJar, limits: TransportLimits, proxy: ProxySettings | undefined): Transport {
  // The wrapped instance brings agents of its own, so a login opens its own few connections.
  if (proxy === undefined) return transportOf(wrapper(axios.create({ jar })), limits);
  // It takes no agents of ours; those below are made as it makes its own.
  if (!isCookieJar(jar)) throw new TypeError("not a cookie jar");
  const cookies = { jar };
  const httpAgent = new HttpCookieAgent({ cookies });
  const httpsAgent = new CookieTunnelAgent({ cookies, proxy });
  return transportOf(axios.create({ httpAgent, httpsAgent }), limits);
}

/** The transport of the API: no cookies, connections kept open between calls. `close` drops them. */
export function keepAliveTransport(
  limits: TransportLimits,
  proxy: ProxySettings | undefined,
  idleConnectionMs = IDLE_CONNECTION_MS,
): { send: Transport; close: () => void } {
  const pool = { keepAlive: true, maxFreeSockets: 8, timeout: idleConnectionMs };
  const httpAgent = new HttpAgent(pool);
  const httpsAgent = proxy === undefined ? new HttpsAgent(pool) : new TunnelAgent({ ...pool, proxy });
  const close = () => {
    httpAgent.destroy();
    httpsAgent.destroy();
  };
  return { send: transportOf(axios.create({ httpAgent, httpsAgent }), limits), close };
}

function transportOf(instance: AxiosInstance, limits: TransportLimits): Transport {
  return async (request, signal) => {
    signal.throwIfAborted();
    // A timer of our own, since axios' time-out starts anew with every byte that trickles in.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), limits.requestTimeoutMs);
    const onAbort = () => deadline.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const response = await instance.request<unknown>(axiosConfig(request, limits, deadline.signal));
      const headers = Object.entries(response.headers).map(
        ([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join("\n") : String(value)] as const,
      );
      const answer = { status: response.status, headers: new Map(headers) };
      const { data } = response;
      if (Buffer.isBuffer(data)) return { ...answer, body: new TextDecoder().decode(data), bytes: data };
      return { ...answer, body: String(data ?? "") };
    } catch (error) {
      signal.throwIfAborted();
      throw withoutSecrets(error, request, deadline.signal.aborted ? limits.requestTimeoutMs : undefined);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  };
}

/** Cookies of a long session and of a proxy before it: Node.js reads 16 KB of headers by default. The rest is their frame. */
const MOST_HEADER_BYTES = 66 * 1024;

const OUR_TRANSPORT = {
  request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void) =>
    (options.protocol === "http:" ? requestPlainly : requestByTls)(
      // NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would hand the password to whoever stands in between.
      { ...options, maxHeaderSize: MOST_HEADER_BYTES, rejectUnauthorized: true },
      onResponse,
    ),
};

function axiosConfig(request: HttpRequest, limits: TransportLimits, signal: AbortSignal): AxiosRequestConfig {
  return {
    method: request.method,
    url: request.url.href,
    headers: { "User-Agent": USER_AGENT, "Accept-Language": "fi", ...request.headers },
    data: request.body,
    signal,
    maxRedirects: 0,
    maxContentLength: limits.maxBodyBytes,
    responseType: request.wantsBytes === true ? "arraybuffer" : "text",
    transport: OUR_TRANSPORT,
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
    // Proxies are the agents' business: axios would take its own agent for one, and lose the cookies and the connection.
    proxy: false,
  };
}

/** axios' errors carry the whole request, credentials included: only the reason is taken over. */
function withoutSecrets(error: unknown, request: HttpRequest, timeoutMs: number | undefined): Error {
  const { host } = request.url;
  if (timeoutMs !== undefined) return new CarunaUnreachable(`${host} did not answer within ${timeoutMs / 1000} s`);
  if (!isAxiosError(error)) return new CarunaUnreachable(`the request to ${host} failed`);
  if (/maxContentLength/.test(error.message)) {
    return new AnswerNotUnderstood(maskedCall(request.method, request.url), "it is larger than we are willing to read");
  }
  if (error.cause instanceof ProxyFailed) return new CarunaUnreachable(`${host}: ${reasonOfProxy(error.cause)}`);
  const code = networkErrorCode(error.cause) ?? error.code;
  return new CarunaUnreachable(`${host}: ${reasonOf(code)}`, { code, wasKept: wasKept(error.request) });
}

/** Whether a request went out on a connection that was kept open since another one. */
function wasKept(request: unknown): boolean {
  return typeof request === "object" && request !== null && "reusedSocket" in request && request.reusedSocket === true;
}

/** Node.js names this by `EPROTO` or by OpenSSL's reason, depending on where it is met. */
const NO_TLS = "it speaks no TLS that we know (is something between it and this machine?)";

/** What to do where something that the person knows stands in between; by the way that Node.js has for it. */
const WAY_OUT =
  "; if a virus scanner or your company's proxy stands in between, save its root certificate as a PEM file and set " +
  "NODE_EXTRA_CA_CERTS=/path/to/that/file.pem";

const NOT_SIGNED = `its certificate is not trusted (nobody known here has signed it)${WAY_OUT}`;

/** Codes of network and TLS errors, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there (connection refused)",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ENOTFOUND: "the name is not known (is the internet connection up?)",
  EAI_AGAIN: "the name could not be looked up (is the internet connection up?)",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "the network is not reachable",
  EADDRNOTAVAIL: "there is no way to that address (no IPv6 here?)",
  EAFNOSUPPORT: "there is no way to that address (no IPv6 here?)",
  CERT_HAS_EXPIRED: "its certificate has expired (is this machine's clock right?)",
  CERT_NOT_YET_VALID: "its certificate is not valid yet (is this machine's clock right?)",
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is not trusted (self-signed)${WAY_OUT}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is not trusted (self-signed)${WAY_OUT}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_SIGNED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_SIGNED,
  CERT_UNTRUSTED: NOT_SIGNED,
  CERT_REJECTED: NOT_SIGNED,
  HPE_HEADER_OVERFLOW: "the headers of its answer are larger than 64 KB",
  CERT_SIGNATURE_FAILURE: "its certificate is not trusted (its signature is wrong)",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_TLS,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: NO_TLS,
};

/** What the code of an error of Node.js means, in words; the code itself where nobody has met it yet. */
export function reasonOf(code: string | undefined): string {
  if (code === undefined || code === "") return "the connection broke";
  if (code.startsWith("HPE_") && REASONS[code] === undefined)
    return "what it answers is no HTTP that we know (is something between it and this machine?)";
  // zlib's codes begin with Z_, those of Brotli are ERR__ERROR_FORMAT_… and the like.
  if (/^(?:Z_|ERR__)/.test(code)) return "its answer was damaged on the way: it cannot be unpacked";
  return REASONS[code] ?? code;
}

/** Why a proxy has led nowhere, in words. */
export function reasonOfProxy({ proxyHost, failure }: ProxyFailed): string {
  const proxy = `the proxy ${proxyHost} (of HTTPS_PROXY)`;
  if ("code" in failure) return `${proxy} could not be used: ${reasonOf(failure.code)}`;
  const { status } = failure;
  return status === 407
    ? `${proxy} wants another user name and password (HTTP 407): write them as http://user:password@host:port`
    : `${proxy} has refused the connection (HTTP ${status}); NO_PROXY names hosts to reach without it`;
}

/** Waits; ends early, throwing the signal's reason, when the signal is aborted. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** When to try again and how often. */
export interface RetryPolicy {
  /** Tries after the first one. */
  readonly retries: number;
  /** The first wait at its longest, in milliseconds; it doubles with each try, and chance takes up to half of it. */
  readonly firstDelayMs: number;
  /** A longer `Retry-After` than this ends the call, and keeps the next ones from being made before, in milliseconds. */
  readonly longestWaitMs: number;
  /** Where that is remembered; undefined: for a person who wants a try now. */
  readonly rest: Rest | undefined;
  /** Whether the service seems to be out of order; undefined: for a person who wants a try now. */
  readonly outage: Outage | undefined;
  readonly sleep: Sleep;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Milliseconds since the epoch, to read a `Retry-After` that is a date. */
  readonly now: () => number;
  /** Told once before each wait; `attempt`: how many tries of this call went before the one that failed. */
  readonly onRetry: (what: string, delayMs: number, attempt: number) => void;
}

/** A date that is years away, or a slip, shall not end the program for good. */
const LONGEST_REST_MS = 24 * 60 * 60_000;

/** The time for which the service asked to be left alone, by a `Retry-After` that is too long for a call to wait. */
export class Rest {
  #asked: { readonly call: string; readonly status: number; readonly from: number; readonly to: number } | undefined;

  begin(call: string, status: number, milliseconds: number, nowEpochMs: number): void {
    const to = nowEpochMs + Math.min(milliseconds, LONGEST_REST_MS);
    this.#asked = { call, status, from: nowEpochMs, to };
  }

  /** Until when nothing is asked, milliseconds since the epoch; undefined where something may be asked. */
  pausedUntil(nowEpochMs: number): number | undefined {
    const isOver = this.#asked === undefined || nowEpochMs < this.#asked.from || nowEpochMs >= this.#asked.to;
    return isOver ? undefined : this.#asked?.to;
  }

  /** Throws as the service answered then, while the time is not over; after a clock that was set back it counts as over. */
  throwUnlessOver(nowEpochMs: number): void {
    if (this.#asked === undefined || this.pausedUntil(nowEpochMs) === undefined) return;
    const { call, status, to } = this.#asked;
    if (status === 429) throw new RateLimited(call, (to - nowEpochMs) / 1000);
    throw new CarunaUnreachable(`HTTP ${status} at ${call}, and it asked not to be asked again so soon`);
  }
}

/**
 * Sends a request again after network errors, 5xx and 429, with growing waits. Never used for a request that carries
 * the password. Throws `CarunaUnreachable` or `RateLimited` when the tries are used up, or the service wants more rest.
 */
export async function sendWithRetries(
  send: Transport,
  request: HttpRequest,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let mayBeStale = true;
  for (let attempt = 0; ; attempt++) {
    policy.rest?.throwUnlessOver(policy.now());
    let outcome = await tryOnce(send, request, policy, signal);
    if ("failure" in outcome && mayBeStale && isOfStaleConnection(outcome.failure)) {
      // The other side closed a kept connection just as it was used: no failure of the service.
      mayBeStale = false;
      outcome = await tryOnce(send, request, policy, signal);
    }
    if ("response" in outcome) return outcome.response;
    const backOffMs = policy.firstDelayMs * 2 ** attempt * (1 - policy.random() / 2);
    const delayMs = Math.max(backOffMs, (outcome.retryAfterSeconds ?? 0) * 1000);
    const isWorthAnother = policy.outage?.tryFailed() ?? true;
    if (attempt >= policy.retries || delayMs > policy.longestWaitMs || !isWorthAnother) {
      policy.outage?.callFailed();
      throw outcome.failure;
    }
    policy.onRetry(outcome.failure.message, delayMs, attempt);
    await policy.sleep(delayMs, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

function isOfStaleConnection(failure: CarunaUnreachable | RateLimited): boolean {
  return (
    failure instanceof CarunaUnreachable && failure.wasKept && ["ECONNRESET", "EPIPE"].includes(failure.code ?? "")
  );
}

type Outcome =
  | { readonly response: HttpResponse }
  | { readonly failure: CarunaUnreachable | RateLimited; readonly retryAfterSeconds: number | undefined };

async function tryOnce(
  send: Transport,
  request: HttpRequest,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<Outcome> {
  const { now } = policy;
  try {
    const response = await send(request, signal);
    noteRest(request, response, policy);
    const failure = failureOf(response, maskedCall(request.method, request.url), now());
    if (failure === undefined) return { response };
    return { failure, retryAfterSeconds: parseRetryAfter(response.headers.get("retry-after"), now()) };
  } catch (error) {
    if (error instanceof CarunaUnreachable) return { failure: error, retryAfterSeconds: undefined };
    throw error;
  }
}

/** Remembers that the service wants to be left alone for longer than a call waits. */
export function noteRest({ method, url }: HttpRequest, { status, headers }: HttpResponse, policy: RetryPolicy): void {
  if (status !== 429 && status < 500) return;
  const milliseconds = (parseRetryAfter(headers.get("retry-after"), policy.now()) ?? 0) * 1000;
  if (milliseconds > policy.longestWaitMs)
    policy.rest?.begin(maskedCall(method, url), status, milliseconds, policy.now());
}

/** The error that a response stands for by its status alone: 429 and 5xx; undefined for all others. */
export function failureOf(
  response: HttpResponse,
  call: string,
  nowEpochMs: number,
): CarunaUnreachable | RateLimited | undefined {
  const retryAfterSeconds = parseRetryAfter(response.headers.get("retry-after"), nowEpochMs);
  if (response.status === 429) return new RateLimited(call, retryAfterSeconds);
  if (response.status >= 500) return new CarunaUnreachable(`HTTP ${response.status} at ${call}`, { retryAfterSeconds });
  return undefined;
}

/** What the time of a date that ends so is counted from; one that ends otherwise means GMT (RFC 9110, asctime). */
const HAS_ZONE = /(?:[A-Z]|[+-]\d\d:?\d\d)$/i;

/** `Retry-After` (RFC 9110): seconds, or a date. Returns seconds from now, never negative; undefined where unreadable. */
export function parseRetryAfter(value: string | undefined, nowEpochMs: number): number | undefined {
  const written = value?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(written)) return Math.min(Number(written), Number.MAX_SAFE_INTEGER);
  // Of much that has no time of the day Date.parse makes a date: "-5" is a month of 2001 to it.
  if (!/\d:\d\d:\d\d/.test(written)) return undefined;
  const date = Date.parse(HAS_ZONE.test(written) ? written : `${written} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - nowEpochMs) / 1000);
}
