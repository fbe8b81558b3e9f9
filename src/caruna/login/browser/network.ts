import type { CDPSession } from "playwright-core";
import { isLoopback } from "../../../shared/loopback.js";
import { type CarunaError, CarunaUnreachable, LoginChanged } from "../../errors.js";
import type { AllowedHosts } from "../../http/hosts.js";
import {
  type HttpRequest,
  type HttpResponse,
  noteRest,
  type RetryPolicy,
  sendWithRetries,
  type Transport,
} from "../../http/transport.js";
import { maskedPath } from "../../masking.js";
import type { Hop } from "../login-pages.js";
import type { PasswordTrace } from "./password-trace.js";

export interface NetworkOptions {
  readonly devtools: CDPSession;
  readonly hosts: AllowedHosts;
  /** Sends pages and calls of scripts; the browser itself has put its cookies into the headers. */
  readonly send: Transport;
  /** The same over a connection of its own, which cannot have gone stale: what carries the password is never sent twice. */
  readonly sendPassword: Transport;
  /** Sends for scripts, styles, fonts and pictures, which no transcript tells of. */
  readonly sendForParts: Transport;
  readonly retry: RetryPolicy;
  readonly trace: PasswordTrace;
  /** Called immediately before the password leaves; what it throws ends the login, and nothing is sent. */
  readonly beginPost: () => Promise<void>;
  /** The parameters of the address that leads back to the portal; undefined for every other. */
  readonly callbackIn: (hop: Hop) => URLSearchParams | undefined;
  readonly signal: AbortSignal;
}

/** Far more than any page of a login asks for. */
const MAX_REQUESTS = 400;
/** What a page may take from any host. */
const FROM_ELSEWHERE = new Set(["Script", "Stylesheet", "Font", "Image"]);
/** What a page may send a password with. */
const SENDS = new Set(["Document", "XHR", "Fetch"]);
/** Names of headers that belong to a connection or to the body as it was encoded. */
const OF_CONNECTION = /^(?:content-encoding|content-length|transfer-encoding|connection|keep-alive|trailer|alt-svc)$/;

/** A request that the browser wants to make. */
interface Paused {
  readonly requestId: string;
  readonly frameId: string;
  readonly resourceType: string;
  readonly request: {
    readonly url: string;
    readonly urlFragment?: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly hasPostData?: boolean;
    readonly postData?: string;
    readonly postDataEntries?: readonly { readonly bytes?: string }[];
  };
}

/** A request that was read, and may be made. */
interface Wanted {
  readonly url: URL;
  readonly body: string | undefined;
  readonly request: HttpRequest;
  readonly paused: Paused;
}

/**
 * Makes every request of the browser in its place, or refuses it: the browser itself reaches nobody. Documents, posts and
 * calls of scripts go to allowed hosts alone, the password leaves once at most, and the address that leads back to the
 * portal is not loaded.
 */
export class Network {
  readonly #options: NetworkOptions;
  readonly #refused = new Set<string>();
  readonly #ended: Promise<URLSearchParams>;
  #resolve: (callback: URLSearchParams) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #isOver = false;
  #requests = 0;
  #underWay = 0;
  #lastChangeAtMs = performance.now();
  /** Documents of these frames are the pages that a person looks at. */
  readonly #mainFrames = new Set<string>();
  #given: { readonly url: URL; readonly response: HttpResponse } | undefined;
  #isTyped = false;
  #isPressed = false;
  #passwordKey: string | undefined;
  #hasLeftInTheOpen = false;
  #passwordAnswer: HttpResponse | undefined;
  #document: { readonly response: HttpResponse; readonly method: string } | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may be waiting yet when it fails.
    this.#ended.catch(() => {});
  }

  /** Takes over every request of the browser from now on. */
  async start(): Promise<void> {
    const { devtools, signal } = this.#options;
    devtools.on("Fetch.requestPaused", (paused) => void this.#answer(paused));
    signal.addEventListener("abort", () => this.#end(signal.reason), { once: true });
    await devtools.send("Fetch.enable", { patterns: [{ urlPattern: "*" }] });
  }

  /** Yields what the login leads back to the portal with; throws what ended it before. */
  get ended(): Promise<URLSearchParams> {
    return this.#ended;
  }

  /** The next request for this address is answered with what came already. */
  give(url: URL, response: HttpResponse): void {
    this.#given = { url, response };
  }

  showsPagesIn(frameId: string): void {
    this.#mainFrames.add(frameId);
  }

  /** From now on the password is in the page, and looked for in all that it sends. */
  passwordIsTyped(): void {
    this.#isTyped = true;
  }

  /** From now on the next post is taken for that of the password, whatever a script made of it. */
  passwordIsSent(): void {
    this.#isPressed = true;
  }

  /** What came to the password; undefined until it was posted and answered. */
  get passwordAnswer(): HttpResponse | undefined {
    return this.#passwordAnswer;
  }

  get isPasswordPosted(): boolean {
    return this.#passwordKey !== undefined;
  }

  get isPasswordUnderWay(): boolean {
    return this.isPasswordPosted && this.#passwordAnswer === undefined;
  }

  /** The newest page that was loaded. */
  get document(): { readonly response: HttpResponse; readonly method: string } | undefined {
    return this.#document;
  }

  /** For how long nothing has been asked for, in milliseconds; 0 while an answer is waited for. */
  get quietForMs(): number {
    return this.#underWay > 0 ? 0 : performance.now() - this.#lastChangeAtMs;
  }

  /** What was refused, to complete a message; empty where nothing was. */
  get refusedInWords(): string {
    const all = [...this.#refused];
    const more = all.length > 5 ? ` and ${all.length - 5} more` : "";
    return all.length === 0 ? "" : `; refused was ${all.slice(0, 5).join(", ")}${more}`;
  }

  /** True where the login has led back to the portal, or failed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #end(reason: unknown): void {
    this.#isOver = true;
    this.#reject(reason);
  }

  async #answer(paused: Paused): Promise<void> {
    this.#underWay += 1;
    try {
      await this.#decide(paused);
    } catch (error) {
      await this.#fail(paused);
      // Of a part of a page that does not come the page may do without.
      if (!(error instanceof PartMissing)) this.#end(error);
    } finally {
      this.#underWay -= 1;
      this.#lastChangeAtMs = performance.now();
    }
  }

  async #decide(paused: Paused): Promise<void> {
    const url = new URL(paused.request.url + (paused.request.urlFragment ?? ""));
    if (url.protocol === "data:" || url.protocol === "blob:") return await this.#continue(paused);
    if (this.#isOver) return await this.#fail(paused);
    this.#requests += 1;
    const { method } = paused.request;
    if (this.#requests > MAX_REQUESTS)
      throw changed("page", method, url, `an end within ${MAX_REQUESTS} requests`, "ever more of them");
    const wanted = read(paused, url);
    const isDocument = paused.resourceType === "Document";
    const isPage = isDocument && this.#mainFrames.has(paused.frameId);
    if (isDocument) {
      const callback = this.#options.callbackIn(hopOf(wanted));
      if (callback !== undefined) {
        this.#isOver = true;
        await this.#fail(paused);
        return this.#resolve(callback);
      }
    }
    this.#refusePasswordInTheOpen(wanted);
    const { hosts } = this.#options;
    if (hosts.allows(url)) return await this.#sendHome(wanted, isPage);
    if (isPage) hosts.check(url);
    if (method === "GET" && FROM_ELSEWHERE.has(paused.resourceType) && isPrivate(url))
      return await this.#sendAbroad(wanted);
    this.#refused.add(`${method} ${url.host || url.protocol} (${paused.resourceType.toLowerCase()})`);
    await this.#fail(paused);
  }

  async #sendHome(wanted: Wanted, isPage: boolean): Promise<void> {
    const { paused, url, request } = wanted;
    const given = this.#given;
    if (isPage && given?.url.href === url.href && request.method === "GET") {
      this.#given = undefined;
      this.#document = { response: given.response, method: "GET" };
      return await this.#fulfil(paused, given.response);
    }
    const response = this.#isPasswordPost(wanted)
      ? await this.#postPassword(wanted)
      : await this.#sendPart(wanted, isPage);
    if (isPage && (response.status < 300 || response.status >= 400))
      this.#document = { response, method: request.method };
    await this.#fulfil(paused, response);
  }

  async #sendPart({ request, paused }: Wanted, isPage: boolean): Promise<HttpResponse> {
    const { send, sendForParts, retry, signal } = this.#options;
    try {
      if (request.method === "GET" && paused.resourceType === "Document")
        return await sendWithRetries(send, request, retry, signal);
      return await (SENDS.has(paused.resourceType) ? send : sendForParts)(request, signal);
    } catch (error) {
      if (isPage || !(error instanceof CarunaUnreachable)) throw error;
      throw new PartMissing();
    }
  }

  /** A script, style, font or picture: without cookies, without where it is asked for from, and none are taken. */
  async #sendAbroad({ paused, url }: Wanted): Promise<void> {
    const { sendForParts, signal } = this.#options;
    const headers = { Accept: paused.request.headers.Accept ?? "*/*" };
    const response = await sendForParts({ method: "GET", url, headers, wantsBytes: true }, signal).catch(() => {
      signal.throwIfAborted();
      throw new PartMissing();
    });
    const kept = new Map([...response.headers].filter(([name]) => name !== "set-cookie"));
    await this.#fulfil(paused, { ...response, headers: kept });
  }

  /** Whether this request must count as the one that carries the password; throws where that was posted already. */
  #isPasswordPost(wanted: Wanted): boolean {
    const { body, request, paused, url } = wanted;
    if (!this.#isTyped || request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS")
      return false;
    const isInTheOpen = body !== undefined && this.#options.trace.isInBody(body);
    const key = keyOf(wanted);
    // A script may have encrypted it: then the first post after the button was pressed is taken for it, and a like one for another.
    const isHidden = this.#isPressed && SENDS.has(paused.resourceType) && !this.#hasLeftInTheOpen;
    const isFirst = this.#passwordKey === undefined;
    if (isInTheOpen ? this.#hasLeftInTheOpen : isHidden && this.#passwordKey === key)
      throw changed("password post", request.method, url, "one password post", "a page that wants to send another");
    if (isInTheOpen && request.method !== "POST")
      throw changed("password post", request.method, url, "the password in a POST", `a ${request.method}`);
    this.#hasLeftInTheOpen ||= isInTheOpen;
    if (!isInTheOpen && !(isHidden && isFirst)) return false;
    this.#passwordKey ??= key;
    return true;
  }

  async #postPassword({ request }: Wanted): Promise<HttpResponse> {
    const { beginPost, sendPassword, signal, retry } = this.#options;
    await beginPost();
    const response = await sendPassword(request, signal);
    noteRest(request, response, retry);
    this.#passwordAnswer = response;
    return response;
  }

  /** The password is sent in the body of a POST alone. */
  #refusePasswordInTheOpen({ url, request }: Wanted): void {
    if (!this.#isTyped) return;
    const { trace } = this.#options;
    const where = trace.isInAddress(url)
      ? "the address"
      : trace.isInHeaders(request.headers ?? {})
        ? "a header"
        : undefined;
    if (where === undefined) return;
    const expected = "the password in the body of a POST";
    throw changed("password post", request.method, new URL(url.origin), expected, `a page that puts it into ${where}`);
  }

  // The page that asked may be gone: then there is nobody to answer.
  async #continue({ requestId }: Paused): Promise<void> {
    await this.#options.devtools.send("Fetch.continueRequest", { requestId }).catch(() => {});
  }

  async #fail({ requestId }: Paused): Promise<void> {
    await this.#options.devtools.send("Fetch.failRequest", { requestId, errorReason: "Aborted" }).catch(() => {});
  }

  async #fulfil({ requestId }: Paused, { status, headers, body, bytes }: HttpResponse): Promise<void> {
    const responseHeaders = [...headers]
      .filter(([name]) => !OF_CONNECTION.test(name))
      .flatMap(([name, value]) => {
        // A text was read as UTF-8, whatever it was before.
        const isText = name === "content-type" && bytes === undefined;
        return value.split("\n").map((line) => ({
          name,
          value: isText ? line.replace(/;\s*charset=[^;]*|$/i, ";charset=utf-8") : line,
        }));
      });
    await this.#options.devtools
      .send("Fetch.fulfillRequest", {
        ...{ requestId, responseCode: status, responseHeaders },
        body: (bytes ?? Buffer.from(body, "utf8")).toString("base64"),
      })
      .catch(() => {});
  }
}

/** Nobody on the way can read or change what comes: TLS, or it never leaves this machine. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** A part of a page did not come. */
class PartMissing extends Error {}

const METHODS = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"] as const;

function read(paused: Paused, url: URL): Wanted {
  const { request } = paused;
  const method = METHODS.find((known) => known === request.method.toUpperCase());
  const entries = request.postDataEntries?.map(({ bytes }) => bytes);
  const isWhole = entries?.every((bytes) => bytes !== undefined);
  if (method === undefined || (request.hasPostData === true && !isWhole && request.postData === undefined))
    throw changed("page", request.method, url, "requests that can be read", "one that cannot");
  const body = isWhole
    ? Buffer.concat(entries.map((bytes) => Buffer.from(bytes ?? "", "base64"))).toString("utf8")
    : request.postData;
  const withoutFragment = new URL(url);
  withoutFragment.hash = "";
  return {
    ...{ url, paused },
    body: request.hasPostData === true ? body : undefined,
    request: {
      ...{ method, url: withoutFragment, headers: request.headers, wantsBytes: true },
      ...(request.hasPostData === true && body !== undefined ? { body } : {}),
    },
  };
}

function hopOf({ url, request, body }: Wanted): Hop {
  const fields = [...new URLSearchParams(body ?? "")];
  return { method: request.method === "POST" ? "POST" : "GET", url, fields };
}

/** Tells a post from others: where it goes, and what it is made of. */
function keyOf({ url, body, request }: Wanted): string {
  const names = (value: unknown): unknown =>
    typeof value === "object" && value !== null ? Object.entries(value).map(([key, inner]) => [key, names(inner)]) : "";
  let shape: unknown = [...new URLSearchParams(body ?? "").keys()];
  try {
    shape = names(JSON.parse(body ?? ""));
  } catch {
    // A form, whose fields were read above.
  }
  return JSON.stringify([request.method, url.origin, url.pathname, url.search, shape]);
}

function changed(step: string, method: string, url: URL, expected: string, found: string): CarunaError {
  return new LoginChanged({ step, address: `${method} ${maskedPath(url)}`, expected, found });
}
