import { describe, expect, it } from "vitest";
import {
  CarunaUnreachable,
  CredentialsRejected,
  LoginChanged,
  PersonNeeded,
  RateLimited,
  SecondFactorRequired,
} from "../../src/caruna/index.js";
import { type Interception, variantNames } from "../../src/simulator/index.js";
import {
  clientFor,
  clientOf,
  errorOf,
  KNOWN_DATES,
  LOGIN_FORM,
  portalOf,
  rawServer,
  sendHtml,
  sendJson,
  sendRedirect,
  simulatorFor,
  tokenAnswer,
} from "../support/caruna.js";

const WRONG_PASSWORD_WORDS = "Käyttäjätunnus tai salasana on virheellinen.";
const PLAIN_FORMS = ["future-plain-form", "future-button-submit"] as const;

/** A login page whose answer to the password is the test's. */
async function portalWithAnswer(answer: Parameters<typeof portalOf>[0][string], more: Parameters<typeof portalOf>[0]) {
  return await portalOf({ "/first": (_, response) => sendHtml(response, LOGIN_FORM), "/judge": answer, ...more });
}

describe("a login that succeeds", () => {
  it.each(variantNames())("%s: one password post, and the callback is never loaded", async (variant) => {
    const simulator = await simulatorFor({ variant });
    const { client, log } = clientFor(simulator);
    expect(await client.customerNumbers()).toEqual(["50123456"]);
    expect([simulator.passwordPosts, simulator.passwordsJudged, simulator.tokensIssued]).toEqual([1, 1, 1]);
    expect(simulator.requests.map((request) => request.kind)).not.toContain("callback");
    expect(simulator.requests.length).toBeLessThanOrEqual(16);
    const steps = log.entries.filter((entry) => entry.message === "login step");
    expect(steps.length).toBe(simulator.requests.length - 2);
  });

  it.each(KNOWN_DATES)("%s: at most 12 requests", async (variant) => {
    const simulator = await simulatorFor({ variant });
    await clientFor(simulator).client.customerNumbers();
    expect(simulator.requests.length).toBeLessThanOrEqual(12);
  });

  it("takes the expiry as a number or as a string of digits", async () => {
    for (const expiresAt of [1_900_000_000, "1900000000"]) {
      const portal = await portalOf({
        "/first": (_, response) => sendRedirect(response, "/done"),
        "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer({ expiresAt })),
      });
      expect(await clientOf(portal.url).client.customerNumbers()).toEqual(["50123456"]);
    }
  });

  it("takes customer numbers as strings or numbers, each once", async () => {
    const user = { ownCustomerNumbers: [50123456, "50123457"], representedCustomerNumbers: ["50123456"] };
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/done"),
      "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer({ user })),
    });
    expect(await clientOf(portal.url).client.customerNumbers()).toEqual(["50123456", "50123457"]);
  });

  it("passes a cookie that a page has no right to set", async () => {
    const portal = await portalOf({
      "/first": (_, response) => {
        response.setHeader("Set-Cookie", ["a=b; Domain=example.com", "=; ;", "good=1; Path=/"]);
        sendRedirect(response, "/done");
      },
    });
    await clientOf(portal.url).client.customerNumbers();
    expect(portal.received.at(-1)?.headers.cookie).toBe("good=1");
  });

  it("asks for the user name first where the page does, and posts both once", async () => {
    const portal = await portalOf({
      "/first": (_, response) =>
        sendHtml(
          response,
          '<form method="post" action="/second"><input type="email" name="email"><button>Jatka</button>',
        ),
      "/second": (_, response) =>
        sendHtml(
          response,
          '<form method="post" action="/done"><input type="password" name="p"><button>Kirjaudu</button>',
        ),
    });
    await clientOf(portal.url).client.customerNumbers();
    expect(portal.received.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      expect.stringContaining("redirectAfterLogin"),
      "email=demo%40example.com",
      "p=demo",
      "code=c&state=s&session_state=t",
    ]);
  });

  it("does not follow a refresh that is a session's time-out", async () => {
    const page = '<meta http-equiv="refresh" content="900;url=/timeout"><a href="/done">Jatka</a>';
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, page) });
    await clientOf(portal.url).client.customerNumbers();
  });

  it("sends the password byte for byte", async () => {
    const password = `$ # ; = " ' ä € & + % \\ 😀`;
    for (const variant of ["2026-08", "future-button-submit"] as const) {
      const simulator = await simulatorFor({ variant, password });
      await clientFor(simulator, { password }).client.customerNumbers();
      expect(simulator.passwordPosts).toBe(1);
    }
  });
});

describe("credentials that Caruna+ rejects", () => {
  const styles = ["feedback", "redirect", "401"] as const;
  const cases = [...KNOWN_DATES, ...PLAIN_FORMS].flatMap((variant) => styles.map((style) => [variant, style] as const));

  it.each(cases)("%s, answered by %s: one password post and Caruna's words", async (variant, wrongPassword) => {
    const simulator = await simulatorFor({ variant, wrongPassword });
    const error = await errorOf(clientFor(simulator, { password: "wrong" }).client.customerNumbers());
    expect(error).toBeInstanceOf(CredentialsRejected);
    expect(error.message).toContain(WRONG_PASSWORD_WORDS);
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([1, 1]);
  });

  it("counts a locked account as a rejection, although it is locked only for a while", async () => {
    const page = `<div class="feedback">Tunnus on lukittu tilapäisesti.</div>${LOGIN_FORM}`;
    const portal = await portalWithAnswer((_, response) => sendHtml(response, page), {});
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(CredentialsRejected);
    expect(error.message).toContain("lukittu tilapäisesti");
  });

  it("gives all of Caruna's words, not the shortest of them", async () => {
    const words =
      '<div class="feedback"><span class="error">Virhe</span><span class="error">Salasana on väärä.</span></div>';
    const portal = await portalWithAnswer((_, response) => sendHtml(response, words + LOGIN_FORM), {});
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error.message).toContain('"Virhe Salasana on väärä."');
  });

  it("masks addresses and numbers in Caruna's words", async () => {
    const page = `<div id="x_FeedbackMessage1">Tili aku@example.com, asiakas 50123456.</div>${LOGIN_FORM}`;
    const portal = await portalWithAnswer((_, response) => sendHtml(response, page), {});
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error.message).toContain('"Tili …@… asiakas …."');
  });
});

describe("an Ajax answer that no browser would read", () => {
  const odd = [
    ["nested without end", '<div class="error">'.repeat(20_000), LoginChanged],
    [
      "with attributes that every object has",
      '<div class="feedback" constructor="1" __proto__>Väärin.</div>',
      CredentialsRejected,
    ],
  ] as const;

  it.each(odd)("%s: ends as any other answer", async (_, markup, kind) => {
    const simulator = await simulatorFor({});
    const body = `<ajax-response><component id="a"><![CDATA[${markup}]]></component></ajax-response>`;
    simulator.answerNext({ site: "auth", method: "POST", answer: { status: 200, headers: {}, body } });
    expect(await errorOf(clientFor(simulator).client.customerNumbers())).toBeInstanceOf(kind);
  });
});

describe("a second factor", () => {
  it.each([...KNOWN_DATES, ...PLAIN_FORMS])("%s: ends with what was asked, and no second post", async (variant) => {
    const simulator = await simulatorFor({ variant, secondFactor: true });
    const error = await errorOf(clientFor(simulator).client.customerNumbers());
    expect(error).toBeInstanceOf(SecondFactorRequired);
    expect(error.message).toContain("vahvistuskoodi");
    expect(simulator.passwordPosts).toBe(1);
  });

  it("is known where the code is typed into a password field", async () => {
    const page = `<p>Syötä vahvistuskoodi.</p><form method="post" action="/code"><input type="password" name="otp"></form>`;
    const portal = await portalWithAnswer((_, response) => sendHtml(response, page), {});
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(SecondFactorRequired);
    expect(portal.passwordPosts).toBe(1);
  });
});

describe("what is no rejection", () => {
  it.each([200, 503] as const)(
    "maintenance with status %i is told as such, before any password",
    async (maintenance) => {
      const simulator = await simulatorFor({ maintenance });
      const error = await errorOf(clientFor(simulator).client.customerNumbers());
      expect(error).toBeInstanceOf(CarunaUnreachable);
      expect(simulator.passwordPosts).toBe(0);
    },
  );

  it.each(["/api/authorization/login", "/api/authorization/token"])(
    "a maintenance page in place of the answer of %s",
    async (pathIncludes) => {
      const simulator = await simulatorFor({});
      const headers = { "Content-Type": "text/html" };
      simulator.answerNext({ pathIncludes, answer: { status: 200, headers, body: "<h1>Huoltokatko</h1>" } });
      const error = await errorOf(clientFor(simulator).client.customerNumbers());
      expect(error).toBeInstanceOf(CarunaUnreachable);
      expect(error.message).toContain("Huoltokatko");
    },
  );

  it("a maintenance page with a link home is maintenance, not a notice", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, '<h1>Huoltokatko</h1><a href="/home">Etusivulle</a>'),
    });
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(CarunaUnreachable);
  });

  it("a notice of maintenance to come is passed", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, '<h1>Huoltokatko ensi viikolla</h1><a href="/done">Jatka</a>'),
    });
    await clientOf(portal.url).client.customerNumbers();
  });

  it("trouble that the login page tells of after the password", async () => {
    const page = `<div class="feedback">Palvelussa on häiriö.</div>${LOGIN_FORM}`;
    const portal = await portalWithAnswer((_, response) => sendHtml(response, page), {});
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(CarunaUnreachable);
  });

  it("a page that wants a new password chosen: the old one was right", async () => {
    const page = `<form method="post" action="/change"><input type="password" name="old">
      <input type="password" name="a" autocomplete="new-password"><input type="password" name="b"></form>`;
    const portal = await portalWithAnswer((_, response) => sendHtml(response, page), {});
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(PersonNeeded);
    expect(portal.passwordPosts).toBe(1);
  });
});

describe("a lost session", () => {
  it.each([...KNOWN_DATES, ...PLAIN_FORMS])("%s: lost after the post, there is no second one", async (variant) => {
    const simulator = await simulatorFor({ variant, loseSessions: 1 });
    const { client } = clientFor(simulator);
    expect(await errorOf(client.customerNumbers())).toBeInstanceOf(CarunaUnreachable);
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([1, 0]);
    await client.customerNumbers();
    expect([simulator.passwordPosts, simulator.passwordsJudged]).toEqual([2, 1]);
  });

  it("lost after the password was judged: no second post", async () => {
    const portal = await portalWithAnswer((_, response) => sendRedirect(response, "/welcome"), {
      "/welcome": (_, response) => sendHtml(response, '<meta http-equiv="refresh" content="0;url=/next">'),
      "/next": (_, response) => sendRedirect(response, "/errorGenericPage"),
    });
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(CarunaUnreachable);
    expect(portal.passwordPosts).toBe(1);
  });

  it("lost before the password: begins anew, and posts it once", async () => {
    let visits = 0;
    const portal = await portalOf({
      "/first": (_, response) => {
        visits += 1;
        if (visits === 1) return sendRedirect(response, "/portal/wicket/bookmarkable/errorGenericPage");
        return sendHtml(response, LOGIN_FORM);
      },
      "/judge": (_, response) => sendRedirect(response, "/done"),
    });
    await clientOf(portal.url).client.customerNumbers();
    expect(portal.passwordPosts).toBe(1);
  });
});

describe("the password post is never repeated", () => {
  const answers: [string, Interception["answer"], typeof CarunaUnreachable | typeof RateLimited][] = [
    ["a cut connection", "disconnect", CarunaUnreachable],
    ["no answer", "hang", CarunaUnreachable],
    ["503", { status: 503 }, CarunaUnreachable],
    ["429", { status: 429, headers: { "Retry-After": "1" } }, RateLimited],
  ];

  it.each(answers)("after %s", async (_, answer, expected) => {
    const simulator = await simulatorFor();
    simulator.answerNext({ method: "POST", pathIncludes: "/portal/login", answer });
    const { client, waits } = clientFor(simulator, { limits: { requestTimeoutMs: answer === "hang" ? 2000 : 30_000 } });
    expect(await errorOf(client.customerNumbers())).toBeInstanceOf(expected);
    expect(simulator.passwordPosts).toBe(1);
    expect(waits).toEqual([]);
  });

  it.each([307, 308])("after a %i that wants it posted elsewhere", async (status) => {
    const portal = await portalWithAnswer((_, response) => sendRedirect(response, "/judge", status), {});
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(LoginChanged);
    expect(portal.passwordPosts).toBe(1);
  });
});

describe("a login that does not end", () => {
  it("notices a circle of pages", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/second"),
      "/second": (_, response) => sendHtml(response, '<meta http-equiv="refresh" content="0;url=/first">'),
    });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error.message).toContain("the same page again and again");
    expect(portal.received.length).toBeLessThan(8);
  });

  it("ends after 25 requests", async () => {
    let count = 0;
    const portal = await rawServer((request, response) => {
      count += 1;
      if (request.method === "POST") return sendJson(response, { loginRedirectUrl: "/0" });
      return sendRedirect(response, `/page${count}`);
    });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error.message).toContain("25 requests");
    expect(portal.received.length).toBe(25);
  });
});

describe("a login that changed", () => {
  it("names the step and what stood there: title, forms, fields and types, no values", async () => {
    const page = `<title>Uusi kirjautuminen 12345</title><form method="post" action="/go/123456">
      <input type="text" name="pin" value="CANARY"><select name="bank"><option>CANARY</option></select></form>
      <form><input type="text" name="q"></form>`;
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, page) });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error).toMatchObject({ address: "GET /first", expected: expect.stringContaining("a way on") });
    for (const part of ['"Uusi kirjautuminen …5"', "POST /go/…", "pin:text", "bank:select", "no meta refresh"])
      expect(error.message).toContain(part);
    expect(error.message).not.toContain("CANARY");
  });

  it.each([
    ["an answer that is no JSON", "<html></html>"],
    ["no address", "{}"],
    ["an address that is none", '{"loginRedirectUrl": "http://["}'],
  ])("says so of the first call: %s", async (_, body) => {
    const portal = await portalOf({ "/api/authorization/login": (_, response) => sendHtml(response, body) });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error).toMatchObject({ step: "start" });
  });

  it.each([
    ["no token", { expiresAt: 1_900_000_000, user: {} }, "token"],
    ["no expiry", { token: "ey", user: {} }, "expiresAt"],
    ["no user", { token: "ey", expiresAt: 1_900_000_000 }, "user"],
  ])("names the field that the token's answer lacks: %s", async (_, answer, field) => {
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/done"),
      "/api/authorization/token": (_, response) => sendJson(response, answer),
    });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error.message).toContain(`${field}:`);
  });

  it("gives the API's own message where the token is refused", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "/done"),
      "/api/authorization/token": (_, response) => sendJson(response, { msg: "Authentication state not found." }, 400),
    });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error.message).toContain('HTTP 400 "Authentication state not found."');
  });

  it("does not post a password field that has no name", async () => {
    const form = '<form method="post" action="/judge"><input name="user"><input type="password" id="p"></form>';
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, form) });
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(LoginChanged);
    expect(portal.received.some(({ address }) => address === "/judge")).toBe(false);
  });

  it("does not type the password into a form that registers a new account", async () => {
    const form = `<form method="post" action="/join"><input name="email"><input type="password" name="a" autocomplete="new-password">
      <input type="password" name="b" autocomplete="new-password"></form>`;
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, form) });
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(LoginChanged);
    expect(portal.passwordPosts).toBe(0);
  });
});
