import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CarunaClientOptions,
  CredentialsRejected,
  fileSessionStore,
  memorySessionStore,
  RateLimited,
} from "../../src/caruna/index.js";
import type { Interception, Simulator, SimulatorOptions } from "../../src/simulator/index.js";
import {
  atTheEnd,
  clientFor,
  clientOf,
  collectedLog,
  errorOf,
  LOGIN_FORM,
  portalOf,
  sendHtml,
  sendRedirect,
  simulatorFor,
} from "../support/caruna.js";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** A simulator, a session file and a clock that all starts of a program share. */
async function programWithSession(options: SimulatorOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), "caruna-cookies-"));
  atTheEnd(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "session.json");
  let now = Date.now();
  const simulator = await simulatorFor({ singleSignOn: true, now: () => now, ...options });
  const start = (changes: Partial<CarunaClientOptions> = {}) => {
    const sessionStore = fileSessionStore(file, collectedLog());
    return clientFor(simulator, { sessionStore, now: () => now, ...changes });
  };
  return {
    file,
    simulator,
    start,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    /** One start of the program an hour or more after the last; how many requests and password posts it took. */
    run: async (changes: Partial<CarunaClientOptions> = {}, passedMs = HOUR_MS) => {
      now += passedMs;
      const before = [simulator.requests.length, simulator.passwordPosts] as const;
      await start(changes).client.customerNumbers();
      return {
        requests: simulator.requests.length - before[0],
        passwordPosts: simulator.passwordPosts - before[1],
      };
    },
  };
}

describe("cookies kept with the session", () => {
  it("spare the password when the token has expired, in the same program and after a restart", async () => {
    const program = await programWithSession();
    expect(await program.run()).toEqual({ requests: 12, passwordPosts: 1 });
    for (let start = 0; start < 3; start += 1) expect(await program.run()).toEqual({ requests: 3, passwordPosts: 0 });
    program.pass(HOUR_MS);
    const { client, log } = program.start();
    await client.customerNumbers();
    program.pass(HOUR_MS);
    await client.customerNumbers();
    expect(program.simulator.passwordPosts).toBe(1);
    expect(program.simulator.tokensIssued).toBe(6);
    expect(log.entries.filter(({ level }) => level !== "debug").map(({ message }) => message)).toEqual(
      Array.from({ length: 2 }, () => expect.stringContaining("without the password")),
    );
  });

  it("spare it when the token is refused in mid-flight", async () => {
    const program = await programWithSession();
    const { client } = program.start();
    await client.contracts({ customer: "50123456" });
    program.simulator.expireTokens();
    expect(await client.contracts({ customer: "50123456" })).toHaveLength(1);
    expect([program.simulator.tokensIssued, program.simulator.passwordPosts]).toEqual([2, 1]);
  });

  it("are in the session file, which its owner alone may read, and not in the log", async () => {
    const program = await programWithSession();
    await program.run();
    expect((await stat(program.file)).mode & 0o777).toBe(0o600);
    const kept = JSON.parse(await readFile(program.file, "utf8"));
    const cookies: { key: string; value: string }[] = JSON.parse(kept.cookies).cookies;
    expect(cookies.map(({ key }) => key)).toContain("commonAuthId");
    program.pass(HOUR_MS);
    const { client, log } = program.start();
    await client.customerNumbers();
    for (const { value } of cookies) expect(JSON.stringify(log.entries)).not.toContain(value);
  });

  it("of another account or another server are never sent", async () => {
    const program = await programWithSession();
    await program.run();
    program.simulator.set({ user: "other@example.com" });
    expect(await program.run({ username: "other@example.com" })).toMatchObject({ passwordPosts: 1 });
    const portal = await portalOf({ "/first": (_, response) => sendRedirect(response, "/done") });
    const sessionStore = fileSessionStore(program.file, collectedLog());
    await clientOf(portal.url, portal.url, { sessionStore }).client.customerNumbers();
    expect(portal.received.map(({ headers }) => headers.cookie)).toEqual(portal.received.map(() => undefined));
  });
});

describe("kept cookies that are good for nothing", () => {
  const stale: [string, (simulator: Simulator) => void][] = [
    ["the identity provider has forgotten them", (simulator) => simulator.forgetSessions()],
    ["it allows no login without the password", (simulator) => simulator.set({ singleSignOn: false })],
  ];
  const disturbances: [string, Interception["answer"]][] = [
    ["an error page", { status: 302, headers: { Location: "./wicket/bookmarkable/errorGenericPage" } }],
    ["a page that nobody knows", { status: 200, headers: { "Content-Type": "text/html" }, body: "<title>?</title>" }],
    ["HTTP 400", { status: 400, body: "Bad Request" }],
    ["HTTP 500", { status: 500, body: "" }],
    ["a cut connection", "disconnect"],
  ];
  const cases = [
    ...stale,
    ...disturbances.flatMap(([name, answer]) =>
      ["/oauth2/authorize", "/api/authorization/token"].map((pathIncludes): (typeof stale)[number] => [
        `${name} at ${pathIncludes}`,
        // As often as the request is tried.
        (simulator) => simulator.answerNext({ pathIncludes, times: answerTimes(answer), answer }),
      ]),
    ),
  ];

  it.each(cases)("cost no password post more, and 25 requests at most: %s", async (_, spoil) => {
    const program = await programWithSession();
    await program.run();
    spoil(program.simulator);
    const { requests, passwordPosts } = await program.run();
    expect(passwordPosts).toBe(1);
    expect(requests).toBeLessThanOrEqual(25);
    expect(program.simulator.passwordsJudged).toBe(2);
  });

  it("that lead from page to page without end leave enough requests for the password", async () => {
    let pages = 0;
    const portal = await portalOf({
      "/first": ({ headers }, response) => {
        response.setHeader("Set-Cookie", "known=1; Path=/");
        if (headers.cookie === undefined) sendHtml(response, LOGIN_FORM);
        else sendRedirect(response, "/around");
      },
      "/around": (_, response) => {
        pages += 1;
        sendRedirect(response, `/around?page=${pages}`);
      },
      "/judge": (_, response) => sendRedirect(response, "/done"),
    });
    let now = Date.now();
    const { client } = clientOf(portal.url, portal.url, { now: () => now });
    await client.customerNumbers();
    now += 2 * HOUR_MS;
    await client.customerNumbers();
    expect(portal.passwordPosts).toBe(2);
    expect(portal.received.length - 5).toBeLessThanOrEqual(9 + 5);
  });

  it("are passed over silently", async () => {
    const program = await programWithSession();
    await program.run();
    program.simulator.forgetSessions();
    program.pass(HOUR_MS);
    const { client, log } = program.start();
    await client.customerNumbers();
    expect(log.entries.filter(({ level }) => level !== "debug").map(({ message }) => message)).toEqual([
      "logged in to Caruna+",
    ]);
  });

  it("are tried again a week later, not at every login", async () => {
    const program = await programWithSession({ singleSignOn: false });
    const requests: number[] = [];
    for (const passed of [HOUR_MS, HOUR_MS, HOUR_MS, 7 * DAY_MS - 2 * HOUR_MS, HOUR_MS, HOUR_MS])
      requests.push((await program.run({}, passed)).requests);
    expect(requests).toEqual([12, 18, 12, 12, 18, 12]);
    program.simulator.set({ singleSignOn: true });
    expect(await program.run({}, 7 * DAY_MS)).toMatchObject({ passwordPosts: 0 });
  });

  it("cost one password post where the password is wrong as well", async () => {
    const program = await programWithSession();
    await program.run();
    program.simulator.set({ password: "changed" });
    program.simulator.forgetSessions();
    program.pass(HOUR_MS);
    expect(await errorOf(program.start().client.customerNumbers())).toBeInstanceOf(CredentialsRejected);
    expect(program.simulator.passwordPosts).toBe(2);
  });

  it("are ignored with a warning when they are damaged", async () => {
    const program = await programWithSession();
    await program.run();
    const kept = JSON.parse(await readFile(program.file, "utf8"));
    await writeFile(program.file, JSON.stringify({ ...kept, cookies: "{" }));
    program.pass(HOUR_MS);
    const { client, log } = program.start();
    await client.customerNumbers();
    expect(program.simulator.passwordPosts).toBe(2);
    expect(log.entries.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it("that have expired are not tried", async () => {
    let logins = 0;
    const portal = await portalOf({
      "/first": (_, response) => {
        logins += 1;
        response.setHeader("Set-Cookie", "gone=1; Path=/; Max-Age=0");
        sendHtml(response, LOGIN_FORM);
      },
      "/judge": (_, response) => sendRedirect(response, "/done"),
    });
    let now = Date.now();
    const { client } = clientOf(portal.url, portal.url, { now: () => now });
    await client.customerNumbers();
    now += 2 * HOUR_MS;
    await client.customerNumbers();
    expect(logins).toBe(2);
  });
});

/** Server trouble and cut connections are tried again; pages are not. */
function answerTimes(answer: Interception["answer"]): number {
  return answer === "disconnect" || (typeof answer === "object" && (answer.status ?? 200) >= 500) ? 4 : 1;
}

describe("saved cookies", () => {
  it("lead to no password post where Caruna+ answers them with 429: it asks for fewer requests", async () => {
    const program = await programWithSession();
    await program.run();
    program.pass(HOUR_MS);
    const tooMany = { status: 429, headers: { "Retry-After": "600" } };
    program.simulator.answerNext({ site: "auth", times: 9, answer: tooMany });
    expect(await errorOf(program.start().client.customerNumbers())).toBeInstanceOf(RateLimited);
    expect(program.simulator.passwordPosts).toBe(1);
  });

  it("use up requests of the login: together with the password it makes 25 at the most", async () => {
    const pages = Array.from({ length: 30 }, (_, page) => page);
    const portal = await portalOf({
      "/first": (request, response) =>
        request.headers.cookie === undefined ? sendRedirect(response, "/new0") : sendRedirect(response, "/known0"),
      ...Object.fromEntries(
        pages.flatMap((page) =>
          ["new", "known"].map((kind) => [
            `/${kind}${page}`,
            (_: unknown, response: ServerResponse) => sendRedirect(response, `/${kind}${page + 1}`),
          ]),
        ),
      ),
    });
    const cookie = { key: "s", value: "1", domain: "127.0.0.1", path: "/", expires: "2100-01-01T00:00:00Z" };
    const jar = {
      version: "tough-cookie@6",
      storeType: "MemoryCookieStore",
      rejectPublicSuffixes: true,
      cookies: [cookie],
    };
    const account = createHash("sha256")
      .update(JSON.stringify([portal.url, "demo@example.com"]))
      .digest("hex");
    const stored = {
      token: "t",
      expiresAtEpochMs: 0,
      ownCustomerNumbers: ["1"],
      representedCustomerNumbers: [],
      account,
    };
    const sessionStore = memorySessionStore();
    await sessionStore.save({ ...stored, cookies: JSON.stringify(jar) });
    await errorOf(clientOf(portal.url, portal.url, { sessionStore }).client.customerNumbers());
    expect(portal.received.some(({ address }) => address.startsWith("/known"))).toBe(true);
    expect(portal.received.length).toBe(25);
  });
});
