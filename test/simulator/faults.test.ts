import { describe, expect, it } from "vitest";
import type { Simulator, SimulatorOptions } from "../../src/simulator/index.js";
import { startSimulator } from "../../src/simulator/index.js";
import {
  ajaxAddressOf,
  logIn,
  openLoginPage,
  pick,
  postCredentials,
  RawClient,
  walkToCallback,
} from "./support/raw-http.js";
import { simulatorFor } from "./support/running.js";

async function posted(options: SimulatorOptions, password = "demo") {
  const simulator = await simulatorFor(options);
  const client = new RawClient();
  const page = await openLoginPage(client, simulator);
  return { simulator, client, page, answer: await postCredentials(client, page, ajaxAddressOf(page), { password }) };
}

function apiCall(simulator: Simulator, token: string, path = "/api/customers/50123456/info"): Promise<Response> {
  return fetch(simulator.plusUrl + path, { headers: { Authorization: `Bearer ${token}` } });
}

describe("a wrong password", () => {
  it("is answered with the reason in a feedback span", async () => {
    const { simulator, answer } = await posted({}, "wrong");
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/<ajax-response><component .*<span id="\w*FeedbackMessage\w*"[^>]*>[^<]*virheellinen/);
    expect([simulator.passwordPosts, simulator.passwordsJudged, simulator.tokensIssued]).toEqual([1, 1, 0]);
  });

  it("leads back to the login page, which tells the reason once", async () => {
    const { client, page, answer } = await posted({ wrongPassword: "redirect" }, "wrong");
    const next = new URL(pick(answer.body, /CDATA\[(.+?)\]/), page.url);
    expect(next.pathname).toBe("/portal/login");
    expect((await client.get(next.href)).body).toContain("FeedbackMessage");
    expect((await client.get(next.href)).body).not.toContain("FeedbackMessage");
  });

  it("is answered with 401", async () => {
    expect((await posted({ wrongPassword: "401" }, "wrong")).answer.status).toBe(401);
  });
});

describe("a login that goes astray", () => {
  it("finds its session lost at the first post, unjudged, and passes at the next", async () => {
    const { simulator, client, page, answer } = await posted({ loseSessions: 1 });
    expect(answer.body).toContain("errorGenericPage");
    expect(simulator.passwordsJudged).toBe(0);
    expect((await postCredentials(client, page, ajaxAddressOf(page))).body).toContain("./wicket/page?");
  });

  it("is asked for a code sent by SMS", async () => {
    const { client, page, answer } = await posted({ secondFactor: true });
    const next = await client.get(new URL(pick(answer.body, /CDATA\[(.+?)\]/), page.url).href);
    expect(next.body).toContain("vahvistuskoodi");
    const action = new URL(pick(next.body, /<form [^>]*action="([^"]+)"/), next.url).href;
    expect((await client.request("POST", action, new URLSearchParams({ otp: "123456" }))).body).toContain(
      "vahvistuskoodi",
    );
  });

  it.each([200, 503] as const)("meets maintenance in place of the login page: %i", async (maintenance) => {
    const simulator = await simulatorFor({ maintenance });
    const page = await openLoginPage(new RawClient(), simulator);
    expect([page.status, page.body.includes('type="password"')]).toEqual([maintenance, false]);
  });

  it("loses its session when the portal restarts", async () => {
    const simulator = await simulatorFor();
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    simulator.forgetSessions();
    expect((await postCredentials(client, page, ajaxAddressOf(page))).body).toContain("errorGenericPage");
  });

  it.each(["start", "approach", "login-form", "credentials", "journey", "relay-form", "relay", "callback"] as const)(
    "is led to a foreign host at the step %s",
    async (step) => {
      // A port that fetch refuses to connect to: nothing leaves the machine.
      const url = "http://127.0.0.1:9/x";
      const simulator = await simulatorFor({ foreign: { step, url } });
      const client = new RawClient();
      const walk = async () => {
        const page = await openLoginPage(client, simulator);
        const address = ajaxAddressOf(page);
        if (address.startsWith(url)) return address;
        const answer = await postCredentials(client, page, address);
        const next = new URL(pick(answer.body, /CDATA\[(.+?)\]/), page.url).href;
        return next.startsWith(url) ? next : (await walkToCallback(client, next)).href;
      };
      // Wherever the walk ends, it ends because of the foreign address: no request to it can succeed here.
      const end = await walk().catch((error: unknown) => String(error) + JSON.stringify(simulator.requests.at(-1)));
      const kinds = {
        start: "login start",
        approach: "refresh",
        journey: "refresh",
        "relay-form": "relay form",
        relay: "relayed",
      };
      const kind = step in kinds ? Reflect.get(kinds, step) : null;
      if (kind === null) expect(end).toContain(url);
      else expect(simulator.requests.at(-1)?.kind).toBe(kind);
    },
  );
});

describe("single sign-on", () => {
  it("gives a browser that has logged in a code without a password, where the server allows it", async () => {
    const simulator = await simulatorFor({ singleSignOn: true });
    const client = new RawClient();
    await logIn(simulator, client);
    const start = await client.request(
      "POST",
      `${simulator.plusUrl}/api/authorization/login`,
      '{"redirectAfterLogin":""}',
    );
    const authorize = await client.get(pick(start.body, /"loginRedirectUrl":"([^"]+)"/));
    expect(authorize.headers.get("Location")).toContain(`${simulator.plusUrl}/openid-login-return?code=`);
    await client.get(`${simulator.authUrl}/portal/logout`);
    const again = await client.get(pick(start.body, /"loginRedirectUrl":"([^"]+)"/));
    expect(again.headers.get("Location")).not.toContain("code=");
  });
});

describe("tokens", () => {
  it("live for an hour of the simulator's clock", async () => {
    let now = Date.parse("2026-03-01T10:00:00Z");
    const simulator = await simulatorFor({ now: () => now });
    const token = await logIn(simulator);
    now += 3_599_000;
    expect((await apiCall(simulator, token)).status).toBe(200);
    now += 1_000;
    const refused = await apiCall(simulator, token);
    expect([refused.status, await refused.json(), refused.headers.get("Content-Type")]).toEqual([
      401,
      { msg: "Unauthorized" },
      "text/html;charset=UTF-8",
    ]);
  });

  it("can all be expired, while new ones are good", async () => {
    const simulator = await simulatorFor();
    const token = await logIn(simulator);
    simulator.expireTokens();
    expect((await apiCall(simulator, token)).status).toBe(401);
    expect((await apiCall(simulator, await logIn(simulator))).status).toBe(200);
  });

  it("can all be refused, however new, in each way that is said of the service", async () => {
    const simulator = await simulatorFor({ refuseTokens: true });
    const token = await logIn(simulator);
    for (const [tokenRefusal, status] of [
      [401, 401],
      [403, 403],
      ["login-page", 200],
    ] as const) {
      simulator.set({ tokenRefusal });
      const answer = await apiCall(simulator, token);
      expect([answer.status, (await answer.text()).includes('type="password"')]).toEqual([
        status,
        tokenRefusal === "login-page",
      ]);
    }
  });
});

describe("interceptions", () => {
  it("answer the next matching requests and no others", async () => {
    const simulator = await simulatorFor();
    const token = await logIn(simulator);
    simulator.answerNext({ pathIncludes: "/info", times: 2, answer: { status: 429, headers: { "Retry-After": "3" } } });
    expect((await apiCall(simulator, token, "/api/customers/50123456/assets")).status).toBe(200);
    const first = await apiCall(simulator, token);
    expect([first.status, first.headers.get("Retry-After")]).toEqual([429, "3"]);
    expect((await apiCall(simulator, token)).status).toBe(429);
    expect((await apiCall(simulator, token)).status).toBe(200);
  });

  it("cut the connection", async () => {
    const simulator = await simulatorFor();
    simulator.answerNext({ answer: "disconnect" });
    await expect(fetch(simulator.plusUrl)).rejects.toThrow();
    expect((await fetch(simulator.plusUrl)).status).toBe(200);
  });

  it("hang until the simulator stops, which it does at once", async () => {
    const simulator = await startSimulator();
    simulator.answerNext({ answer: "hang" });
    const hanging = fetch(simulator.plusUrl).then(
      () => "answered",
      () => "cut",
    );
    const arrived = async () => {
      while (simulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await arrived();
    expect(simulator.requests[0]?.status).toBeNull();
    await simulator.stop();
    expect(await hanging).toBe("cut");
  });

  it("count a password post that they answer", async () => {
    const simulator = await simulatorFor();
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    simulator.answerNext({ site: "auth", method: "POST", answer: { status: 503 } });
    expect((await postCredentials(client, page, ajaxAddressOf(page))).status).toBe(503);
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([1, 0]);
  });
});

describe("the record of requests", () => {
  it("holds no secret", async () => {
    const simulator = await simulatorFor({ password: "tuiki-salainen" });
    await logIn(simulator).catch(() => undefined);
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    await postCredentials(client, page, ajaxAddressOf(page), { password: "tuiki-salainen" });
    const record = JSON.stringify(simulator.requests);
    expect(record).not.toContain("tuiki-salainen");
    for (const value of client.cookies.values()) expect(record).not.toContain(value);
    expect(simulator.requests.at(-1)).toMatchObject({
      method: "POST",
      path: "/portal/login",
      kind: "password accepted",
    });
  });
});

describe("starting", () => {
  it("explains a port that is taken", async () => {
    const simulator = await simulatorFor();
    await expect(startSimulator({ authPort: simulator.port })).rejects.toThrow(
      /cannot listen on 127\.0\.0\.1 port \d+/,
    );
  });

  it("explains two sites of one address, and an address that is none", async () => {
    await expect(startSimulator({ plusUrl: "https://a.fi", authUrl: "https://a.fi" })).rejects.toThrow(
      "two host names",
    );
    await expect(startSimulator({ plusUrl: "plus.fi" })).rejects.toThrow('plusUrl is "plus.fi"');
  });
});
