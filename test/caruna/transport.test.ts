import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, keepAliveTransport, parseRetryAfter } from "../../src/caruna/http/transport.js";
import { AnswerNotUnderstood, CarunaUnreachable, RateLimited } from "../../src/caruna/index.js";
import {
  clientFor,
  clientOf,
  errorOf,
  portalOf,
  rawServer,
  sendHtml,
  sendJson,
  sendRedirect,
  simulatorFor,
  until,
} from "../support/caruna.js";

const CUSTOMER = "50123456";
const CONTRACTS = `/api/customers/${CUSTOMER}/contracts`;
const NO_CONTRACTS = { contracts: [] };
type Handler = Parameters<typeof rawServer>[0];

/** A portal that logs in at once and answers the call for contracts as the test says. */
async function portalWithContracts(answer: Handler) {
  return await portalOf({ "/first": (_, response) => sendRedirect(response, "/done"), [CONTRACTS]: answer });
}

/** Answers in turn; the last one again and again. */
function inTurn(...answers: Handler[]): Handler {
  let count = 0;
  return (request, response) => {
    const answer = answers[Math.min(count, answers.length - 1)];
    count += 1;
    return answer?.(request, response);
  };
}

const good: Handler = (_, response) => sendJson(response, NO_CONTRACTS);
const cut: Handler = (_, response) => {
  response.destroy();
};
const cutInTheBody: Handler = (_, response) => {
  response.writeHead(200, { "Content-Length": "1000" });
  response.write("{", () => response.destroy());
};
const withStatus =
  (status: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    sendHtml(response, "{}", status, headers);

describe("a call that fails for a while", () => {
  it.each<[string, Handler]>([
    ["500", withStatus(500)],
    ["502", withStatus(502)],
    ["503", withStatus(503)],
    ["a cut connection", cut],
    ["a connection cut in the body", cutInTheBody],
  ])("is tried again after growing waits: %s", async (_, trouble) => {
    const portal = await portalWithContracts(inTurn(trouble, trouble, good));
    const { client, waits, log } = clientOf(portal.url);
    expect(await client.contracts({ customer: CUSTOMER })).toEqual([]);
    expect(waits).toHaveLength(2);
    const [first = 0, second = 0] = waits;
    expect([first >= 500 && first <= 1000, second >= 1000 && second <= 2000]).toEqual([true, true]);
    expect(log.entries.filter(({ message }) => message === "trying again")).toHaveLength(2);
  });

  it.each<[string, Handler, string]>([
    ["503", withStatus(503), "HTTP 503"],
    ["a cut connection", cut, "cut"],
  ])("ends when the tries are used up: %s", async (_, trouble, word) => {
    const portal = await portalWithContracts(trouble);
    const { client, waits } = clientOf(portal.url, portal.url, { retries: 2 });
    const error = await errorOf(client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toContain(word);
    expect(waits).toHaveLength(2);
    expect(portal.received.filter(({ address }) => address === CONTRACTS)).toHaveLength(3);
  });

  it("says that nobody listens", async () => {
    const error = await errorOf(clientOf("http://127.0.0.1:1").client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toContain("nobody listens there");
  });

  it.each([400, 404, 410])("is not tried again after %i", async (status) => {
    const portal = await portalWithContracts((_, response) => sendJson(response, { msg: "Nope 12345" }, status));
    const { client, waits } = clientOf(portal.url);
    const error = await errorOf(client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(AnswerNotUnderstood);
    expect(error).toMatchObject({ call: "GET /api/customers/…/contracts" });
    expect(error.message).toContain(`HTTP ${status} "Nope …"`);
    expect(waits).toEqual([]);
  });
});

describe("a call answered by 429", () => {
  it("waits as many seconds as told", async () => {
    const portal = await portalWithContracts(inTurn(withStatus(429, { "Retry-After": "17" }), good));
    const { client, waits } = clientOf(portal.url);
    await client.contracts({ customer: CUSTOMER });
    expect(waits).toEqual([17_000]);
  });

  it("waits until the date told", async () => {
    const start = Date.parse("2026-08-01T12:00:00Z");
    const header = { "Retry-After": "Sat, 01 Aug 2026 12:00:25 GMT" };
    const portal = await portalWithContracts(inTurn(withStatus(503, header), good));
    const { client, waits } = clientOf(portal.url, portal.url, { now: () => start });
    await client.contracts({ customer: CUSTOMER });
    expect(waits).toEqual([25_000]);
  });

  it.each(["0", "-5", "soon", "", "Sat, 01 Aug 1970 12:00:25 GMT"])(
    "backs off as ever where told %j",
    async (value) => {
      const portal = await portalWithContracts(inTurn(withStatus(429, { "Retry-After": value }), good));
      const { client, waits } = clientOf(portal.url);
      await client.contracts({ customer: CUSTOMER });
      expect(waits.map((wait) => wait >= 500 && wait <= 1000)).toEqual([true]);
    },
  );

  it.each([
    ["3600", 3600],
    ["99999999999999999999", Number.MAX_SAFE_INTEGER],
    ["9".repeat(400), Number.MAX_SAFE_INTEGER],
    ["Fri, 01 Aug 9999 12:00:00 GMT", expect.any(Number)],
  ])("ends rather than wait for %s", async (value, retryAfterSeconds) => {
    const portal = await portalWithContracts(withStatus(429, { "Retry-After": value }));
    const { client } = clientOf(portal.url);
    const error = await errorOf(client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(RateLimited);
    expect(error).toMatchObject({ retryAfterSeconds });
    expect(error.message).not.toContain("Infinity");
  });

  it.each([
    [429, RateLimited, /to come back in 2 hours /],
    [503, CarunaUnreachable, /asked not to be asked again so soon/],
  ] as const)(
    "of two hours (%i) is left alone for so long, but for a person who asks for a login",
    async (status, kind, words) => {
      const portal = await portalWithContracts(inTurn(withStatus(status, { "Retry-After": "7200" }), good));
      let now = Date.parse("2026-08-01T12:00:00Z");
      const { client } = clientOf(portal.url, portal.url, { now: () => now });
      expect(await errorOf(client.contracts({ customer: CUSTOMER }))).toBeInstanceOf(kind);
      const asked = portal.received.length;
      const refused = await errorOf(client.contracts({ customer: CUSTOMER }));
      expect(refused).toBeInstanceOf(kind);
      expect(refused.message).toMatch(words);
      expect(portal.received.length).toBe(asked);
      await client.logIn();
      expect(portal.received.length).toBeGreaterThan(asked);
      now += 2 * 3_600_000;
      expect(await client.contracts({ customer: CUSTOMER })).toEqual([]);
    },
  );

  it("is asked again where the clock was set back before the moment at which it asked for rest", async () => {
    const portal = await portalWithContracts(inTurn(withStatus(429, { "Retry-After": "7200" }), good));
    let now = Date.parse("2026-08-01T12:00:00Z");
    const { client } = clientOf(portal.url, portal.url, { now: () => now });
    expect(await errorOf(client.contracts({ customer: CUSTOMER }))).toBeInstanceOf(RateLimited);
    now -= 24 * 3_600_000;
    expect(await client.contracts({ customer: CUSTOMER })).toEqual([]);
  });

  it.each([
    ["100", "100 s"],
    ["600", "10 minutes"],
    ["10000", "3 hours"],
    ["200000", "3 days"],
    ["9".repeat(20), "more than a year"],
  ])("is told in words for how long: %s", async (value, words) => {
    const portal = await portalWithContracts(withStatus(429, { "Retry-After": value }));
    const error = await errorOf(clientOf(portal.url).client.contracts({ customer: CUSTOMER }));
    expect(error.message).toContain(`to come back in ${words} (`);
  });

  it("reads what RFC 9110 allows", () => {
    const now = Date.parse("2026-08-01T12:00:00Z");
    const read = (value: string | undefined) => parseRetryAfter(value, now);
    expect([undefined, "120", " 7 ", "x", "Sat, 01 Aug 2026 11:00:00 GMT"].map(read)).toEqual([
      undefined,
      120,
      7,
      undefined,
      0,
    ]);
  });
});

describe("an answer that takes too long or is too large", () => {
  const limits = { requestTimeoutMs: 300, maxBodyBytes: 10_000 };

  it.each<[string, Handler]>([
    ["nothing", () => {}],
    [
      "a byte at a time",
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("ends the request: %s", async (_, trouble) => {
    const portal = await portalWithContracts(trouble);
    const { client } = clientOf(portal.url, portal.url, { limits, retries: 0 });
    const error = await errorOf(client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toContain("did not answer within 0.3 s");
  });

  it.each<[string, Handler]>([
    ["as it is", (_, response) => sendHtml(response, " ".repeat(20_000))],
    [
      "without a length",
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" ".repeat(4000)), 1);
        response.on("close", () => clearInterval(timer));
      },
    ],
    [
      "compressed",
      (_, response) => {
        const bomb = gzipSync(Buffer.alloc(50_000_000, " "));
        response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": String(bomb.length) }).end(bomb);
      },
    ],
  ])("is not read to its end: %s", async (_, answer) => {
    const portal = await portalWithContracts(answer);
    const { client, waits } = clientOf(portal.url, portal.url, { limits: { maxBodyBytes: 10_000 } });
    const error = await errorOf(client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(AnswerNotUnderstood);
    expect(error.message).toContain("larger than we are willing to read");
    expect(waits).toEqual([]);
  });

  it("reads a compressed answer", async () => {
    const portal = await portalWithContracts((_, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(JSON.stringify(NO_CONTRACTS)));
    });
    expect(await clientOf(portal.url).client.contracts({ customer: CUSTOMER })).toEqual([]);
  });

  it("holds during the login too", async () => {
    const portal = await portalOf({ "/first": () => {} });
    const { client, waits } = clientOf(portal.url, portal.url, { limits, retries: 1 });
    expect(await errorOf(client.customerNumbers())).toBeInstanceOf(CarunaUnreachable);
    expect(waits).toHaveLength(1);
  });
});

describe("the headers of an answer", () => {
  const withHeaders = (kilobytes: number) => ({
    /** Several headers, as cookies and policies are. */
    "X-Filler": Array.from({ length: kilobytes }, () => "x".repeat(1000)),
  });
  /** The same headers for the login (which keeps cookies) or for the API. */
  const portalWith = (where: "login" | "API", kilobytes: number) =>
    portalOf({
      "/first": (_, response) => {
        if (where === "login") response.setHeaders(new Map(Object.entries(withHeaders(kilobytes))));
        sendRedirect(response, "/done");
      },
      [CONTRACTS]: (_, response) => {
        if (where === "API") response.setHeaders(new Map(Object.entries(withHeaders(kilobytes))));
        sendJson(response, NO_CONTRACTS);
      },
    });

  it.each(["login", "API"] as const)("may be 60 KB long: %s", async (where) => {
    const portal = await portalWith(where, 60);
    expect(await clientOf(portal.url).client.contracts({ customer: CUSTOMER })).toEqual([]);
  });

  it.each(["login", "API"] as const)("have words of their own where they are longer than 64 KB: %s", async (where) => {
    const portal = await portalWith(where, 80);
    const error = await errorOf(clientOf(portal.url).client.contracts({ customer: CUSTOMER }));
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toContain("the headers of its answer are larger than 64 KB");
  });
});

describe("a caller that goes", () => {
  it("ends the request in flight, with the signal's reason", async () => {
    let isClosed = false;
    const portal = await portalWithContracts((_, response) => {
      response.on("close", () => {
        isClosed = true;
      });
    });
    const going = new AbortController();
    const { client } = clientOf(portal.url, portal.url, { retries: 0 });
    const call = errorOf(client.contracts({ customer: CUSTOMER, signal: going.signal }));
    await until(() => portal.received.some(({ address }) => address === CONTRACTS));
    going.abort(new Error("no longer wanted"));
    expect((await call).message).toBe("no longer wanted");
    await until(() => isClosed);
  });

  it("ends a wait, with the signal's reason", async () => {
    const portal = await portalWithContracts(withStatus(503));
    const going = new AbortController();
    const sleep = async () => {
      going.abort(new Error("no longer wanted"));
      // As the waits of Node.js end: with an error of their own, not with the signal's reason.
      throw new DOMException("The operation was aborted", "AbortError");
    };
    const { client } = clientOf(portal.url, portal.url, { sleep });
    expect((await errorOf(client.contracts({ customer: CUSTOMER, signal: going.signal }))).message).toBe(
      "no longer wanted",
    );
  });
});

describe("connections", () => {
  it("one serves many calls, and carries no cookie", async () => {
    const portal = await portalWithContracts((_, response) => {
      response.setHeader("Set-Cookie", "carunaCookie=1");
      sendJson(response, NO_CONTRACTS);
    });
    const { client } = clientOf(portal.url);
    for (let call = 0; call < 5; call += 1) await client.contracts({ customer: CUSTOMER });
    const calls = portal.received.filter(({ address }) => address === CONTRACTS);
    expect(new Set(calls.map(({ remotePort }) => remotePort)).size).toBe(1);
    expect(calls.map(({ headers }) => headers.cookie)).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(calls[0]?.headers.authorization).toBe("Bearer eyToken");
  });

  it.each<[string, (socket: Socket) => void]>([
    ["reset", (socket) => socket.resetAndDestroy()],
    ["ended", (socket) => socket.end()],
  ])("that are %s between requests are replaced by new ones, noticed or not", async (_, finish) => {
    const sockets = new Set<Socket>();
    const portal = await portalWithContracts((_request, response) => {
      if (response.socket !== null) sockets.add(response.socket);
      sendJson(response, NO_CONTRACTS);
    });
    const { client, log } = clientOf(portal.url, portal.url, { requestsAtOnce: 8 });
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => client.contracts({ customer: CUSTOMER })));
      for (const socket of sockets) finish(socket);
      sockets.clear();
      // In every other round it is known by the next request that they are gone.
      for (let turn = 0; round % 2 === 0 && turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.entries.filter(({ level }) => level === "error")).toEqual([]);
    expect(portal.received.filter(({ address }) => address === "/first")).toHaveLength(1);
  });

  it("that nobody uses are closed", async () => {
    let closed = 0;
    const { url } = await rawServer((_, response) => {
      response.socket?.on("close", () => {
        closed += 1;
      });
      sendJson(response, {});
    });
    const { send, close } = keepAliveTransport(DEFAULT_LIMITS, undefined, 20);
    for (let call = 1; call <= 2; call += 1) {
      await send({ method: "GET", url: new URL(url) }, new AbortController().signal);
      await until(() => closed === call);
    }
    close();
  });

  it("the client works on after close, with new ones", async () => {
    const portal = await portalWithContracts(good);
    const { client } = clientOf(portal.url);
    await client.contracts({ customer: CUSTOMER });
    client.close();
    await client.contracts({ customer: CUSTOMER });
    const calls = portal.received.filter(({ address }) => address === CONTRACTS);
    expect(new Set(calls.map(({ remotePort }) => remotePort)).size).toBe(2);
  });

  it("of the library go to Caruna+ itself, not to a proxy that the environment names", async () => {
    const proxy = await rawServer((_, response) => sendHtml(response, "proxied"));
    const before = process.env.http_proxy;
    process.env.http_proxy = proxy.url;
    try {
      const simulator = await simulatorFor();
      await clientFor(simulator).client.customerNumbers();
    } finally {
      if (before === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = before;
    }
    expect(proxy.received).toEqual([]);
  });
});
