import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterEach } from "vitest";
import { CarunaClient, type CarunaClientOptions } from "../../src/caruna/index.js";
import { type Simulator, type SimulatorOptions, startSimulator, type VariantName } from "../../src/simulator/index.js";

export const KNOWN_DATES = ["2023-01", "2023-11", "2024-10", "2026-08"] as const satisfies readonly VariantName[];

/** Ends, last begun first, when the test is over. */
const endings: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Calls this when the test is over. */
export function atTheEnd(end: () => void | Promise<void>): void {
  endings.push(end);
}

/** A simulator that ends with the test. */
export async function simulatorFor(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  atTheEnd(() => simulator.stop());
  return simulator;
}

/** What was logged: all fields and messages, whatever the level. */
export interface CollectedLog {
  readonly entries: { readonly level: string; readonly fields: object; readonly message: string }[];
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
}

export function collectedLog(): CollectedLog {
  const entries: CollectedLog["entries"] = [];
  const at = (level: string) => (fields: object, message: string) => {
    entries.push({ level, fields, message });
  };
  return { entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A client with the waits it asked for, which it did not have to wait. */
export interface TestClient {
  readonly client: CarunaClient;
  readonly waits: number[];
  readonly log: CollectedLog;
}

/** A client of two sites, of the same one where the second is left out; it never sleeps. */
export function clientOf(
  baseUrl: string,
  authUrl: string = baseUrl,
  options: Partial<CarunaClientOptions> = {},
): TestClient {
  const waits: number[] = [];
  const log = collectedLog();
  const client = new CarunaClient({
    username: "demo@example.com",
    password: "demo",
    baseUrl,
    allowedHosts: [new URL(authUrl).host],
    logger: log,
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      waits.push(milliseconds);
    },
    ...options,
  });
  atTheEnd(() => client.close());
  return { client, waits, log };
}

/** A client of the simulator. */
export function clientFor(simulator: Simulator, options: Partial<CarunaClientOptions> = {}): TestClient {
  return clientOf(simulator.plusUrl, simulator.authUrl, options);
}

/** A request that a server of the test's own received. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly address: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Tells connections apart. */
  readonly remotePort: number | undefined;
}

/** A server that does what the test says. */
export interface RawServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** Posts of a form with the password in it. */
  readonly passwordPosts: number;
}

type Handler = (request: Received, response: ServerResponse) => void | Promise<void>;

/** Serves over HTTP on a free port of 127.0.0.1 until the test is over. */
export async function rawServer(handle: Handler, password = "demo"): Promise<RawServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    readReceived(request)
      .then((whole) => {
        received.push(whole);
        return handle(whole, response);
      })
      .catch((error: unknown) => {
        // A fault of the test's own server must not look like an answer of Caruna+.
        response.destroy(error instanceof Error ? error : undefined);
      });
  });
  const port = await listening(server);
  atTheEnd(() => closed(server));
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    get passwordPosts() {
      return received.filter(
        ({ method, body }) => method === "POST" && [...new URLSearchParams(body).values()].includes(password),
      ).length;
    },
  };
}

async function readReceived(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return {
    method: request.method ?? "",
    address: request.url ?? "",
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
    remotePort: request.socket.remotePort,
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
      else reject(new Error("the server of the test has no port"));
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export function sendHtml(response: ServerResponse, body: string, status = 200, headers: Record<string, string> = {}) {
  response.writeHead(status, { "Content-Type": "text/html;charset=UTF-8", ...headers }).end(body);
}

export function sendJson(response: ServerResponse, value: unknown, status = 200) {
  sendHtml(response, JSON.stringify(value), status);
}

export function sendRedirect(response: ServerResponse, location: string, status = 302) {
  response.writeHead(status, { Location: location }).end();
}

/** Path of a page of a portal in the test. */
type Pages = Readonly<Record<string, Handler>>;

/**
 * A portal of both sites in one, whose pages the test writes. The login begins at `/first`; a page that leads to
 * `/done` has logged in. Paths are looked up without their query.
 */
export async function portalOf(pages: Pages, password = "demo"): Promise<RawServer> {
  const all: Pages = { ...PORTAL_ENDS, ...pages };
  return await rawServer((request, response) => {
    const page = all[request.address.replace(/\?.*/, "")];
    if (page === undefined) return sendHtml(response, "<title>404</title>", 404);
    return page(request, response);
  }, password);
}

const PORTAL_ENDS: Pages = {
  "/api/authorization/login": (_, response) => sendJson(response, { loginRedirectUrl: "/first" }),
  "/done": (_, response) => sendRedirect(response, "/openid-login-return?code=c&state=s&session_state=t"),
  "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer()),
};

export function tokenAnswer(changes: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    token: "eyToken",
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    user: { ownCustomerNumbers: ["50123456"], representedCustomerNumbers: [] },
    ...changes,
  };
}

export const LOGIN_FORM = `<form method="post" action="/judge"><input type="text" name="user">
<input type="password" name="pass"><input type="submit" name="go" value="Kirjaudu"></form>`;

/** What a call threw; fails where it threw nothing. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`not an Error was thrown: ${inspect(error)}`);
  }
  throw new Error("nothing was thrown");
}

/** A condition that something else is about to make true, looked at whenever the event loop comes round. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
