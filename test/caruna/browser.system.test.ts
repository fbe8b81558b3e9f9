import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type BrowserOptions,
  type CarunaClientOptions,
  type LoginGuard,
  type LoginOutcome,
  type LoginTranscript,
  memorySessionStore,
} from "../../src/caruna/index.js";
import { type SimulatorOptions, scriptedVariantNames } from "../../src/simulator/index.js";
import {
  atTheEnd,
  clientFor,
  clientOf,
  errorOf,
  portalOf,
  type Received,
  rawServer,
  sendHtml,
  sendRedirect,
  simulatorFor,
} from "../support/caruna.js";

const ACCOUNT = { user: "äijö@example.com", password: 'pä"ss<w>ö&rd $+ €' };
const PORTAL_PASSWORD = "s4la&na-sana";

/** The system's Chromium, with its profiles in a folder of the test's own. */
async function aBrowser(): Promise<BrowserOptions> {
  const profileFolder = await mkdtemp(join(tmpdir(), "caruna-browser-"));
  atTheEnd(() => rm(profileFolder, { recursive: true, force: true }));
  return { executable: process.env.CHROMIUM ?? "/usr/bin/chromium", profileFolder };
}

/** A client of a simulated portal that may start a browser. */
async function simulated(options: SimulatorOptions, clientOptions: Partial<CarunaClientOptions> = {}) {
  const simulator = await simulatorFor({ ...ACCOUNT, ...options });
  const browser = await aBrowser();
  const authUrl = new URL(simulator.authUrl);
  const { client, log } = clientFor(simulator, {
    ...{ username: ACCOUNT.user, password: ACCOUNT.password, browser },
    allowedHosts: [authUrl.host, `localhost:${authUrl.port}`],
    ...clientOptions,
  });
  return { simulator, client, log, profileFolder: browser.profileFolder };
}

type Pages = Parameters<typeof portalOf>[0];

/** A client of a portal of the test's own that may start a browser. */
async function portal(pages: Pages, options: Partial<CarunaClientOptions> = {}) {
  const server = await portalOf(pages, PORTAL_PASSWORD);
  const browser = await aBrowser();
  const account = { username: "aino@example.com", password: PORTAL_PASSWORD };
  return { server, ...clientOf(server.url, server.url, { ...account, browser, ...options }) };
}

const html = (body: string) => (_: Received, response: ServerResponse) => sendHtml(response, body);
const redirect = (to: string) => (_: Received, response: ServerResponse) => sendRedirect(response, to);

/** A page whose fields belong to no form, and whose script does this with `user` and `password` when the button is pressed. */
function scripted(script: string, more = ""): string {
  return `<title>Kirjaudu</title><h1>Kirjaudu</h1><div><label for="u">Sähköposti</label><input id="u"><label for="p">Salasana</label>
<input id="p" type="password">${more}<button id="b" type="button">Kirjaudu</button></div><script>
document.getElementById("b").addEventListener("click", function () {
  var user = document.getElementById("u").value, password = document.getElementById("p").value;
  ${script}
});</script>`;
}

const POST = 'fetch("/judge", { method: "POST", body: new URLSearchParams({ user: user, pass: password }) })';

describe("portals that only a browser passes", () => {
  it.each(scriptedVariantNames())("%s: one password post, and the callback is never loaded", async (variant) => {
    const { simulator, client, log, profileFolder } = await simulated({ variant });
    expect(await client.customerNumbers()).toHaveLength(1);
    expect(simulator.passwordPosts).toBe(1);
    expect(simulator.requests.filter(({ kind }) => kind === "callback")).toEqual([]);
    expect(await readdir(profileFolder)).toEqual([]);
    expect(log.entries.find(({ message }) => message === "the browser has done its part")?.fields).toMatchObject({
      megabytes: expect.any(Number),
    });
    expect(JSON.stringify(log.entries)).not.toContain(ACCOUNT.password);
  });

  it.each(["script-fetch", "script-shadow"] as const)("%s: a wrong password is reported as one", async (variant) => {
    const { simulator, client } = await simulated({ variant }, { password: "something else" });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "CredentialsRejected" });
    expect(simulator.passwordPosts).toBe(1);
  });

  it("are not passed without one, and the message names what to add", async () => {
    const { simulator, client } = await simulated({ variant: "script-page" }, { browser: undefined });
    const error = await errorOf(client.customerNumbers());
    expect(error).toMatchObject({ name: "LoginChanged", needsScript: true });
    expect(error.message).toContain("A real browser could go on, but none may be started");
    expect(simulator.passwordPosts).toBe(0);
  });

  it("are passed through another browser's name only where there is one", async () => {
    const browser = { ...(await aBrowser()), executable: "/nowhere/chrome" };
    const { client } = await simulated({ variant: "script-page" }, { browser });
    const error = await errorOf(client.customerNumbers());
    expect(error.message).toContain("CARUNA_BROWSER names /nowhere/chrome");
  });
});

describe("what leaves the browser", () => {
  it("is one password post, whatever the page wants", async () => {
    const { server, client } = await portal({
      "/first": html(scripted(`${POST}; ${POST}.then(function () { location.href = "/done"; });`)),
      "/judge": html("{}"),
    });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "LoginChanged", step: "password post" });
    expect(server.passwordPosts).toBe(1);
  });

  it("is one password post, although the connection is cut and a browser of its own would send it again", async () => {
    const { server, client } = await portal({
      "/first": html(scripted(`${POST}.then(function () { location.href = "/done"; });`)),
      "/judge": (_, response) => void response.destroy(),
    });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "CarunaUnreachable" });
    expect(server.passwordPosts).toBe(1);
  });

  it.each([
    ["the address", 'fetch("/judge?pass=" + encodeURIComponent(password));'],
    ["the path", 'location.href = "/judge/" + encodeURIComponent(password);'],
    ["a header", 'fetch("/judge", { headers: { Authorization: "Basic " + btoa(user + ":" + password) } });'],
    ["a cookie", 'document.cookie = "p=" + encodeURIComponent(password) + "; path=/"; location.href = "/judge";'],
    ["a picture's address elsewhere", 'new Image().src = "http://127.0.0.1:9/x.png?" + encodeURIComponent(password);'],
  ])("never has the password in %s", async (_, script) => {
    const { server, client } = await portal({ "/first": html(scripted(script)), "/judge": redirect("/done") });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "LoginChanged", step: "password post" });
    const seen = server.received.map(({ address, headers }) => decodeURIComponent(address + JSON.stringify(headers)));
    expect(seen.filter((text) => text.includes(PORTAL_PASSWORD) || text.includes("Basic "))).toEqual([]);
  });

  it("goes to allowed hosts alone; scripts and pictures come from elsewhere, without cookies", async () => {
    const elsewhere = await rawServer((request, response) => {
      response.setHeader("Set-Cookie", "seen=1");
      if (!request.address.startsWith("/lib.js")) return sendHtml(response, "x");
      response.writeHead(200, { "Content-Type": "text/javascript" }).end("window.loaded = true;");
    });
    const other = elsewhere.url.replace("127.0.0.1", "localhost");
    const { client } = await portal({
      "/first": html(
        `<script src="${other}/lib.js"></script><img src="${other}/x.png"><iframe src="${other}/frame"></iframe>
<script>document.cookie = "mine=1; path=/"; fetch("${other}/spy", { method: "POST", mode: "no-cors", body: "x" });
navigator.sendBeacon("${other}/beacon", "x"); new WebSocket("${other.replace("http", "ws")}/socket");</script>${scripted(
          `if (window.loaded) ${POST}.then(function () { location.href = "/stuck"; });`,
        )}`,
      ),
      "/judge": html("{}"),
      "/stuck": html("<h1>Hetki</h1>"),
    });
    const error = await errorOf(client.customerNumbers());
    expect(error.message).toContain(`POST ${new URL(other).host} (xhr)`);
    expect(elsewhere.received.map(({ method, address }) => `${method} ${address}`).sort()).toEqual([
      "GET /lib.js",
      "GET /x.png",
    ]);
    expect(elsewhere.received.map(({ headers }) => [headers.cookie, headers.referer])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("is no page of another host", async () => {
    const elsewhere = await rawServer((_, response) => sendHtml(response, "x"));
    const other = elsewhere.url.replace("127.0.0.1", "localhost");
    const { client } = await portal({
      "/first": html(`<p>Hetki</p><script>location.href = [..."${other}/"].join("");</script>`),
    });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "HostNotAllowed" });
    expect(elsewhere.received).toEqual([]);
  });
});

describe("the rules are the same as without a browser", () => {
  it("an optional box is not ticked, a decoy is left alone, and what is needed is", async () => {
    const boxes = `<label><input type="checkbox" id="news"> Tilaa uutiskirje</label>
<div style="opacity:0;position:absolute"><input id="decoy" name="email"></div>
<label><input type="checkbox" id="terms" required> Hyväksyn käyttöehdot</label>`;
    const sent = `var box = function (id) { return document.getElementById(id).checked; };
      fetch("/judge", { method: "POST", body: JSON.stringify({ user: user, pass: password, news: box("news"), terms: box("terms"), decoy: document.getElementById("decoy").value }) })
        .then(function () { location.href = "/done"; });`;
    const { server, client } = await portal({ "/first": html(scripted(sent, boxes)), "/judge": html("{}") });
    await client.customerNumbers();
    const judged = server.received.find(({ address }) => address === "/judge");
    expect(JSON.parse(judged?.body ?? "")).toEqual({
      ...{ user: "aino@example.com", pass: PORTAL_PASSWORD },
      ...{ news: false, terms: true, decoy: "" },
    });
  });

  it("the user name comes first, then the password, then a question that may be skipped, in pages built by script", async () => {
    const show = (body: string) => `document.body.innerHTML = ${JSON.stringify(body)};`;
    const { server, client } = await portal({
      "/first": html(`<div></div><script>
function show(step) { document.body.innerHTML = step; }
var user;
function one() { user = document.getElementById("u").value; fetch("/one", { method: "POST", body: user }).then(function () { ${show(
        '<h1>Kirjaudu</h1><label>Salasana <input type="password" id="p"></label><button onclick="two()">Kirjaudu</button>',
      )} }); }
function two() { fetch("/judge", { method: "POST", body: JSON.stringify({ user: user, pass: document.getElementById("p").value }) }).then(function () { ${show(
        '<h1>Pysy kirjautuneena?</h1><button onclick="yes()">Kyllä</button><a role="button" tabindex="0" onclick="later()">Ei nyt</a>',
      )} }); }
function later() { location.href = "/done"; }
function yes() { location.href = "/stay"; }
${show('<h1>Kirjaudu</h1><label>Sähköposti <input id="u"></label><button onclick="one()">Jatka</button>')}
</script>`),
      "/one": html("{}"),
      "/judge": html("{}"),
    });
    await client.customerNumbers();
    expect(server.received.filter(({ address }) => address === "/one").map(({ body }) => body)).toEqual([
      "aino@example.com",
    ]);
    expect(server.received.filter(({ body }) => body.includes(PORTAL_PASSWORD))).toHaveLength(1);
    expect(server.received.some(({ address }) => address === "/stay")).toBe(false);
  });

  it("a code that only a person has ends it in words", async () => {
    const { client } = await portal({
      "/first": html(
        scripted(
          `${POST}.then(function () { document.body.innerHTML = '<p>Lähetimme vahvistuskoodin puhelimeesi.</p><label>Vahvistuskoodi <input autocomplete="one-time-code"></label><button>Vahvista</button>'; });`,
        ),
      ),
      "/judge": html("{}"),
    });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "SecondFactorRequired" });
  });

  it("a transcript shows the page as its scripts have made it, without a value", async () => {
    const transcripts: LoginTranscript[] = [];
    const { client } = await portal(
      {
        "/first": html(scripted(`${POST}.then(function () { location.href = "/stuck"; });`)),
        "/judge": html("{}"),
        "/stuck": html('<script>document.write("<h1>Kirjaudu</h1><h2>Aino Virtanen</h2>")</script>'),
      },
      {
        onLoginFailed: async (transcript) => {
          transcripts.push(transcript);
          return "transcript.json";
        },
      },
    );
    const error = await errorOf(client.customerNumbers());
    expect(error.message).toContain("transcript.json");
    const shown = transcripts[0]?.exchanges.at(-1);
    expect(shown?.takenFor).toBe("as the browser shows it");
    const text = JSON.stringify(transcripts);
    expect(text).toContain('h1 \\"Kirjaudu\\"');
    expect(text).not.toMatch(/Virtanen|aino@|s4la/);
  });
});

describe("a page behind the password that only a browser can pass", () => {
  const pages: Pages = {
    "/first": html(
      '<form method="post" action="/judge"><label>Sähköposti <input name="user"></label><label>Salasana <input type="password" name="pass"></label><button>Kirjaudu</button></form>',
    ),
    "/judge": redirect("/behind"),
    "/behind": html(
      '<p>Hetki</p><script>setTimeout(function () { location.href = ["/do", "ne"].reverse().reverse().join(""); }, 50);</script>',
    ),
  };

  it("ends that login, and the next one begins in the browser; so do later ones, by what the session keeps", async () => {
    const store = memorySessionStore();
    const outcomes: LoginOutcome[] = [];
    const guard: LoginGuard = {
      check: async () => undefined,
      begin: async () => ({
        pause: undefined,
        end: async (outcome) => {
          outcomes.push(outcome);
          return undefined;
        },
      }),
      needsBrowser: async () =>
        outcomes.some((outcome) => outcome.kind !== "accepted" && outcome.needsBrowser === true),
    };
    const { server, client, log } = await portal(pages, { guard, sessionStore: store });
    const error = await errorOf(client.customerNumbers());
    expect(error).toMatchObject({ name: "LoginChanged" });
    expect(error.message).toContain("The next login goes through a real browser.");
    expect(outcomes).toMatchObject([{ kind: "not understood", needsBrowser: true }]);
    expect(server.passwordPosts).toBe(1);
    expect(await client.customerNumbers()).toEqual(["50123456"]);
    expect(server.passwordPosts).toBe(2);
    expect(outcomes.at(-1)).toEqual({ kind: "accepted" });
    expect(log.entries.filter(({ message }) => message.includes("goes on in a real browser"))).toHaveLength(1);
    expect(await store.load()).toMatchObject({ browserNeededBy: expect.any(String) });
  });
});

it("profiles of programs that were killed are deleted by the next login", async () => {
  const browser = await aBrowser();
  const gone = await mkdtemp(join(browser.profileFolder, "999999999-"));
  const { client } = await simulated({}, { browser });
  await client.customerNumbers();
  expect(existsSync(gone)).toBe(false);
});
