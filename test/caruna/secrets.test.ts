import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ClientRequest, IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type CarunaClientOptions, CarunaError } from "../../src/caruna/index.js";
import { type Interception, type SimulatorOptions, variantNames } from "../../src/simulator/index.js";
import {
  type CollectedLog,
  clientFor,
  clientOf,
  collectedLog,
  LOGIN_FORM,
  portalOf,
  sendHtml,
  sendJson,
  sendRedirect,
  simulatorFor,
  tokenAnswer,
} from "../support/caruna.js";

/** No part of these may show in a log or an error, in any of the ways in which they may be written. */
const USER = "Canary.User@canary-mail.example";
const PASSWORD = "Canary/Pass word+€&=1";
const CUSTOMER = "770088991";
const REPRESENTED = "770088992";
const ASSET = "FSK77008899";
const GSRN = "643007577008899001";
/** Taken from the wire during the tests: tokens, codes, states, cookies; and the test's own hidden fields. */
const onTheWire = new Set<string>();

function noteFromTheWire(text: string | undefined) {
  for (const value of (text ?? "").match(/(?<=[=\s])[\w.%-]{12,}(?=[&;]|$)/g) ?? [])
    if (!value.startsWith("http")) onTheWire.add(value);
}

const sent = (message: unknown) => {
  const { request } = z.object({ request: z.instanceof(ClientRequest) }).parse(message);
  for (const text of [request.path, request.getHeader("cookie"), request.getHeader("authorization")])
    noteFromTheWire(text?.toString());
};
const answered = (message: unknown) => {
  const { response } = z.object({ response: z.instanceof(IncomingMessage) }).parse(message);
  for (const text of [response.headers.location, ...(response.headers["set-cookie"] ?? [])]) noteFromTheWire(text);
};

beforeAll(() => {
  subscribe("http.client.request.start", sent);
  subscribe("http.client.response.finish", answered);
});
afterAll(() => {
  unsubscribe("http.client.request.start", sent);
  unsubscribe("http.client.response.finish", answered);
});

const METERS = [
  { customerNumber: CUSTOMER, assetId: ASSET, gsrn: GSRN },
  { customerNumber: REPRESENTED, represented: true },
] as const;

const shown: string[] = [];

function secretForms(): string[] {
  const plain = [USER, USER.toLowerCase(), PASSWORD, CUSTOMER, REPRESENTED, ASSET, GSRN, "7700889", ...onTheWire];
  const base64 = (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, "");
  return plain.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ "": secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    base64(secret),
  ]);
}

/** Everything that an error could carry along: message, stack, causes, fields, hidden ones too. */
function everythingOf(error: unknown): string[] {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return void parts.push(String(value));
    seen.add(value);
    parts.push(inspect(value, { depth: 10, showHidden: true, getters: true }), JSON.stringify(value) ?? "");
    for (const key of Reflect.ownKeys(value)) walk(Reflect.get(value, key));
    if (value instanceof Error) parts.push(value.message, value.stack ?? "", value.name, String(value));
  };
  walk(error);
  return parts;
}

async function run(
  client: { client: { meteringPoints(): Promise<unknown> }; log: CollectedLog },
  more?: () => Promise<unknown>,
) {
  let error: unknown;
  try {
    await client.client.meteringPoints();
    await more?.();
  } catch (thrown) {
    error = thrown;
    shown.push(...everythingOf(thrown));
  }
  for (const entry of client.log.entries) shown.push(inspect(entry, { depth: 10 }), JSON.stringify(entry));
  return error;
}

const account: Partial<CarunaClientOptions> = { username: USER, password: PASSWORD };

async function runSimulated(
  options: SimulatorOptions,
  interception?: Interception,
  client: Partial<CarunaClientOptions> = {},
): Promise<unknown> {
  const simulator = await simulatorFor({ user: USER, password: PASSWORD, meters: METERS, ...options });
  if (interception !== undefined) simulator.answerNext(interception);
  const limits = { requestTimeoutMs: interception?.answer === "hang" ? 1000 : 30_000 };
  const tested = clientFor(simulator, { ...account, limits, retries: 1, ...client });
  return await run(tested, async () => {
    await tested.client.customer(CUSTOMER);
    await tested.client.contracts({ customer: CUSTOMER });
    const meteringPoint = { customerId: CUSTOMER, assetId: ASSET };
    await tested.client.energyAnswer({ meteringPoint, timespan: "daily", year: 2026, month: 3, day: 1 });
  });
}

afterEach(() => {
  const everything = shown.splice(0).join("\n");
  expect(everything).not.toBe("");
  expect(secretForms().filter((secret) => everything.includes(secret))).toEqual([]);
});

describe("nothing secret shows when a login", () => {
  it.each(variantNames())("succeeds: %s", async (variant) => {
    expect(await runSimulated({ variant })).toBeUndefined();
  });

  it.each<[string, SimulatorOptions, Interception | undefined]>([
    ["is rejected in words", { password: "other", wrongPassword: "feedback" }, undefined],
    ["is rejected by a redirect", { password: "other", wrongPassword: "redirect" }, undefined],
    ["is rejected by 401", { password: "other", wrongPassword: "401" }, undefined],
    ["is rejected by a plain form", { password: "other", variant: "future-plain-form" }, undefined],
    ["needs a second factor", { secondFactor: true }, undefined],
    ["meets maintenance", { maintenance: 200 }, undefined],
    ["meets maintenance with 503", { maintenance: 503 }, undefined],
    ["loses its session once and is refused then", { loseSessions: 1, password: "other" }, undefined],
    ["loses its session always", { loseSessions: 9 }, undefined],
    ["has its password post cut off", {}, { method: "POST", pathIncludes: "/portal/login", answer: "disconnect" }],
    ["has its password post hang", {}, { method: "POST", pathIncludes: "/portal/login", answer: "hang" }],
    ["gets 503 for its password", {}, { method: "POST", pathIncludes: "/portal/login", answer: { status: 503 } }],
    ["gets 429 for its password", {}, { method: "POST", pathIncludes: "/portal/login", answer: { status: 429 } }],
    ["gets nothing for its password", {}, { method: "POST", pathIncludes: "/portal/login", answer: { status: 200 } }],
    ["has the relay cut off", {}, { pathIncludes: "/commonauth", times: 9, answer: "disconnect" }],
    ["gets 404 for the relay", {}, { pathIncludes: "/commonauth", answer: { status: 404, body: "no" } }],
    ["gets no token", {}, { pathIncludes: "/token", times: 9, answer: { status: 400, body: '{"msg":"no"}' } }],
    ["gets an odd token", {}, { pathIncludes: "/token", answer: { status: 200, body: `{"token":"${CUSTOMER}"}` } }],
  ])("%s", async (_, options, interception) => {
    expect(await runSimulated(options, interception)).toBeInstanceOf(CarunaError);
  });

  it.each(["start", "approach", "login-form", "credentials", "journey", "relay-form", "relay", "callback"] as const)(
    "is led to another host at %s",
    async (step) => {
      const foreign = { step, url: "http://foreign.example:8080/portal" };
      expect(await runSimulated({ foreign })).toBeInstanceOf(CarunaError);
    },
  );
});

describe("nothing secret shows when a call", () => {
  it.each<[string, SimulatorOptions, Interception | undefined]>([
    ["is refused with 401", { refuseTokens: true }, undefined],
    ["is refused with 403", { refuseTokens: true, tokenRefusal: 403 }, undefined],
    ["gets the login page", { refuseTokens: true, tokenRefusal: "login-page" }, undefined],
    ["gets 503", {}, { pathIncludes: "/energy", times: 9, answer: { status: 503 } }],
    [
      "gets 429",
      {},
      { pathIncludes: "/energy", times: 9, answer: { status: 429, headers: { "Retry-After": "9999" } } },
    ],
    ["is cut off", {}, { pathIncludes: "/energy", times: 9, answer: "disconnect" }],
    ["hangs", {}, { pathIncludes: "/energy", times: 9, answer: "hang" }],
    ["gets no JSON", {}, { pathIncludes: "/contracts", answer: { status: 200, body: `customer ${CUSTOMER}` } }],
    ["gets another shape", {}, { pathIncludes: "/contracts", answer: { status: 200, body: `{"id": "${CUSTOMER}"}` } }],
    [
      "gets words about the customer",
      {},
      { pathIncludes: "/info", answer: { status: 400, body: `{"msg": "${USER} ${CUSTOMER}"}` } },
    ],
  ])("%s", async (_, options, interception) => {
    expect(await runSimulated(options, interception)).toBeInstanceOf(CarunaError);
  });
});

describe("nothing secret shows of a page that", () => {
  const hidden = "CanaryHiddenField1";
  const cookie = "CanaryCookieValue1";
  const code = "CanaryCodeValue1";
  const token = "CanaryTokenValue1";
  const secrets = [hidden, cookie, code, token];
  const form = LOGIN_FORM.replace("<input", `<input type="hidden" name="h" value="${hidden}"><input`);
  const answers: [string, string][] = [
    ["rejects, and repeats what was typed", `<div class="feedback">Väärin: ${USER} ${CUSTOMER}</div>${form}`],
    [
      "is unknown, and repeats what was typed",
      `<title>${USER}</title><form action="/${CUSTOMER}/${encodeURIComponent(USER)}"><input name="x" value="${PASSWORD}"><input name="y" value="${USER}"></form>`,
    ],
    [
      "leads on for ever with it in the address",
      `<meta http-equiv="refresh" content="0;url=/judge?p=${encodeURIComponent(PASSWORD)}&c=${code}&u=${encodeURIComponent(USER)}">`,
    ],
    [
      "asks for a code sent to the person",
      `Vahvistuskoodi lähetettiin osoitteeseen ${USER} numeroon ${CUSTOMER}. <form><input name="otp"></form>`,
    ],
    ["tells of maintenance to the person", `Huoltokatko, hyvä ${USER}`],
    ["goes to a session's path", `<meta http-equiv="refresh" content="0;url=/welcome;jsessionid=${cookie}">`],
    [
      "goes to a person's path",
      `<meta http-equiv="refresh" content="0;url=/u/${encodeURIComponent(USER)}/${CUSTOMER};jsessionid=${cookie}">`,
    ],
  ];

  it.each(answers)("%s", async (_, page) => {
    for (const secret of secrets) onTheWire.add(secret);
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, form, 200, { "Set-Cookie": `a=${cookie}` }),
      "/judge": (_, response) => sendHtml(response, page, 200, { "Set-Cookie": `b=${cookie}` }),
    });
    expect(await run(clientOf(portal.url, portal.url, account))).toBeInstanceOf(CarunaError);
  });

  it("puts the password into the address of a form", async () => {
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, form.replace('method="post"', "")) });
    expect(await run(clientOf(portal.url, portal.url, account))).toBeInstanceOf(CarunaError);
  });

  it("refuses the code", async () => {
    const query = `code=${code}&state=${hidden}`;
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, `/back?${query}`),
      "/api/authorization/token": (_, response) => sendJson(response, { msg: "no" }, 500),
    });
    expect(await run(clientOf(portal.url, portal.url, account))).toBeInstanceOf(CarunaError);
  });

  it("gives a token that no header can carry", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/done"),
      "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer({ token: `${token}\n€` })),
    });
    expect(await run(clientOf(portal.url, portal.url, account))).toBeInstanceOf(CarunaError);
  });
});

it("the tests above know the secrets of the wire: tokens, codes, states and cookies", async () => {
  onTheWire.clear();
  const simulator = await simulatorFor({ user: USER, password: PASSWORD });
  const { client, log } = clientFor(simulator, account);
  await run({ client, log });
  const known = [...onTheWire];
  expect(known.some((value) => /^ey[\w-]+\.[\w-]+\.\w+$/.test(value))).toBe(true);
  expect(known.length).toBeGreaterThan(5);
});

it("the walk itself finds a secret wherever it hides", () => {
  const error = new Error("outer", { cause: new Error("inner") });
  Object.defineProperty(error, "hidden", { value: { deep: [PASSWORD] }, enumerable: false });
  expect(everythingOf(error).some((part) => part.includes(PASSWORD))).toBe(true);
  const log = collectedLog();
  log.debug({ a: { b: "c" } }, "message");
  shown.push(inspect(log.entries));
});
