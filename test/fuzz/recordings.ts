import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { CarunaClient } from "../../src/caruna/index.js";
import { type Simulator, type SimulatorOptions, startSimulator, variantNames } from "../../src/simulator/index.js";

/** What came over the wire as one answer of Caruna+. */
export interface Recording {
  readonly status: number;
  /** Lower case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Logins and calls that between them see every kind of page and answer that the simulator has. */
const SCENES: readonly SimulatorOptions[] = [
  ...variantNames().map((variant) => ({ variant })),
  { wrongPassword: "feedback", password: "another" },
  { wrongPassword: "redirect", password: "another" },
  { wrongPassword: "401", password: "another" },
  { secondFactor: true },
  { maintenance: 200 },
  { maintenance: 503 },
  { loseSessions: 1 },
  { refuseTokens: true, tokenRefusal: "login-page" },
  { refuseTokens: true, tokenRefusal: 403 },
  { energyShape: "minimal", unpublished: "nulls" },
  { energyShape: "wrapped", stamps: "utc" },
  { energyShape: "bare", quarterHours: true, stamps: "none", meters: 3 },
];

/**
 * Answers of the simulator over HTTP, as the real client gets them in logins of every kind and in calls; each once, in the
 * same order and with the same ids and times in every run, so that a seed makes the same inputs of them.
 */
export async function recordings(): Promise<Recording[]> {
  const all = new Map<string, Recording>();
  for (const scene of SCENES) {
    const found = (await recorded(scene)).map(({ status, headers, body }) => {
      const { date: _, "content-length": __, ...others } = headers;
      const kept = Object.entries(others).map(([name, value]) => [name, withoutChance(value)]);
      return { status, headers: Object.fromEntries(kept), body: withoutChance(body) };
    });
    for (const recording of found) all.set(JSON.stringify(recording), recording);
  }
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, recording]) => recording);
}

/** Ids, times and ports that are drawn anew in every run become others that look alike. */
function withoutChance(text: string): string {
  return text
    .replace(/eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g, "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJiMDY1In0.4f1c")
    .replace(/[0-9a-f]{16,}/g, (id) => "5ca1ab1e0ddba110".repeat(8).slice(0, id.length))
    .replace(/("expiresAt":)\d+/g, (_, key: string) => `${key}1795442400`)
    .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g, "Mon, 23 Nov 2026 12:00:00 GMT")
    .replace(/(127\.0\.0\.1(?::|%3A))\d+/gi, (_, host: string) => `${host}8480`)
    .replace(/\?\d{1,2}(?!\d)/g, "?42");
}

async function recorded(scene: SimulatorOptions): Promise<Recording[]> {
  const found: Recording[] = [];
  let simulator: Simulator | undefined;
  const plus = await recorder(() => simulator?.port, found);
  const auth = await recorder(() => simulator?.authPort, found);
  simulator = await startSimulator({ plusUrl: plus.url, authUrl: auth.url, ...scene });
  const client = new CarunaClient({
    username: "demo@example.com",
    password: "demo",
    baseUrl: plus.url,
    allowedHosts: [new URL(auth.url).host],
    sleep: async () => {},
  });
  try {
    await useAll(client);
  } catch (error) {
    // Half of the scenes are there for what ends a login; a fault of the recorder's would leave too little.
    if (found.length < 2) throw error;
  } finally {
    await client.close();
    await simulator.stop();
    for (const { server } of [plus, auth]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  return found;
}

async function useAll(client: CarunaClient): Promise<void> {
  for (const customer of await client.customerNumbers()) await client.customer(customer);
  await client.contracts();
  for (const meteringPoint of await client.meteringPoints()) {
    for (const day of ["2025-03-30", "2024-10-27"]) {
      for await (const _ of client.energy({ meteringPoint, from: day, to: day, resolution: "hour" }));
      for await (const _ of client.energy({ meteringPoint, from: day, to: day, resolution: "day" }));
    }
  }
}

/** A proxy that writes down what it passes on. */
async function recorder(
  port: () => number | undefined,
  found: Recording[],
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((incoming, response) => {
    const { method = "GET", url: path = "/", headers } = incoming;
    const onward = request(
      { host: "127.0.0.1", port: port(), method, path, headers, agent: false },
      (answer: IncomingMessage) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const body = Buffer.concat(chunks);
          const status = answer.statusCode ?? 500;
          const texts = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
          found.push({ status, headers: Object.fromEntries(texts), body: body.toString("utf8") });
          response.writeHead(status, answer.headers).end(body);
        });
      },
    );
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the recorder has no port");
  return { server, url: `http://127.0.0.1:${address.port}` };
}
