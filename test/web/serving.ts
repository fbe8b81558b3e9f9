import { type IncomingHttpHeaders, request } from "node:http";
import type { Database } from "../../src/database/index.js";
import { type Cycles, Metrics, PageData, WebServer, type WebServerOptions } from "../../src/web/index.js";
import { atTheEnd, collectedLog } from "../support/caruna.js";

/** A server of the page that ends with the test. */
export interface Serving {
  readonly server: WebServer;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: ReturnType<typeof collectedLog>;
  /** What the program tells of its cycles; a test may change it. */
  cycles: Cycles;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** The parsed JSON of an answer with status 200; fails on any other. */
  json(path: string): Promise<Record<string, unknown>>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ServingOptions extends Partial<Pick<WebServerOptions, "host" | "token" | "limits">> {
  readonly now?: () => number;
}

/** A cycle has ended well, and the next is due in an hour. */
export function goodCycles(nowEpochMs: number): Cycles {
  return {
    last: { endedEpochMs: nowEpochMs, problem: undefined },
    nextEpochMs: nowEpochMs + 3_600_000,
    overdueEpochMs: nowEpochMs + 4_500_000,
  };
}

export async function serve(database: Database, options: ServingOptions = {}): Promise<Serving> {
  const { host = "127.0.0.1", token, limits = {}, now = Date.now } = options;
  const log = collectedLog();
  const metrics = new Metrics();
  const told = { cycles: () => serving.cycles, now };
  const guard = database.loginGuard(["http://127.0.0.1", "demo@example.com", "demo"], now);
  const data = new PageData({ database, guard, version: "1.2.3", ...told });
  const server = new WebServer({ host, port: 0, token, data, metrics, logger: log, limits, ...told });
  const { url } = await server.start();
  atTheEnd(() => server.stop());
  const port = Number(new URL(url).port);
  const serving: Serving = {
    ...{ server, port, metrics, log, cycles: goodCycles(now()) },
    ask: (path, asked) => ask(port, path, asked),
    json: async (path) => {
      const { status, body } = await ask(port, path, token === undefined ? {} : { headers: bearer(token) });
      if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
      return JSON.parse(body);
    },
  };
  return serving;
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

/** One request to 127.0.0.1, whose path goes out as it stands: nothing is resolved or encoded. */
export async function ask(
  port: number,
  path: string,
  { method = "GET", headers = {} }: AskOptions = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}
