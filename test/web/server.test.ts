import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { PageData, WebServer, WebServerFailed } from "../../src/web/index.js";
import { errorOf } from "../support/caruna.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { bearer, serve } from "./serving.js";

const TOKEN = "c0ffee-c0ffee-c0ffee";

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createDatabase();
  database = new Database(testDatabase.settings, silentLogger);
  await database.start();
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

/** A connection that sends what it is given and nothing else. */
async function rawConnection(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  if (text !== "") socket.write(text);
  return socket;
}

/** When it is closed, by whomever and with or without an error. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("what every answer carries", () => {
  test.each(["/", "/healthz", "/readyz", "/api/overview", "/api/series", "/assets/uPlot.js", "/metrics", "/nothing"])(
    "%s forbids everything that the page does not need",
    async (path) => {
      const { headers } = await (await serve(database)).ask(path);
      expect(headers).toMatchObject({
        "content-security-policy":
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
      });
      expect(headers["strict-transport-security"]).toBeUndefined();
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(headers["x-powered-by"]).toBeUndefined();
    },
  );

  test("it is so for a refusal too", async () => {
    const serving = await serve(database, { token: TOKEN });
    for (const answer of [await serving.ask("/"), await serving.ask("/", { method: "POST" })]) {
      expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
    }
  });

  test("data is kept by no cache, files of the page are asked for anew by their ETag", async () => {
    const serving = await serve(database);
    expect((await serving.ask("/api/overview")).headers["cache-control"]).toBe("no-store");
    expect((await serving.ask("/")).headers["cache-control"]).toBe("no-store");
    const file = await serving.ask("/assets/uPlot.js");
    expect(file.headers["cache-control"]).toBe("no-cache");
    const again = await serving.ask("/assets/uPlot.js", { headers: { "If-None-Match": String(file.headers.etag) } });
    expect(again).toMatchObject({ status: 304, body: "" });
    expect(again.headers["content-security-policy"]).toContain("default-src 'none'");
  });
});

describe("the page", () => {
  test("is in the browser's language", async () => {
    const serving = await serve(database);
    const lang = async (accepted: string) =>
      /<html lang="(\w+)"/.exec((await serving.ask("/", { headers: { "Accept-Language": accepted } })).body)?.[1];
    expect(await lang("fi-FI,fi;q=0.9,en;q=0.8")).toBe("fi");
    expect(await lang("de, sv;q=0.5")).toBe("sv");
    expect(await lang("de")).toBe("en");
  });

  test("is in the language that was asked for once, which a cookie keeps", async () => {
    const serving = await serve(database);
    const chosen = await serving.ask("/?lang=sv", { headers: { "Accept-Language": "fi" } });
    expect([chosen.status, chosen.headers.location]).toEqual([303, "./"]);
    const [cookie = ""] = chosen.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/^caruna_integration_language=sv; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
    const lang = async (cookie: string) =>
      /<html lang="(\w+)"/.exec((await serving.ask("/", { headers: { "Accept-Language": "fi", cookie } })).body)?.[1];
    expect(await lang(cookie.split(";")[0] ?? "")).toBe("sv");
    expect(await lang("caruna_integration_language=xx")).toBe("fi");
    const unknown = await serving.ask("/?lang=%3Cscript%3E", { headers: { "Accept-Language": "fi" } });
    expect(unknown.status).toBe(200);
    expect(unknown.headers["set-cookie"]).toBeUndefined();
    expect(unknown.headers.vary).toContain("Cookie");
  });

  test("names nothing but files that are served, each of its type", async () => {
    const serving = await serve(database);
    const { body, headers } = await serving.ask("/");
    expect(headers["content-type"]).toBe("text/html; charset=UTF-8");
    expect(body).not.toMatch(/https?:/);
    const named = [...body.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map(([, path = ""]) => `/${path}`);
    expect(named.length).toBeGreaterThan(2);
    const modules = [...named];
    for (const path of modules) {
      const file = await serving.ask(path);
      expect(file.status, path).toBe(200);
      expect(file.headers["content-type"], path).toMatch(
        path.endsWith(".js") ? /^text\/javascript; charset=utf-8$/ : /^text\/(css|csv)/,
      );
      const imported = [...file.body.matchAll(/^(?:import|export)[^;]*? from "\.\/([^"]+)"/gm)];
      for (const [, name] of imported) if (!modules.includes(`/assets/${name}`)) modules.push(`/assets/${name}`);
    }
    expect(modules).toContain("/assets/uPlot.js");
  });
});

describe("who asks in a way that is not foreseen", () => {
  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])("%s is refused", async (method) => {
    const answer = await (await serve(database)).ask("/api/overview", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET, HEAD");
  });

  test("HEAD is answered without a body", async () => {
    expect(await (await serve(database)).ask("/", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  test.each([
    "/assets/../package.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/..%2f..%2fpackage.json",
    "/assets/..%5c..%5cpackage.json",
    "/assets/%00page.css",
    "//etc/passwd",
    "/../../../../etc/passwd",
    "/assets/uPlot.esm.js",
    "/assets/words.d.ts",
    "/assets/",
  ])("%s leads to no file", async (path) => {
    const { status, body } = await (await serve(database)).ask(path);
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) });
  });

  test.each([
    ["/api/series?by=day", "point: is missing"],
    ["/api/series?point=&by=day", "point: is empty"],
    [`/api/series?point=${"x".repeat(200)}&by=day`, "point: is too long"],
    ["/api/series?point=A", "by: is none of hour, day, month, year"],
    ["/api/series?point=A&by=week", "by: is none of hour, day, month, year"],
    ["/api/series?point=A&by=day&from=2026-02-30", "from: is no day of the calendar"],
    ["/api/series?point=A&by=day&from=0000-01-01", "from: is no day of the calendar"],
    ["/api/series?point=A&by=day&to=yesterday", "to: is no day of the calendar"],
    ["/api/series?point=A&by=day&from=2026-02-02&to=2026-02-01", "from: is after to"],
    ["/api/series?point=A&by=hour", "by: is hour"],
    ["/api/series?point=A&by=hour&from=2025-01-01&to=2026-02-05", "by: is hour"],
    ["/api/completeness?point=A", "year: is missing"],
    ["/api/completeness?point=A&year=26", "year: is no year"],
    ["/download.csv?point=A&locale=de", "locale: is none of en, fi, sv"],
  ])("%s is told what is wrong", async (path, problem) => {
    const { status, body } = await (await serve(database)).ask(path);
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toContain(problem);
  });

  test.each([
    "/api/series?by=day&point=A'%20OR%20true--",
    "/api/completeness?year=2026&point=B",
    "/download.csv?point=C",
  ])("%s names no metering point that is known", async (path) => {
    expect((await (await serve(database)).ask(path)).status).toBe(404);
  });

  test("a site that has its own name lead here reads nothing (DNS rebinding)", async () => {
    const serving = await serve(database);
    for (const host of [
      "evil.example",
      "evil.example:8480",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "10.0.0.1",
    ])
      expect((await serving.ask("/api/overview", { headers: { Host: host } })).status, host).toBe(421);
    for (const host of ["localhost", "localhost:9000", "127.0.0.1", "127.1.2.3:80", "[::1]:8480"])
      expect((await serving.ask("/api/overview", { headers: { Host: host } })).status, host).toBe(200);
  });
});

describe("the token", () => {
  test("without it nothing is told but that the program lives", async () => {
    const serving = await serve(database, { token: TOKEN });
    for (const path of ["/", "/api/overview", "/assets/uPlot.js", "/metrics", "/download.csv?point=A", "/nothing"])
      expect((await serving.ask(path)).status, path).toBe(401);
    expect(await serving.ask("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    expect((await serving.ask("/readyz")).status).toBe(200);
  });

  test("a browser shows it once, and is let in by a cookie that does not tell it", async () => {
    const serving = await serve(database, { token: TOKEN });
    const shown = await serving.ask(`/?token=${TOKEN}&by=day`);
    expect(shown).toMatchObject({ status: 303, headers: { location: "./?by=day" } });
    const [cookie = ""] = shown.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const Cookie = cookie.split(";")[0] ?? "";
    expect((await serving.ask("/", { headers: { Cookie } })).status).toBe(200);
    expect((await serving.ask("/api/overview", { headers: { Cookie: `other=1; ${Cookie}` } })).status).toBe(200);
    const restarted = await serve(database, { token: TOKEN });
    expect((await restarted.ask("/", { headers: { Cookie } })).status).toBe(200);
    const changed = await serve(database, { token: `${TOKEN}2` });
    expect((await changed.ask("/", { headers: { Cookie } })).status).toBe(401);
  });

  test("the way back after it leads to this server, whatever the address was", async () => {
    const serving = await serve(database, { token: TOKEN });
    const { headers } = await serving.ask(`//evil.example/?token=${TOKEN}`);
    expect(headers.location).toBe("./");
  });

  test("a program shows it with each request", async () => {
    const serving = await serve(database, { token: TOKEN });
    expect((await serving.ask("/metrics", { headers: bearer(TOKEN) })).status).toBe(200);
    expect((await serving.ask("/metrics", { headers: { Authorization: `bearer ${TOKEN}` } })).status).toBe(200);
  });

  test("anything else is refused, and nothing of it is repeated or logged", async () => {
    const serving = await serve(database, { token: TOKEN });
    const wrong = "wrong-wrong-wrong-wrong";
    const answers = [
      await serving.ask(`/?token=${wrong}`),
      await serving.ask("/?token="),
      await serving.ask(`/?token=${TOKEN.slice(0, -1)}`),
      await serving.ask("/", { headers: bearer(wrong) }),
      await serving.ask("/", { headers: { Authorization: `Basic ${TOKEN}` } }),
      await serving.ask("/", { headers: { Cookie: `caruna_integration=${TOKEN}` } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.body).not.toContain(wrong);
      expect(answer.body).not.toContain(TOKEN);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
    expect(JSON.stringify(serving.log.entries)).not.toMatch(/wrong-wrong|c0ffee/);
  });

  test("behind it any name of the machine will do, since a cookie is never sent under another", async () => {
    const serving = await serve(database, { token: TOKEN });
    const answer = await serving.ask("/", { headers: { ...bearer(TOKEN), Host: "nas.local:8480" } });
    expect(answer.status).toBe(200);
  });
});

describe("whoever takes more than a client needs", () => {
  const limits = { headersTimeoutMs: 40, requestTimeoutMs: 600_000, checkIntervalMs: 10 };

  test("a head that trickles in is cut off", async () => {
    const serving = await serve(database, { limits });
    const socket = await rawConnection(serving.port, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ");
    const drip = setInterval(() => socket.write("x"), 20);
    socket.resume();
    await closing(socket);
    clearInterval(drip);
  });

  test("no more connections than so many are open at one time", async () => {
    const serving = await serve(database, { limits: { connections: 4 } });
    const open = await Promise.all(Array.from({ length: 4 }, () => rawConnection(serving.port, "")));
    for (const socket of open) socket.resume();
    const oneMore = await rawConnection(serving.port, "");
    oneMore.resume();
    await closing(oneMore);
    expect(open.map(({ destroyed }) => destroyed)).toEqual(Array(4).fill(false));
    for (const socket of open) socket.destroy();
  });

  test("a head of any size is not read", async () => {
    const serving = await serve(database);
    const { status } = await serving.ask("/", { headers: { "X-Long": "x".repeat(20_000) } });
    expect(status).toBe(431);
  });

  test("what is no HTTP is refused, and the next one is answered", async () => {
    const serving = await serve(database);
    const socket = await rawConnection(serving.port, "\u0016\u0003\u0001 hello\r\n\r\n");
    socket.resume();
    await closing(socket);
    expect((await serving.ask("/healthz")).status).toBe(200);
  });
});

describe("its end", () => {
  test("comes although connections are open, and nobody is let in afterwards", async () => {
    const serving = await serve(database);
    const silent = await rawConnection(serving.port, "");
    const half = await rawConnection(serving.port, "GET / HTTP/1.1\r\n");
    const closed = Promise.all([closing(silent), closing(half)]);
    await serving.server.stop();
    await closed;
    await expect(serving.ask("/healthz")).rejects.toThrow(/ECONNREFUSED/);
    await serving.server.stop();
  });

  test("comes although the database lets an answer wait", async () => {
    const serving = await serve(database);
    const lock = new pg.Client({ ...testDatabase.settings, ssl: false });
    await lock.connect();
    await lock.query("BEGIN; LOCK TABLE public.metering_point IN ACCESS EXCLUSIVE MODE");
    const answered = serving.ask("/api/overview").catch((error: Error) => error.message);
    while ((await lock.query("SELECT FROM pg_locks WHERE NOT granted")).rowCount === 0) await nextTurn();
    await serving.server.stop();
    await answered;
    await lock.query("ROLLBACK");
    await lock.end();
  });
});

describe("an address that cannot be had", () => {
  test("a port that is taken is told with the setting to change", async () => {
    const first = await serve(database);
    const { metrics } = first;
    const told = { cycles: () => first.cycles, now: Date.now };
    const guard = database.loginGuard(["", "", ""], Date.now);
    const data = new PageData({ database, guard, version: "1.2.3", ...told });
    const second = new WebServer({
      ...{ host: "127.0.0.1", port: first.port, token: undefined, data, metrics, logger: silentLogger, ...told },
    });
    const error = await errorOf(second.start());
    expect(error).toBeInstanceOf(WebServerFailed);
    expect(error.message).toContain(`port ${first.port} of 127.0.0.1 is taken`);
    expect(error.message).toContain("HTTP_PORT");
    await second.stop();
  });

  test("so is an address that is not this machine's", async () => {
    const error = await errorOf(serve(database, { host: "192.0.2.1", token: TOKEN }));
    expect(error.message).toContain("HTTP_HOST");
  });
});
