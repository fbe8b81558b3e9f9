import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AccessRefused, CarunaUnreachable, fileSessionStore } from "../../src/caruna/index.js";
import type { Behaviour } from "../../src/simulator/index.js";
import {
  atTheEnd,
  clientFor,
  clientOf,
  collectedLog,
  errorOf,
  portalOf,
  sendJson,
  sendRedirect,
  simulatorFor,
  tokenAnswer,
  until,
} from "../support/caruna.js";

const CUSTOMER = "50123456";

async function sessionFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "caruna-session-"));
  atTheEnd(() => rm(directory, { recursive: true, force: true }));
  return join(directory, "state", "session.json");
}

function clockFrom(startEpochMs: number) {
  let nowEpochMs = startEpochMs;
  return {
    now: () => nowEpochMs,
    pass: (milliseconds: number) => {
      nowEpochMs += milliseconds;
    },
  };
}

describe("a session kept in a file", () => {
  it("spares the next client its login; mode 0600, whole, and without the password", async () => {
    const file = await sessionFile();
    const simulator = await simulatorFor();
    for (let start = 0; start < 3; start += 1) {
      const sessionStore = fileSessionStore(file, collectedLog());
      await clientFor(simulator, { sessionStore }).client.meteringPoints();
    }
    expect(simulator.tokensIssued).toBe(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(file, ".."))).toEqual(["session.json"]);
    const kept = await readFile(file, "utf8");
    expect(kept).not.toContain("demo@example.com");
    expect(JSON.parse(kept)).toMatchObject({ ownCustomerNumbers: [CUSTOMER] });
  });

  it.each([
    ["cut short", '{"token": "ey'],
    ["empty", ""],
    ["null", "null"],
    [
      "without a token",
      '{"account":"a","token":"","expiresAtEpochMs":1,"ownCustomerNumbers":[],"representedCustomerNumbers":[]}',
    ],
    ["with an expiry that is a word", '{"account":"a","token":"t","expiresAtEpochMs":"never"}'],
    ["binary", "\u0000\u0001\ufffd"],
  ])("is ignored with a warning when it is damaged: %s", async (_, content) => {
    const file = await sessionFile();
    await writeFileIn(file, content);
    const simulator = await simulatorFor();
    const log = collectedLog();
    const { client } = clientFor(simulator, { sessionStore: fileSessionStore(file, log) });
    expect(await client.customerNumbers()).toEqual([CUSTOMER]);
    expect(log.entries).toMatchObject([{ level: "warn", message: expect.stringContaining("damaged") }]);
    expect(JSON.parse(await readFile(file, "utf8"))).toHaveProperty("token");
  });

  it("of another account, or of another server, is not used", async () => {
    const file = await sessionFile();
    const sessionStore = fileSessionStore(file, collectedLog());
    const [first, second] = [await simulatorFor(), await simulatorFor({ user: "other@example.com" })];
    await clientFor(first, { sessionStore }).client.customerNumbers();
    await clientFor(second, { sessionStore, username: "other@example.com" }).client.customerNumbers();
    await clientFor(first, { sessionStore }).client.customerNumbers();
    first.set({ user: "other@example.com" });
    await clientFor(first, { sessionStore, username: "other@example.com" }).client.customerNumbers();
    expect([first.tokensIssued, second.tokensIssued]).toEqual([3, 1]);
  });

  it("that has expired, or is about to, is not used", async () => {
    const sessionStore = fileSessionStore(await sessionFile(), collectedLog());
    const clock = clockFrom(Date.now());
    const simulator = await simulatorFor({ now: clock.now });
    for (const passed of [0, 57 * 60_000, 2 * 60_000, 2 * 60 * 60_000]) {
      clock.pass(passed);
      await clientFor(simulator, { sessionStore, now: clock.now }).client.customerNumbers();
    }
    expect(simulator.tokensIssued).toBe(3);
  });

  it("that cannot be written costs a warning only", async () => {
    const file = await sessionFile();
    // A file stands where the folder should be: this holds for root too, whom no mode stops.
    await writeFileIn(join(file, "..", "..", "blocked"), "");
    const blocked = join(file, "..", "..", "blocked", "session.json");
    const simulator = await simulatorFor();
    const { client, log } = clientFor(simulator, { sessionStore: fileSessionStore(blocked, collectedLog()) });
    expect(await client.customerNumbers()).toEqual([CUSTOMER]);
    expect(log.entries.filter(({ level }) => level === "warn")).toMatchObject([
      { message: expect.stringContaining("cannot be kept") },
    ]);
  });

  it("takes the place of a file that others could read, with mode 0600", async () => {
    const file = await sessionFile();
    await writeFileIn(file, "{}");
    await chmod(file, 0o644);
    const simulator = await simulatorFor();
    await clientFor(simulator, { sessionStore: fileSessionStore(file, collectedLog()) }).client.customerNumbers();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("is gone after clear", async () => {
    const store = fileSessionStore(await sessionFile(), collectedLog());
    await store.save({
      account: "a",
      token: "t",
      expiresAtEpochMs: 1,
      ownCustomerNumbers: [],
      representedCustomerNumbers: [],
    });
    expect(await store.load()).toMatchObject({ token: "t" });
    await store.clear();
    await store.clear();
    expect(await store.load()).toBeUndefined();
  });
});

async function writeFileIn(file: string, content: string): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, content);
}

const refusals: [string, Partial<Behaviour>][] = [
  ["401", { tokenRefusal: 401 }],
  ["403", { tokenRefusal: 403 }],
  ["a login page", { tokenRefusal: "login-page" }],
];

describe("a token in use", () => {
  it("is renewed before it expires, not after", async () => {
    const clock = clockFrom(Date.now());
    const simulator = await simulatorFor({ now: clock.now });
    const { client } = clientFor(simulator, { now: clock.now });
    await client.contracts({ customer: CUSTOMER });
    clock.pass(57 * 60_000);
    await client.contracts({ customer: CUSTOMER });
    expect(simulator.tokensIssued).toBe(1);
    clock.pass(90_000);
    await client.contracts({ customer: CUSTOMER });
    expect(simulator.tokensIssued).toBe(2);
    expect(simulator.requests.filter(({ kind }) => kind === "token refused")).toEqual([]);
  });

  it("is used although a clock that is hours ahead says that it has expired", async () => {
    const simulator = await simulatorFor();
    const { client } = clientFor(simulator, { now: () => Date.now() + 3 * 60 * 60_000 });
    for (let call = 0; call < 5; call += 1) await client.contracts({ customer: CUSTOMER });
    expect(simulator.tokensIssued).toBe(1);
  });

  it.each([401, 403, "login-page"] as const)(
    "refused in mid-flight (%s), is renewed once for all",
    async (tokenRefusal) => {
      const simulator = await simulatorFor({ tokenRefusal });
      const { client } = clientFor(simulator);
      await client.contracts({ customer: CUSTOMER });
      simulator.expireTokens();
      const answers = await Promise.all(Array.from({ length: 12 }, () => client.contracts({ customer: CUSTOMER })));
      expect(answers.map((contracts) => contracts.length)).toEqual(Array.from({ length: 12 }, () => 1));
      expect([simulator.tokensIssued, simulator.passwordPosts]).toEqual([2, 2]);
    },
  );

  it("refused only after another caller has renewed it, is not renewed again", async () => {
    let tokens = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/done"),
      "/api/authorization/token": (_, response) => {
        tokens += 1;
        sendJson(response, tokenAnswer({ token: `token${tokens}` }));
      },
      "/api/customers/1/contracts": async ({ headers }, response) => {
        if (headers.authorization === "Bearer token2") return sendJson(response, { contracts: [] });
        await gate;
        sendJson(response, {}, 401);
      },
      "/api/customers/2/contracts": ({ headers }, response) =>
        headers.authorization === "Bearer token1" ? sendJson(response, {}, 401) : sendJson(response, { contracts: [] }),
    });
    const { client } = clientOf(portal.url);
    const late = client.contracts({ customer: "1" });
    await until(() => portal.received.some(({ address }) => address === "/api/customers/1/contracts"));
    await client.contracts({ customer: "2" });
    open();
    expect(await late).toEqual([]);
    expect(tokens).toBe(2);
  });

  it("refused by a redirect to the login is renewed", async () => {
    const simulator = await simulatorFor();
    const { client } = clientFor(simulator);
    simulator.answerNext({ pathIncludes: "/contracts", answer: { status: 302, headers: { Location: "/login" } } });
    expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
    expect(simulator.tokensIssued).toBe(2);
  });

  it.each(refusals)("refused again when new (%s): an error, and no storm of logins", async (_, behaviour) => {
    const simulator = await simulatorFor({ ...behaviour, refuseTokens: true });
    const { client } = clientFor(simulator);
    for (let round = 0; round < 5; round += 1) {
      const calls = Array.from({ length: 6 }, () => errorOf(client.contracts({ customer: CUSTOMER })));
      for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(AccessRefused);
    }
    expect(simulator.passwordPosts).toBe(2);
  });

  it("is renewed for one kind of call although another is always refused", async () => {
    const simulator = await simulatorFor({ metersListedAt: "assets" });
    const answer = { status: 403, body: "{}" };
    simulator.answerNext({ pathIncludes: "/assets/meteringpoints", times: 100, answer });
    const { client } = clientFor(simulator);
    expect(await client.meteringPoints()).toHaveLength(1);
    simulator.expireTokens();
    expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
    expect(simulator.tokensIssued).toBe(2);
  });
});

describe("a 403", () => {
  const OTHER = "60000001";
  const two = { meters: [{}, { customerNumber: OTHER, represented: true }] };

  it("of one customer is its own: no other login, one more request at the most, and the others go on", async () => {
    const simulator = await simulatorFor({ ...two, refusals: [{ customerNumber: OTHER, status: 403 }] });
    const { client } = clientFor(simulator);
    await client.contracts({ customer: CUSTOMER });
    const before = simulator.apiCalls;
    for (let call = 0; call < 5; call += 1) {
      const error = await errorOf(client.contracts({ customer: OTHER }));
      expect(error).toMatchObject({ name: "AccessRefused", status: 403, duringLogin: false });
    }
    expect(simulator.apiCalls - before).toBeLessThanOrEqual(10);
    expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
    expect([simulator.tokensIssued, simulator.passwordPosts]).toEqual([1, 1]);
  });

  it("of one customer says nothing about a token that was revoked meanwhile", async () => {
    const simulator = await simulatorFor({
      ...two,
      tokenRefusal: 403,
      refusals: [{ customerNumber: OTHER, status: 403 }],
    });
    const { client } = clientFor(simulator);
    await client.contracts({ customer: CUSTOMER });
    await errorOf(client.contracts({ customer: OTHER }));
    simulator.expireTokens();
    await errorOf(client.contracts({ customer: OTHER }));
    expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
    expect(simulator.tokensIssued).toBe(2);
  });

  it("asks no customer that nobody has asked about, to learn whose it is", async () => {
    const simulator = await simulatorFor({ ...two, refusals: [{ customerNumber: CUSTOMER, status: 403 }] });
    await errorOf(clientFor(simulator).client.contracts({ customer: CUSTOMER }));
    expect(simulator.requests.filter(({ path }) => path.includes(OTHER))).toEqual([]);
  });

  it("beside lists that are out of order is not taken for the token's", async () => {
    const simulator = await simulatorFor({
      refusals: [{ resources: ["contracts"], status: 403 }, { status: 500 }],
    });
    const error = await errorOf(clientFor(simulator).client.contracts({ customer: CUSTOMER }));
    expect(error).toMatchObject({ name: "AccessRefused", duringLogin: false });
    expect(simulator.tokensIssued).toBe(1);
  });
});

describe("tokens that are refused for everything, however new", () => {
  it.each(refusals)(
    "(%s) are renewed after 1 h, 6 h, then once a day, by whatever program comes",
    async (_, behaviour) => {
      const clock = clockFrom(Date.now());
      const simulator = await simulatorFor({ ...behaviour, now: clock.now });
      const sessionStore = fileSessionStore(await sessionFile(), collectedLog());
      await clientFor(simulator, { sessionStore, now: clock.now }).client.contracts({ customer: CUSTOMER });
      simulator.set({ refuseTokens: true });
      const posts: number[] = [];
      for (let hour = 0; hour <= 7 * 24; hour += 1) {
        // A scheduler's program, that knows what was stored alone.
        const { client } = clientFor(simulator, { sessionStore, now: clock.now });
        const error = await errorOf(client.contracts({ customer: CUSTOMER }));
        expect(error).toMatchObject({ name: "TokenRefused", duringLogin: true });
        while (posts.length < simulator.passwordPosts - 1) posts.push(hour);
        client.close();
        clock.pass(60 * 60_000);
      }
      // Each login allows one try in its hour of life; the next one waits for its turn.
      expect(posts).toEqual([0, 1, 7, 31, 55, 79, 103, 127, 151]);
      simulator.set({ refuseTokens: false });
      clock.pass(24 * 60 * 60_000);
      const { client } = clientFor(simulator, { sessionStore, now: clock.now });
      expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
      // A token that was accepted has a new login of its own when it is refused.
      simulator.expireTokens();
      expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
      expect(simulator.passwordPosts).toBe(posts.length + 3);
    },
  );

  it("are renewed at once where a person asks", async () => {
    const simulator = await simulatorFor({ refuseTokens: true });
    const { client } = clientFor(simulator);
    await errorOf(client.contracts({ customer: CUSTOMER }));
    simulator.set({ refuseTokens: false });
    simulator.expireTokens();
    expect(await errorOf(client.contracts({ customer: CUSTOMER }))).toMatchObject({ name: "TokenRefused" });
    await client.logIn();
    expect(await client.contracts({ customer: CUSTOMER })).toHaveLength(1);
  });
});

it("one resource that answers as to a bad token, for ever, costs one login a day", async () => {
  const clock = clockFrom(Date.now());
  const simulator = await simulatorFor({
    refusals: [{ resources: ["contracts"], status: 401 }],
    tokenLifetimeSeconds: 30 * 24 * 3600,
    now: clock.now,
  });
  const { client } = clientFor(simulator, { now: clock.now });
  for (let hour = 0; hour < 3 * 24; hour += 1) {
    expect(await errorOf(client.contracts())).toMatchObject({ name: "AccessRefused", duringLogin: false });
    expect(await client.meteringPoints()).toHaveLength(1);
    clock.pass(60 * 60_000);
  }
  expect(simulator.tokensIssued).toBeLessThanOrEqual(4);
});

describe("callers at the same time", () => {
  it("share one login", async () => {
    const simulator = await simulatorFor({ latencyMs: 1 });
    const { client } = clientFor(simulator);
    await Promise.all(Array.from({ length: 20 }, () => client.contracts({ customer: CUSTOMER })));
    expect([simulator.tokensIssued, simulator.passwordPosts]).toEqual([1, 1]);
  });

  it("share its failure too", async () => {
    const simulator = await simulatorFor();
    const { client } = clientFor(simulator, { password: "wrong" });
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => errorOf(client.contracts({ customer: CUSTOMER }))),
    );
    expect(new Set(errors).size).toBe(1);
    expect(simulator.passwordPosts).toBe(1);
  });

  it("keep the login when one of them goes", async () => {
    const held = await heldLogin();
    const going = new AbortController();
    const gone = errorOf(held.client.customerNumbers({ signal: going.signal }));
    const staying = held.client.customerNumbers();
    await until(() => held.isWaiting());
    going.abort(new Error("no longer wanted"));
    expect((await gone).message).toBe("no longer wanted");
    held.release();
    expect(await staying).toEqual([CUSTOMER]);
    expect(held.logins()).toBe(1);
  });

  it("end it when all of them go, and the next caller begins anew", async () => {
    const held = await heldLogin();
    const going = new AbortController();
    const gone = [
      errorOf(held.client.customerNumbers({ signal: going.signal })),
      errorOf(held.client.contracts({ customer: "1", signal: going.signal })),
    ];
    await until(() => held.isWaiting());
    going.abort(new Error("no longer wanted"));
    for (const error of await Promise.all(gone)) expect(error.message).toBe("no longer wanted");
    await until(() => held.isCutOff());
    held.release();
    expect(await held.client.customerNumbers()).toEqual([CUSTOMER]);
    expect(held.logins()).toBe(2);
  });

  it("begin none when they have gone before", async () => {
    const held = await heldLogin();
    const signal = AbortSignal.abort(new Error("gone before"));
    expect((await errorOf(held.client.customerNumbers({ signal }))).message).toBe("gone before");
    // Were a request on its way, it would come in before these.
    for (let knock = 0; knock < 3; knock += 1) await fetch(held.url);
    expect(held.logins()).toBe(0);
  });

  it("try again after a login that failed", async () => {
    const simulator = await simulatorFor({ maintenance: 200 });
    const { client } = clientFor(simulator);
    const error = await errorOf(client.customerNumbers());
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error).toMatchObject({ duringLogin: true });
    simulator.set({ maintenance: false });
    expect(await client.customerNumbers()).toEqual([CUSTOMER]);
  });
});

/** A portal whose login stands still until it is released. */
async function heldLogin() {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isCutOff = false;
  const portal = await portalOf({
    "/first": async (_, response) => {
      response.on("close", () => {
        isCutOff ||= !response.writableEnded;
      });
      await gate;
      sendRedirect(response, "/done");
    },
    "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer()),
  });
  const count = (address: string) => portal.received.filter((request) => request.address === address).length;
  return {
    url: portal.url,
    client: clientOf(portal.url).client,
    release: () => open(),
    isCutOff: () => isCutOff,
    isWaiting: () => count("/first") > 0,
    logins: () => count("/api/authorization/login"),
  };
}
