import { readFileSync } from "node:fs";
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { CookieJar } from "tough-cookie";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ProxySettings } from "../../src/caruna/http/proxy.js";
import {
  cookieTransport,
  DEFAULT_LIMITS,
  keepAliveTransport,
  type Transport,
} from "../../src/caruna/http/transport.js";
import { CarunaUnreachable, reach } from "../../src/caruna/index.js";
import { atTheEnd, clientOf, errorOf } from "../support/caruna.js";
import { connectProxy } from "../support/connect-proxy.js";

const TLS = join(import.meta.dirname, "../database/tls");
const OWN = { key: readFileSync(join(TLS, "server.key")), cert: readFileSync(join(TLS, "server.crt")) };

/** Where a server listens until the test is over; what it was sent in the clear is kept. */
async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atTheEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("the server of the test has no port");
  return `https://127.0.0.1:${address.port}`;
}

describe("a TLS that does not come about is told in words, and nothing is sent", () => {
  it.each<[string, (heard: string[]) => Server, RegExp]>([
    [
      "a certificate that nobody vouches for",
      (heard) => createServer(OWN, (socket) => socket.on("data", (bytes) => heard.push(String(bytes)))),
      /certificate/,
    ],
    [
      "a server that speaks no TLS",
      () => createPlainServer((socket) => socket.end("HTTP/1.1 400 Bad\r\n\r\n")),
      /speaks no TLS that we know/,
    ],
    [
      "a TLS of another age",
      (heard) =>
        createServer({ ...OWN, maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }, (socket) =>
          socket.on("data", (bytes) => heard.push(String(bytes))),
        ),
      /speaks no TLS that we know/,
    ],
    [
      "a handshake that is cut",
      () => createPlainServer((socket) => socket.resetAndDestroy()),
      /the connection was cut/,
    ],
    ["a handshake without an answer", () => createPlainServer(() => {}), /did not answer within 0.3 s/],
  ])("%s", async (_, serverOf, words) => {
    const heard: string[] = [];
    const url = await listening(serverOf(heard));
    const { client } = clientOf(url, url, { retries: 1, limits: { requestTimeoutMs: 300 } });
    const error = await errorOf(client.meteringPoints());
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toMatch(words);
    expect(heard).toEqual([]);
  });
});

describe("NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment opens nothing", () => {
  const never = new AbortController().signal;
  const get = (send: Transport, url: URL) => send({ method: "GET", url }, never);
  const ways: readonly [string, (url: URL, proxy: ProxySettings | undefined) => Promise<unknown>][] = [
    ["the login", (url, proxy) => get(cookieTransport(new CookieJar(), DEFAULT_LIMITS, proxy), url)],
    ["the API", (url, proxy) => get(keepAliveTransport(DEFAULT_LIMITS, proxy).send, url)],
    ["doctor", (url, proxy) => reach(url, proxy, never)],
  ];

  it.each(
    ways.flatMap(([name, call]) => [
      [name, "directly", call] as const,
      [name, "through a proxy", call] as const,
      [name, "through a proxy that speaks TLS itself", call] as const,
    ]),
  )("%s, %s", async (_, way, call) => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    const heard: string[] = [];
    const url = await listening(createServer(OWN, (socket) => socket.on("data", (bytes) => heard.push(String(bytes)))));
    const proxy = await connectProxy(() => ({ port: Number(new URL(url).port) }));
    const [target, settings] =
      way === "directly"
        ? [url, undefined]
        : ["https://plus.caruna.fi", { url: way === "through a proxy" ? `http://127.0.0.1:${proxy.port}` : url }];
    const error = await errorOf(call(new URL(target), settings));
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toContain("its certificate is not trusted");
    expect(heard).toEqual([]);
  });
});
