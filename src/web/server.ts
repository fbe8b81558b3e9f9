import { once, setMaxListeners } from "node:events";
import { Server } from "node:http";
import { finished } from "node:stream";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import { DatabaseError } from "../database/index.js";
import { errorCode } from "../shared/error-code.js";
import type { Logger } from "../shared/logger.js";
import { controllerUnder } from "../shared/signals.js";
import { hostCheck, inAddress, ownSiteCheck, tokenCheck } from "./access.js";
import { type Asset, readAssets } from "./assets.js";
import { answerPage } from "./language.js";
import type { Metrics } from "./metrics.js";
import { type Cycles, NoSuchPoint, NotReady, type PageData } from "./page-data.js";
import {
  BadParameter,
  completenessParameters,
  downloadParameters,
  readParameters,
  seriesParameters,
} from "./parameters.js";

interface Bound {
  Bindings: HttpBindings;
}

export interface WebServerOptions {
  /** Host name or address, an IPv6 address without brackets. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Who does not show it sees nothing; undefined: whoever reaches the address may look. */
  readonly token: string | undefined;
  readonly data: PageData;
  readonly metrics: Metrics;
  readonly cycles: () => Cycles;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly limits?: Partial<WebLimits>;
}

/** What one client may take of the server. */
export interface WebLimits {
  /** Until the head of a request is there, and until all of it is, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How often these two are looked after, in milliseconds. */
  readonly checkIntervalMs: number;
  /** A connection on which nothing moves for so long is closed, such as that of a download that nobody reads. */
  readonly silenceMs: number;
  /** Open at one time; one more is closed at once. */
  readonly connections: number;
}

const LIMITS: WebLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  checkIntervalMs: 2_000,
  silenceMs: 60_000,
  connections: 64,
};
const KEEP_ALIVE_MS = 5_000;
const MOST_HEADER_BYTES = 8 * 1024;
/** What is being answered when the server is stopped may take this long. */
const STOP_GRACE_MS = 500;

/** The page cannot be served; the message says why, and which setting to change. */
export class WebServerFailed extends Error {
  override readonly name = "WebServerFailed";
}

/** Serves the page, its data, the metrics, and the answers to health checks, over HTTP. */
export class WebServer {
  readonly #options: WebServerOptions;
  readonly #ending = new AbortController();
  #server: Server | undefined;

  constructor(options: WebServerOptions) {
    this.#options = options;
    // Every answer under way listens to it.
    setMaxListeners(0, this.#ending.signal);
  }

  /** Listens. Returns the address to open on this machine. Throws `WebServerFailed`. */
  async start(): Promise<{ readonly url: string }> {
    const { host, port, limits } = this.#options;
    const { connections, headersTimeoutMs, requestTimeoutMs, checkIntervalMs, silenceMs } = { ...LIMITS, ...limits };
    const app = this.#routes(await readAssets());
    const server = createAdaptorServer({
      fetch: app.fetch,
      overrideGlobalObjects: false,
      serverOptions: {
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: checkIntervalMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxHeaderSize: MOST_HEADER_BYTES,
      },
    });
    if (!(server instanceof Server)) throw new TypeError("a plain HTTP server was asked for");
    server.maxConnections = connections;
    server.timeout = silenceMs;
    this.#server = server;
    server.listen(port, host);
    try {
      await once(server, "listening");
    } catch (error) {
      throw new WebServerFailed(whyNotListening(error, host, port));
    }
    // An error after this concerns one connection, which ends with it.
    server.on("error", (error) =>
      this.#options.logger.debug({ problem: error.message }, "a connection to the page broke"),
    );
    const address = server.address();
    const listening = typeof address === "object" && address !== null ? address.port : port;
    return { url: `http://${inAddress(openedAt(host))}:${listening}/` };
  }

  /** Answers what is under way for half a second, then closes every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined || !server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    this.#ending.abort();
    const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
    await closed;
    clearTimeout(timer);
  }

  #routes(assets: ReadonlyMap<string, Asset>): Hono<Bound> {
    const { token, host } = this.#options;
    const app = new Hono<Bound>();
    app.use(SECURE);
    app.use(onlyReading);
    if (token === undefined) app.use(hostCheck(host));
    app.use(ownSiteCheck);
    app.use(async (context, next) => {
      await next();
      // Nothing of this is for a cache on the way or for the disk; files of the page are asked for anew, by their ETag.
      if (!context.res.headers.has("Cache-Control")) context.header("Cache-Control", "no-store");
    });
    app.get("/healthz", (context) => context.text("ok\n"));
    app.get("/readyz", (context) => this.#ready(context));
    if (token !== undefined) app.use(tokenCheck(token));
    app.use("/assets/*", etag());
    app.get("/", answerPage);
    app.get("/assets/:name", (context) => sendAsset(context, assets.get(context.req.param("name"))));
    app.get("/metrics", (context) => this.#metrics(context));
    this.#dataRoutes(app);
    app.notFound((context) => context.json({ error: "There is nothing here; the page is at /" }, 404));
    app.onError((error, context) => this.#failure(error, context));
    return app;
  }

  #dataRoutes(app: Hono<Bound>): void {
    const { data } = this.#options;
    app.get("/api/overview", async (context) => context.json(await data.overview(this.#signalOf(context))));
    app.get("/api/series", async (context) => {
      const { point, by, from, to } = readParameters(seriesParameters, context.req.query());
      const query = { meteringPointId: point, by, fromDay: from, toDay: to };
      return context.json(await data.series(query, this.#signalOf(context)));
    });
    app.get("/api/completeness", async (context) => {
      const { point, year } = readParameters(completenessParameters, context.req.query());
      return context.json(await data.completeness(point, year, this.#signalOf(context)));
    });
    app.get("/download.csv", async (context) => {
      const wanted = readParameters(downloadParameters, context.req.query());
      const signal = this.#signalOf(context);
      const pieces = await data.csv(wanted, signal);
      const name = ["energy", wanted.point, wanted.from, wanted.to].filter((part) => part !== undefined).join("_");
      return context.body(ReadableStream.from(this.#sent(pieces, context, signal)), 200, {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="${name.replace(/[^\w-]/g, "")}.csv"`,
      });
    });
  }

  async #ready(context: Context): Promise<Response> {
    const reasons = await this.#options.data.notReady(this.#signalOf(context));
    return context.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  }

  async #metrics(context: Context): Promise<Response> {
    const { data, metrics, cycles, now, logger } = this.#options;
    const read = async () => ({ points: await data.points(), pause: await data.pause(this.#signalOf(context)) });
    const state = await read().catch((error: unknown) => {
      logger.debug({ problem: String(error) }, "the metrics lack what the database knows");
      return undefined;
    });
    return context.body(await metrics.text(state, cycles(), now()), 200, { "Content-Type": metrics.contentType });
  }

  /** A piece that cannot be had breaks the connection off, so that half a file is not taken for a whole one. */
  async *#sent(
    pieces: AsyncIterable<string>,
    context: Context<Bound>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const encoder = new TextEncoder();
    try {
      for await (const piece of pieces) yield encoder.encode(piece);
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn({ problem: String(error) }, "a download was broken off");
      // Thrown from here, it would be printed past the log.
      context.env.outgoing.destroy();
    }
  }

  /** Aborted when the client has gone, or the server is stopped. */
  #signalOf(context: Context): AbortSignal {
    const { controller, release } = controllerUnder(context.req.raw.signal, this.#ending.signal);
    finished(context.env.outgoing, release);
    return controller.signal;
  }

  #failure(error: Error, context: Context): Response {
    if (error instanceof BadParameter) return context.json({ error: error.message }, 400);
    if (error instanceof NoSuchPoint) return context.json({ error: error.message }, 404);
    if (error instanceof NotReady || error instanceof DatabaseError) return context.json({ error: error.message }, 503);
    if (this.#ending.signal.aborted) return context.json({ error: "The program is ending." }, 503);
    if (!context.req.raw.signal.aborted)
      this.#options.logger.error(
        { error: error.name, stack: error.stack },
        `the page could not be served: ${error.message}`,
      );
    return context.json({ error: "Something went wrong that nobody foresaw; the log of the program says what." }, 500);
  }
}

const SECURE = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  // Plain HTTP on this machine or in a home: a browser that was told to insist on TLS would find nothing any more.
  strictTransportSecurity: false,
});

/** Nothing can be changed from outside, so there is nothing to send. */
async function onlyReading(context: Context, next: () => Promise<void>): Promise<Response | undefined> {
  if (context.req.method === "GET" || context.req.method === "HEAD") {
    await next();
    return undefined;
  }
  return context.json({ error: "Only GET and HEAD are understood here." }, 405, { Allow: "GET, HEAD" });
}

function sendAsset(context: Context, asset: Asset | undefined): Response | Promise<Response> {
  if (asset === undefined) return context.notFound();
  return context.body(asset.body, 200, { "Content-Type": asset.type, "Cache-Control": "no-cache" });
}

/** An address that stands for all of this machine's is opened at the one that it has for itself. */
function openedAt(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

function whyNotListening(error: unknown, host: string, port: number): string {
  const code = errorCode(error) ?? "unknown reason";
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} of ${host} is taken by another program: set HTTP_PORT to another one, or to 0 for no page`,
    EACCES: `this user may not listen on port ${port}: set HTTP_PORT to one above 1023, or to 0 for no page`,
    EADDRNOTAVAIL: `${host} is no address of this machine: set HTTP_HOST to one that is, 127.0.0.1 or 0.0.0.0`,
    ENOTFOUND: `the name ${host} is not known: set HTTP_HOST to an address of this machine, 127.0.0.1 or 0.0.0.0`,
  };
  return `The page is not served: ${reasons[code] ?? `${host}:${port} cannot be listened on (${code}); see HTTP_HOST and HTTP_PORT`}.`;
}
