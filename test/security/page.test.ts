import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { until } from "../support/caruna.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { bearer, serve } from "../web/serving.js";

const TOKEN = "c0ffee-c0ffee-c0ffee";
/** What somebody might have Caruna+ tell of a metering point. */
const HOSTILE = `<img src=x onerror=alert(1)></script><script>alert("1")</script>'";\\\n# HELP x\nevil{a="b"} 1`;
/** An id that is a formula, a statement, a header and a path at once. */
const HOSTILE_ID = `=cmd|'/c calc'!A1";DROP TABLE public.metering_point;--\\../x`;

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createDatabase();
  database = new Database(testDatabase.settings, silentLogger);
  await database.start();
  await testDatabase.query(
    `INSERT INTO public.metering_point (id, customer, address, product, gsrn, first_seen, last_seen)
     VALUES ($1, '1', $2, $2, $2, now(), now())`,
    [HOSTILE_ID, HOSTILE],
  );
  await testDatabase.query(
    `INSERT INTO public.metering_point_hourly (metering_point, datetime, kwh_total, tariff)
     VALUES ($1, '2026-01-01T00:00Z', -1, '=1+1')`,
    [HOSTILE_ID],
  );
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

/** What a server answers to these bytes until it closes the connection. */
async function heardFrom(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    answer += chunk.toString();
  });
  socket.once("connect", () => socket.write(text));
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return answer;
}

describe("another site's page", () => {
  const FOREIGN: [string, Record<string, string>][] = [
    ["a script", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script" }],
    ["an image", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" }],
    ["a frame", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" }],
    ["a fetch", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", Origin: "https://evil.example" }],
    ["another port of this machine", { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors" }],
    ["a fetch of an older browser", { Origin: "https://evil.example" }],
    ["a fetch out of a file or a sandbox", { Origin: "null" }],
    ["a fetch from another port, by an older browser", { Origin: "http://127.0.0.1:1" }],
  ];

  test.each(FOREIGN)("gets no answer to %s, with the token or without one", async (_, headers) => {
    const open = await serve(database);
    const guarded = await serve(database, { token: TOKEN });
    for (const path of ["/", "/api/overview", "/download.csv?point=A", "/metrics"]) {
      const answer = await open.ask(path, { headers });
      expect(answer).toMatchObject({ status: 403, headers: { "cross-origin-resource-policy": "same-origin" } });
      expect((await guarded.ask(path, { headers: { ...headers, ...bearer(TOKEN) } })).status).toBe(403);
    }
  });

  test("cannot ask beforehand whether it may (CORS)", async () => {
    const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "GET" };
    const answer = await (await serve(database)).ask("/api/overview", { method: "OPTIONS", headers });
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("the page itself, a link to it, a bookmark and a program are answered", async () => {
    const serving = await serve(database);
    const own: Record<string, string>[] = [
      { "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", Origin: "http://proxied.example" },
      { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
      { "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
      { Origin: `http://127.0.0.1:${serving.port}` },
      {},
    ];
    for (const headers of own) expect((await serving.ask("/", { headers })).status, JSON.stringify(headers)).toBe(200);
  });
});

describe("what Caruna+ says of a metering point", () => {
  test("is data in JSON, and no page of any browser", async () => {
    const serving = await serve(database);
    const { body, headers } = await serving.ask("/api/overview");
    expect(headers["content-type"]).toBe("application/json");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    const [point] = JSON.parse(body).points;
    expect(point).toMatchObject({ id: HOSTILE_ID, address: HOSTILE, product: HOSTILE, gsrn: HOSTILE });
  });

  test("is in no HTML that the server writes", async () => {
    const serving = await serve(database, { token: TOKEN });
    for (const path of ["/", "/?token=%3Cscript%3Ealert(1)%3C/script%3E", "/%3Cscript%3E", "/?by=%22%3E%3Cscript%3E"]) {
      for (const headers of [{}, bearer(TOKEN)]) {
        const { body } = await serving.ask(path, { headers });
        expect(body, path).not.toMatch(/alert\(|onerror|<script>/);
      }
    }
  });

  test("makes no line of its own in the metrics", async () => {
    const { body } = await (await serve(database)).ask("/metrics");
    const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of lines) expect(line).toMatch(/^caruna_\w+(\{.*\})? \S+$|^(process|nodejs)_\w+(\{.*\})? \S+$/);
    expect(lines.some((line) => line.includes("=cmd|'/c calc'!A1\\\";DROP"))).toBe(true);
    expect(body).not.toContain("\nevil");
  });

  test("is no formula in a download, and neither its name nor a header of its own", async () => {
    const serving = await serve(database);
    const { status, headers, body } = await serving.ask(`/download.csv?point=${encodeURIComponent(HOSTILE_ID)}`);
    expect(status).toBe(200);
    expect(headers["content-disposition"]).toMatch(/^attachment; filename="[\w-]+\.csv"$/);
    expect(headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(body).toContain(",'=1+1,");
    expect(body).toContain(",-1,");
  });

  test("runs no statement", async () => {
    const serving = await serve(database);
    const point = encodeURIComponent(HOSTILE_ID);
    expect((await serving.ask(`/api/series?by=day&point=${point}`)).status).toBe(200);
    expect((await serving.ask(`/api/completeness?year=2026&point=${point}`)).status).toBe(200);
    expect(await testDatabase.query("SELECT count(*)::int AS rows FROM public.metering_point")).toEqual([{ rows: 1 }]);
  });
});

describe("somebody who wants to keep everybody else out", () => {
  beforeAll(async () => {
    // Some days of hours, and as many as no buffer on the way takes in.
    for (const [id, hours] of [
      ["days", 240],
      ["decades", 400_000],
    ] as const) {
      await testDatabase.query(
        `INSERT INTO public.metering_point_hourly (metering_point, datetime, kwh_total, tariff)
         SELECT $1, timestamptz '1980-01-01T00:00Z' + n * interval '1 hour', 1, 'day' FROM generate_series(1, $2::int) AS n`,
        [id, hours],
      );
      await testDatabase.query(
        `INSERT INTO public.metering_point (id, customer, address, first_seen, last_seen) VALUES ($1, '1', '', now(), now())`,
        [id],
      );
    }
  });

  test("with a thousand connections: most are closed at once, the others in time, and the next one is answered", async () => {
    const serving = await serve(database, {
      limits: { headersTimeoutMs: 600, requestTimeoutMs: 800, checkIntervalMs: 20 },
    });
    const attempts = Array.from({ length: 1_000 }, () => heardFrom(serving.port, "GET / HTTP/1.1\r\n"));
    const heard = await Promise.all(attempts);
    const closedAtOnce = heard.filter((answer) => answer === "");
    const letIn = heard.filter((answer) => answer.startsWith("HTTP/1.1 408 "));
    expect(closedAtOnce.length).toBeGreaterThan(0);
    expect(letIn.length).toBeGreaterThan(0);
    expect(closedAtOnce.length + letIn.length).toBe(1_000);
    expect((await serving.ask("/healthz")).status).toBe(200);
    expect(serving.log.entries.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  test("with a request whose body never ends: it is cut off", async () => {
    const serving = await serve(database, {
      limits: { headersTimeoutMs: 40, requestTimeoutMs: 60, checkIntervalMs: 10 },
    });
    const socket = connect(serving.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const drip = setInterval(() => socket.write("x"), 5);
    await closed;
    clearInterval(drip);
    expect((await serving.ask("/healthz")).status).toBe(200);
  });

  test("with a thousand connections on which nothing is said: they are closed, and the next one is answered", async () => {
    const serving = await serve(database, {
      limits: { headersTimeoutMs: 600, requestTimeoutMs: 800, checkIntervalMs: 20 },
    });
    const heard = await Promise.all(Array.from({ length: 1_000 }, () => heardFrom(serving.port, "")));
    for (const answer of new Set(heard)) expect(answer).toMatch(/^$|^HTTP\/1\.1 408 /);
    expect((await serving.ask("/healthz")).status).toBe(200);
  });

  test("with a thousand whole requests for hours: the program's own work goes on meanwhile", async () => {
    const serving = await serve(database);
    const request = `GET /download.csv?point=days HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\nConnection: close\r\n\r\n`;
    let left = 1_000;
    const attempts = Array.from({ length: left }, async () => {
      const answer = await heardFrom(serving.port, request);
      left -= 1;
      return answer;
    });
    // What the engine asks of the database waits for no page.
    await until(() => left < 1_000);
    await database.sync.remembered("anything");
    const leftWhenServed = left;
    const answers = await Promise.all(attempts);
    expect(leftWhenServed).toBeGreaterThan(0);
    const whole = answers.filter((answer) => answer.startsWith("HTTP/1.1 200 "));
    expect(whole.length).toBeGreaterThan(0);
    // Chunked: the last one is empty.
    for (const answer of whole) expect(answer.endsWith("\r\n0\r\n\r\n")).toBe(true);
    expect(answers.filter((answer) => answer === "").length + whole.length).toBe(1_000);
    expect((await serving.ask("/healthz")).status).toBe(200);
  });

  test("with a download that nobody reads: it is cut off, and makes room", async () => {
    const serving = await serve(database, { limits: { connections: 1, silenceMs: 200 } });
    const socket = connect(serving.port, "127.0.0.1").pause();
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`GET /download.csv?point=decades HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\n\r\n`);
    const answered = () =>
      serving.ask("/healthz").then(
        ({ status }) => status,
        () => "no room",
      );
    // Until then there is none.
    await expect.poll(answered, { timeout: 30_000 }).toBe(200);
    socket.destroy();
  });

  test("with requests smuggled into one another: they are refused", async () => {
    const serving = await serve(database, { token: TOKEN });
    for (const head of [
      "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
      "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
    ]) {
      expect(await heardFrom(serving.port, head)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});

describe("the token", () => {
  // Node.js' own comparison of digests of one length: what is left of the time tells of the length of what was shown alone.
  test("of any length and content is refused alike, by the whole of its digest", async () => {
    const serving = await serve(database, { token: TOKEN });
    const guesses = [
      "",
      "c",
      TOKEN.slice(0, -1),
      `${TOKEN}x`,
      ` ${TOKEN}`,
      TOKEN.toUpperCase(),
      "x".repeat(4_000),
      "é".repeat(9),
    ];
    for (const guess of guesses) {
      const answer = await serving.ask(`/?token=${encodeURIComponent(guess)}`);
      expect([answer.status, answer.body.length], guess).toEqual([401, (await serving.ask("/?token=no")).body.length]);
    }
  });

  test("is not taken twice, from a cookie of the same name or a list of tokens", async () => {
    const serving = await serve(database, { token: TOKEN });
    expect((await serving.ask(`/?token=no&token=${TOKEN}`)).status).toBe(401);
    expect((await serving.ask("/", { headers: { Authorization: `Bearer no, Bearer ${TOKEN}` } })).status).toBe(401);
    expect((await serving.ask("/", { headers: { Cookie: "caruna_integration=" } })).status).toBe(401);
  });
});
