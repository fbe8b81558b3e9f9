import { readFileSync } from "node:fs";
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { CarunaUnreachable } from "../../src/caruna/index.js";
import { atTheEnd, clientOf, errorOf } from "../support/caruna.js";

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
