import { describe, expect, it } from "vitest";
import type { VariantName } from "../../src/simulator/index.js";
import {
  AJAX_HEADERS,
  ajaxAddressOf,
  askForToken,
  hiddenFields,
  locationOf,
  logIn,
  openLoginPage,
  pick,
  postCredentials,
  RawClient,
  walkToCallback,
} from "./support/raw-http.js";
import { simulatorFor } from "./support/running.js";

/** The addresses that the clients of each date had built in. */
const HARD_CODED = {
  "2023-01": "/portal/wicket/page?3-1.IBehaviorListener.0-userIDPanel-usernameLogin-loginWithUserID",
  "2023-11": "/portal/wicket/page?3-1.0-userIDPanel-usernameLogin-loginWithUserID",
  "2024-10": "/portal/login?2-1.0-userIDPanel-usernameLogin-loginWithUserID",
} as const;
const DATES = ["2023-01", "2023-11", "2024-10", "2026-08"] as const;
const OLD_DATES = ["2023-01", "2023-11", "2024-10"] as const;

describe("the login as its clients have met it", () => {
  it.each(OLD_DATES)("%s: goes through with that date's own address, told in header and body", async (variant) => {
    const simulator = await simulatorFor({ variant });
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    expect(new URL(page.url).pathname).toBe("/portal/login");
    const posted = await postCredentials(client, page, simulator.authUrl + HARD_CODED[variant]);
    const next = posted.headers.get("Ajax-Location") ?? "";
    expect(next).toMatch(/^\.\/wicket\/page\?\d$/);
    expect(posted.body).toContain(`<ajax-response><redirect><![CDATA[${next}]]></redirect></ajax-response>`);
    const callback = await walkToCallback(client, `${simulator.authUrl}/portal${next.slice(1)}`);
    expect([...callback.searchParams.keys()]).toEqual(["code", "state", "session_state"]);
    const token: unknown = JSON.parse((await askForToken(client, simulator, callback)).body);
    expect(token).toMatchObject({ user: { ownCustomerNumbers: ["50123456"], representedCustomerNumbers: [] } });
  });

  it("2026-08: goes through with the address of the page, told in the body alone", async () => {
    const simulator = await simulatorFor({ variant: "2026-08" });
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    const address = ajaxAddressOf(page);
    expect(address).toMatch(/\/portal\/login\?\d\d-1\.0-userIDPanel-usernameLogin-loginWithUserID$/);
    const posted = await postCredentials(client, page, address);
    expect(posted.headers.get("Ajax-Location")).toBeNull();
    const next = pick(posted.body, /<redirect><!\[CDATA\[(\.\/wicket\/page\?\d+)\]\]>/);
    const callback = await walkToCallback(client, new URL(next, page.url).href);
    expect((await askForToken(client, simulator, callback)).status).toBe(200);
  });

  it.each(
    DATES.flatMap((variant) => OLD_DATES.filter((date) => date !== variant).map((date) => [variant, date] as const)),
  )("%s: an address of %s leads to an ordinary page that begins with another meta", async (variant, date) => {
    const simulator = await simulatorFor({ variant });
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    const posted = await postCredentials(client, page, simulator.authUrl + HARD_CODED[date]);
    const next = posted.headers.get("Ajax-Location") ?? pick(posted.body, /CDATA\[(.+?)\]/);
    expect(next).toContain("errorGenericPage");
    const error = await client.get(new URL(next, page.url).href);
    expect(pick(error.body, /<meta [^>]*content="([^"]+)"/).slice(6)).toBe("e,chrome=1");
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([1, 0]);
  });

  it("2026-08: gives each session another page number", async () => {
    const simulator = await simulatorFor();
    const numbers = new Set<string>();
    for (let session = 0; session < 12; session += 1)
      numbers.add(pick(ajaxAddressOf(await openLoginPage(new RawClient(), simulator)), /\?(\d+)-/));
    expect(numbers.size).toBeGreaterThan(3);
  });

  it.each([
    ["2023-01", 200],
    ["2023-11", 200],
    ["2024-10", 200],
    ["2026-08", 400],
  ] as const)("%s: the token after loading the callback answers %i", async (variant, status) => {
    const simulator = await simulatorFor({ variant });
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    const posted = await postCredentials(client, page, ajaxAddressOf(page));
    const next = pick(posted.body, /CDATA\[(.+?)\]/);
    const callback = await walkToCallback(client, new URL(next, page.url).href);
    expect((await client.get(callback.href)).status).toBe(200);
    const answer = await askForToken(client, simulator, callback);
    expect(answer.status).toBe(status);
    if (status === 400) expect(JSON.parse(answer.body)).toEqual({ msg: "Authentication state not found." });
  });
});

describe("the login is strict where the service is", () => {
  async function atLoginPage(variant: VariantName = "2026-08") {
    const simulator = await simulatorFor({ variant });
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    return { simulator, client, page, address: ajaxAddressOf(page) };
  }

  async function atCallback() {
    const { simulator, client, page, address } = await atLoginPage();
    const posted = await postCredentials(client, page, address);
    const next = new URL(pick(posted.body, /CDATA\[(.+?)\]/), page.url).href;
    return { simulator, client, next };
  }

  it("does not judge a post that is no Ajax call, nor one to the form's own action", async () => {
    const { simulator, client, page, address } = await atLoginPage();
    const { "Wicket-Ajax": _left, ...withoutAjax } = AJAX_HEADERS;
    const plain = await postCredentials(client, page, address, {}, withoutAjax);
    expect([plain.status, locationOf(plain)]).toEqual([302, `${simulator.authUrl}/portal/login`]);
    const action = new URL(pick(page.body, /<form [^>]*action="([^"]+)"/), page.url).href;
    expect((await postCredentials(client, page, action)).status).toBe(302);
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([2, 0]);
  });

  it.each(["anti_csrf", "userIDPanel-usernameLogin_hf_0"])("wants the hidden field %s back", async (name) => {
    const { simulator, client, page, address } = await atLoginPage();
    const fields = hiddenFields(page.body);
    expect(fields.has(name)).toBe(true);
    fields.delete(name);
    fields.append("ttqusername", "demo@example.com");
    fields.append("userPassword", "demo");
    const posted = await client.request("POST", address, fields, AJAX_HEADERS);
    expect(posted.body).toContain("errorGenericPage");
    expect(simulator.passwordsJudged).toBe(0);
  });

  it("wants the session's cookies back", async () => {
    const { page, address } = await atLoginPage();
    expect((await postCredentials(new RawClient(), page, address)).body).toContain("errorGenericPage");
  });

  it("knows a login only from the browser that began it, even where another has the session", async () => {
    const { client, page, address } = await atLoginPage();
    const thief = new RawClient();
    thief.cookies.set("JSESSIONID", client.cookies.get("JSESSIONID") ?? "");
    expect((await postCredentials(thief, page, address)).body).toContain("errorGenericPage");
    expect((await postCredentials(client, page, address)).body).toContain("./wicket/page?");
  });

  it("refuses a page version that is not the page's", async () => {
    const { client, page, address } = await atLoginPage();
    const posted = await postCredentials(client, page, address.replace("-1.0-", "-2.0-"));
    expect(posted.body).toContain("errorGenericPage");
  });

  it("wants every field of the relayed form back, empty ones too", async () => {
    const { client, next } = await atCallback();
    const refresh = await client.get(next);
    const responder = await client.get(pick(refresh.body, /URL=(http[^"]+)"/));
    const action = pick(responder.body, /<form method="post" action="(http[^"]+)"/);
    const fields = hiddenFields(responder.body);
    expect(fields.has("resp")).toBe(true);
    fields.delete("relayState");
    expect(locationOf(await client.request("POST", action, fields))).toContain("errorGenericPage");
  });

  it("does not show the pages after the password to one that gave none", async () => {
    const { simulator, client } = await atLoginPage();
    const key = pick([...client.cookies.keys()].join(), /sessionNonceCookie-([0-9a-f]+)/);
    for (const path of ["/portal/ngpostResponder", "/oauth2/authorize"])
      expect(locationOf(await client.get(`${simulator.authUrl}${path}?sessionDataKey=${key}`))).toContain(
        "errorGenericPage",
      );
  });

  it.each([
    ["as JSON", (callback: URL) => JSON.stringify(Object.fromEntries(callback.searchParams)), "application/json"],
    ["as a form that is labelled JSON", (callback: URL) => callback.search.slice(1), "application/json"],
    ["with another state", () => "code=x&state=y&session_state=z", "application/x-www-form-urlencoded"],
  ])("answers 400 to the token call %s", async (_name, body, type) => {
    const { simulator, client, next } = await atCallback();
    const callback = await walkToCallback(client, next);
    const answer = await client.request("POST", `${simulator.plusUrl}/api/authorization/token`, body(callback), {
      "Content-Type": type,
    });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { msg: "Authentication state not found." }]);
  });

  it("gives a token once for a code, and only to the browser that began", async () => {
    const { simulator, client, next } = await atCallback();
    const callback = await walkToCallback(client, next);
    expect((await askForToken(new RawClient(), simulator, callback)).status).toBe(400);
    expect((await askForToken(client, simulator, callback)).status).toBe(200);
    expect((await askForToken(client, simulator, callback)).status).toBe(400);
  });
});

describe("the login is lenient where clients differ", () => {
  it("takes the raw query string without a Content-Type", async () => {
    const simulator = await simulatorFor();
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    const posted = await postCredentials(client, page, ajaxAddressOf(page));
    const callback = await walkToCallback(client, new URL(pick(posted.body, /CDATA\[(.+?)\]/), page.url).href);
    const body = new Blob([callback.search.slice(1)]);
    const response = await fetch(`${simulator.plusUrl}/api/authorization/token`, {
      method: "POST",
      body,
      headers: { Cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
    });
    expect(response.status).toBe(200);
  });

  it("takes any base address header and no submit field", async () => {
    const simulator = await simulatorFor();
    const client = new RawClient();
    const page = await openLoginPage(client, simulator);
    const fields = hiddenFields(page.body);
    fields.append("ttqusername", "Demo@Example.com");
    fields.append("userPassword", "demo");
    const headers = { "Wicket-Ajax": "true", "Wicket-Ajax-BaseURL": ".", "User-Agent": "x" };
    expect((await client.request("POST", ajaxAddressOf(page), fields, headers)).body).toContain("./wicket/page?");
  });

  it("labels its JSON as HTML and names its cookies apart on the two sites", async () => {
    const simulator = await simulatorFor();
    const client = new RawClient();
    const start = await client.request(
      "POST",
      `${simulator.plusUrl}/api/authorization/login`,
      '{"redirectAfterLogin":""}',
    );
    expect(start.headers.get("Content-Type")).toContain("text/html");
    const ofPlus = new Set(client.cookies.keys());
    const other = new RawClient();
    await logIn(simulator, other);
    expect(other.cookies.has("JSESSIONID")).toBe(true);
    expect(ofPlus.has("JSESSIONID")).toBe(false);
  });

  it("is told the site by the Host header when it has public addresses", async () => {
    const simulator = await simulatorFor({ plusUrl: "https://plus.example.fi", authUrl: "https://auth.example.fi" });
    expect(simulator.plusUrl).toBe("https://plus.example.fi");
    const { request } = await import("node:http");
    const kindOf = (host: string, path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ host: "127.0.0.1", port: simulator.port, path, headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on("error", reject)
          .end();
      });
    await kindOf("auth.example.fi", "/portal/logout");
    await kindOf("auth.example.fi:443", "/portal/logout");
    await kindOf("plus.example.fi", "/");
    expect(simulator.requests.map(({ site, kind }) => [site, kind])).toEqual([
      ["auth", "logged out"],
      ["auth", "logged out"],
      ["plus", "front page"],
    ]);
  });
});
