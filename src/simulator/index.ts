import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Federation } from "./federation.js";
import { type Answer, close, type Exchange, listen, parseCookies, readBody, type Site, writeAnswer } from "./http.js";
import { buildMeters, type MeterOptions } from "./meters.js";
import { PlusSite } from "./plus.js";
import { carriesPassword, Portal } from "./portal.js";
import { Household } from "./readings.js";
import { type Behaviour, type Context, type Counters, DEFAULT_BEHAVIOUR } from "./settings.js";
import { VARIANTS } from "./variants.js";

export type { HourChange, HourTruth } from "./household.js";
export type { MeterOptions, SimulatedMeter, SpacingFrom } from "./meters.js";
export { Household, type OddRow, UnknownMeterError } from "./readings.js";
export { type Behaviour, DEFAULT_BEHAVIOUR, type ForeignStep, type Refusal, type Resource } from "./settings.js";
export {
  isVariantName,
  scriptedVariantNames,
  VARIANTS,
  type Variant,
  type VariantName,
  variantNames,
} from "./variants.js";

/** How to start the simulator; the behaviour can also be changed later with `set`. */
export interface SimulatorOptions extends Partial<Behaviour> {
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** Port of the plus site; any free one by default. */
  readonly port?: number;
  /** Port of the auth site; any free one by default. The same as `port`: one listener, told apart by the Host header. */
  readonly authPort?: number;
  /** Public address of the plus site, as its pages and answers write it; by default where it listens. */
  readonly plusUrl?: string;
  /** Public address of the auth site. */
  readonly authUrl?: string;
  /** How many meters, or what each is like; 1 by default. */
  readonly meters?: number | readonly MeterOptions[];
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** How many of the newest requests it remembers; 10,000 by default. */
  readonly requestsKept?: number;
}

/** A request that came in; no values of queries, headers or bodies. */
export interface SimulatedRequest {
  readonly site: Site;
  readonly method: string;
  readonly path: string;
  readonly queryNames: readonly string[];
  /** `null`: not answered (yet). */
  readonly status: number | null;
  /** What the answer was, e.g. "login page", "token", "energy daily". */
  readonly kind: string | null;
}

/** An answer in place of the real one, for the next requests that match. */
export interface Interception {
  readonly site?: Site;
  readonly method?: string;
  /** A part of the path; any path by default. */
  readonly pathIncludes?: string;
  /** How many requests; 1 by default. */
  readonly times?: number;
  /** An answer, no answer at all (the request hangs), or a connection cut without one. */
  readonly answer: Answer | "hang" | "disconnect";
}

export interface Simulator {
  /** Public addresses, with no slash at the end. */
  readonly plusUrl: string;
  readonly authUrl: string;
  /** Where it listens. */
  readonly port: number;
  readonly authPort: number;
  /** The newest requests in order, `requestsKept` at the most. */
  readonly requests: readonly SimulatedRequest[];
  /** How many requests there were in all. */
  readonly requestCount: number;
  /** Posts that carried a password, judged or not. */
  readonly passwordPosts: number;
  /** Posts whose password was compared with the right one. */
  readonly passwordsJudged: number;
  readonly tokensIssued: number;
  readonly apiCalls: number;
  /** The truth: meters, and each hour of each. */
  readonly household: Household;
  /** Changes the behaviour from the next request on. */
  set(changes: Partial<Behaviour>): void;
  /** Refuses every token issued so far. */
  expireTokens(): void;
  /** The identity provider forgets its sessions. */
  forgetSessions(): void;
  answerNext(interception: Interception): void;
  /** Ends it at once, hanging requests included. */
  stop(): Promise<void>;
}

/** The simulator cannot start with these options. */
export class SimulatorOptionsError extends Error {
  override readonly name = "SimulatorOptionsError";
}

const REQUESTS_KEPT = 10_000;

/**
 * Serves a look-alike of Caruna+ over HTTP: both of its hosts, for tests and the demo.
 *
 * @throws SimulatorOptionsError when an address is no address, a port is taken, or the two sites could not be told apart
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const running = new RunningSimulator(options);
  try {
    await running.start();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

class RunningSimulator implements Simulator {
  readonly requests: SimulatedRequest[] = [];
  requestCount = 0;
  readonly household: Household;
  readonly #options: SimulatorOptions;
  readonly #behaviour: Behaviour;
  readonly #counters: Counters = { passwordPosts: 0, passwordsJudged: 0, tokensIssued: 0, apiCalls: 0 };
  readonly #interceptions: { readonly interception: Interception; left: number }[] = [];
  readonly #servers: Server[] = [];
  #listening: { readonly plusUrl: string; readonly authUrl: string; readonly port: number; readonly authPort: number } =
    {
      plusUrl: "",
      authUrl: "",
      port: 0,
      authPort: 0,
    };
  #portal: Portal | null = null;
  #plus: PlusSite | null = null;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#behaviour = behaviourFrom(options);
    this.household = new Household(buildMeters(options.meters ?? 1), this.#behaviour, options.now ?? Date.now);
  }

  get plusUrl(): string {
    return this.#listening.plusUrl;
  }
  get authUrl(): string {
    return this.#listening.authUrl;
  }
  get port(): number {
    return this.#listening.port;
  }
  get authPort(): number {
    return this.#listening.authPort;
  }
  get passwordPosts(): number {
    return this.#counters.passwordPosts;
  }
  get passwordsJudged(): number {
    return this.#counters.passwordsJudged;
  }
  get tokensIssued(): number {
    return this.#counters.tokensIssued;
  }
  get apiCalls(): number {
    return this.#counters.apiCalls;
  }

  async start(): Promise<void> {
    const { host = "127.0.0.1", port = 0, authPort = 0, now = Date.now } = this.#options;
    const plusUrlWanted = publicAddress("plusUrl", this.#options.plusUrl);
    const authUrlWanted = publicAddress("authUrl", this.#options.authUrl);
    const plusPort = await this.#listen(host, port, "plus");
    const oneListener = port !== 0 && port === authPort;
    const otherPort = oneListener ? plusPort : await this.#listen(host, authPort, "auth");
    const plusUrl = plusUrlWanted ?? listeningAddress(host, plusPort);
    const authUrl = authUrlWanted ?? listeningAddress(host, otherPort);
    if (new URL(plusUrl).host === new URL(authUrl).host)
      throw new SimulatorOptionsError(
        `Both sites would have the address ${plusUrl}, so no request could be told to be one's or the other's: ` +
          "give them two ports, or two host names with plusUrl and authUrl.",
      );
    this.#listening = { plusUrl, authUrl, port: plusPort, authPort: otherPort };
    const context: Context = { behaviour: this.#behaviour, plusUrl, authUrl, now, counters: this.#counters };
    const federation = new Federation();
    this.#portal = new Portal(context, federation);
    this.#plus = new PlusSite(context, federation, this.household);
  }

  set(changes: Partial<Behaviour>): void {
    Object.assign(this.#behaviour, changes);
  }

  expireTokens(): void {
    this.#plus?.expireTokens();
  }

  forgetSessions(): void {
    this.#portal?.forgetSessions();
  }

  answerNext(interception: Interception): void {
    this.#interceptions.push({ interception, left: interception.times ?? 1 });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(close));
  }

  async #listen(host: string, port: number, site: Site): Promise<number> {
    const listening = await listenOrExplain(host, port, (request, response) => {
      this.#handle(site, request, response).catch((error: unknown) => {
        // A fault of the simulator itself must show in the test that met it.
        if (!response.headersSent) writeAnswer(response, { status: 500, body: `Simulator: ${String(error)}` });
        else response.destroy();
      });
    });
    this.#servers.push(listening.server);
    return listening.port;
  }

  async #handle(listener: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = await this.#exchange(listener, request);
    const finish = this.#record(exchange);
    if (this.#behaviour.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#behaviour.latencyMs));
    if (await carriesPassword(exchange, VARIANTS[this.#behaviour.variant])) this.#counters.passwordPosts += 1;
    const intercepted = this.#intercepted(exchange);
    if (intercepted === "hang") return;
    if (intercepted === "disconnect") {
      request.socket.destroy();
      return;
    }
    const site = exchange.site === "plus" ? this.#plus : this.#portal;
    const answer = intercepted ?? (await site?.answer(exchange)) ?? { status: 503 };
    finish(answer);
    writeAnswer(response, answer);
  }

  async #exchange(listener: Site, request: IncomingMessage): Promise<Exchange> {
    // A request line may hold a whole address (a proxy's form) or a path that begins with two slashes.
    const target = request.url ?? "/";
    const url = new URL(/^https?:/.test(target) ? target : `http://simulator${target}`);
    return {
      site: this.#siteOf(listener, request.headers.host),
      method: request.method ?? "GET",
      path: url.pathname,
      search: url.search,
      query: url.searchParams,
      headers: request.headers,
      cookies: parseCookies(request.headers.cookie),
      body: await readBody(request),
    };
  }

  /** The Host header tells the site where it is a public one's; otherwise the port that the request came in by. */
  #siteOf(listener: Site, host: string | undefined): Site {
    for (const [site, address] of [["plus", this.plusUrl] as const, ["auth", this.authUrl] as const]) {
      const url = new URL(address === "" ? "http://unset" : address);
      if (host !== undefined && (host === url.host || host === `${url.hostname}:${url.port || defaultPort(url)}`))
        return site;
    }
    return listener;
  }

  #intercepted(exchange: Exchange): Interception["answer"] | undefined {
    const index = this.#interceptions.findIndex(({ interception }) => matches(interception, exchange));
    const found = this.#interceptions[index];
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#interceptions.splice(index, 1);
    return found.interception.answer;
  }

  #record(exchange: Exchange): (answer: Answer) => void {
    const asked = {
      site: exchange.site,
      method: exchange.method,
      path: exchange.path,
      queryNames: [...new Set(exchange.query.keys())],
    };
    const open: SimulatedRequest = { ...asked, status: null, kind: null };
    this.requests.push(open);
    this.requestCount += 1;
    if (this.requests.length > (this.#options.requestsKept ?? REQUESTS_KEPT)) this.requests.shift();
    return (answer) => {
      const index = this.requests.lastIndexOf(open);
      if (index >= 0) this.requests[index] = { ...asked, status: answer.status, kind: answer.kind ?? null };
    };
  }
}

function matches({ site, method, pathIncludes = "" }: Interception, exchange: Exchange): boolean {
  return (
    (site === undefined || site === exchange.site) &&
    (method === undefined || method === exchange.method) &&
    exchange.path.includes(pathIncludes)
  );
}

function behaviourFrom(options: SimulatorOptions): Behaviour {
  const { host, port, authPort, plusUrl, authUrl, meters, now, ...behaviour } = options;
  return { ...DEFAULT_BEHAVIOUR, ...behaviour };
}

function listeningAddress(host: string, port: number): string {
  // "Every address" is no address that a client could be sent to.
  if (host === "0.0.0.0" || host === "::") return `http://127.0.0.1:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function publicAddress(name: string, wanted: string | undefined): string | undefined {
  if (wanted === undefined) return undefined;
  const url = URL.canParse(wanted) ? new URL(wanted) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== "/")
    throw new SimulatorOptionsError(
      `${name} is "${wanted}", which is no address of a site: give scheme and host, such as https://plus.example.com.`,
    );
  return url.origin;
}

async function listenOrExplain(
  host: string,
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; port: number }> {
  try {
    return await listen(host, port, handle);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SimulatorOptionsError(
      `The simulator cannot listen on ${host} port ${port} (${reason}): end what listens there, or choose another port.`,
      { cause },
    );
  }
}

function defaultPort(url: URL): string {
  return url.protocol === "https:" ? "443" : "80";
}
