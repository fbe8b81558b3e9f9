import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CarunaError,
  fileTranscripts,
  LoginChanged,
  LoginPaused,
  type LoginTranscript,
} from "../../src/caruna/index.js";
import { structureOfAnswer, structureOfRequest } from "../../src/caruna/login/structure.js";
import type { Interception, SimulatorOptions } from "../../src/simulator/index.js";
import {
  atTheEnd,
  clientFor,
  clientOf,
  errorOf,
  LOGIN_FORM,
  portalOf,
  sendHtml,
  sendRedirect,
  simulatorFor,
} from "../support/caruna.js";

const PAGE = new URL("https://login.example/portal/login");

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "caruna-transcripts-"));
  atTheEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("the structure of a page", () => {
  const html = `<!DOCTYPE html><html lang="fi"><head><title>Hei Matti</title>
<meta content="3; url=/portal/next?sid=SECRET&amp;12345678" http-equiv="Refresh">
<script>// secret.comment("SECRET")
var who = "SECRET"; Wicket.Ajax.ajax({"u":"./login?2-1.0-panel","m":"POST","c":"go5","e":"click","ad":{"inner":"SECRET"},"f":function(a){return {b:"SECRET"};}});
window.track('SECRET', "x:SECRET"); $('#SECRET').data.set({page: "SECRET", 'user-id': 7});</script></head>
<body><h1>Kirjaudu, Matti</h1><p class="a">SECRET</p><p class="b">SECRET</p><my-panel data-who="SECRET"></my-panel>
<form method="post" action="./login?2-1.-panel&x=SECRET" id="f"><input type="hidden" name="csrf" value="SECRET">
<input name="user" value="SECRET"><input type="password" name="pass"><input name="p_50123456" type="hidden"></form></body></html>`;

  it("is its tags, forms, script calls and meta refresh, and not one text or value", () => {
    const structure = structureOfAnswer(html, PAGE);
    expect(structure).toEqual({
      kind: "html",
      length: html.length,
      outline: [
        "html[lang]",
        "  head",
        '    title "Hei …5"',
        "    meta[content http-equiv] Refresh",
        "    script",
        "  body",
        '    h1 "Kirjaudu, …5"',
        "    p[class] ×2",
        "    my-panel[data-who]",
        "    form[action id method]",
        "      input[name type value]",
        "      input[name value]",
        "      input[name type] ×2",
      ],
      forms: [
        {
          method: "POST",
          enctype: "urlencoded",
          action: "login.example/portal/login?2-1.-panel&x",
          fields: ["csrf:hidden", "user:text", "pass:password", "p_…:hidden"],
        },
      ],
      scriptCalls: ["Wicket.Ajax.ajax({u,m,c,e,ad,f})", "window.track()", "data.set({page,user-id})"],
      metaRefresh: { to: "login.example/portal/next?sid&…", delaySeconds: 3 },
    });
    expect(JSON.stringify(structure)).not.toMatch(/SECRET|Matti|12345678/);
  });

  it.each([
    ["values without quotes", '<p title=Matti Meikäläinen class="x">a</p><Matti.Meikalainen>', /matti|meik/i],
    ["an attribute that is not closed", '<input value="Matti name=x><b secret1="1">', /matti|secret/i],
    ["a text that looks like a tag", "<p>Hei <matti@example.com> ja <Salasana123456></p>", /matti|salasana/i],
    [
      "an address that is a value",
      '<form action="/x?SalainenAvain"><a href="/y?SalainenAvain">z</a></form>',
      /salainen/i,
    ],
    ["ids in paths and queries", '<form action="/a/0b9de3b4c1f04d0e8e/1234567?x"></form>', /0b9d|12345/],
    ["a script that does not end its text", '<script>a.b("Salainen); c.d({Avain: 1</script>', /salainen/i],
    ["a name that is a token", `<input name="aB3dE9fGh1jK4mN7pQrS"><input name="matti@example.com">`, /aB3d|matti/],
  ])("holds no value of a page with %s", (_, page, secret) => {
    const structure = structureOfAnswer(page, PAGE);
    expect(structure.kind).toBe("html");
    expect(JSON.stringify(structure)).not.toMatch(secret);
  });

  it("of Wicket's XML is its elements and what stands in their CDATA", () => {
    const body =
      '<?xml version="1.0"?><ajax-response><component id="feedback6"><![CDATA[<span class="feedback">SECRET<input type="password" name="p"></span>]]></component>' +
      "<redirect><![CDATA[./page?SECRET]]></redirect><evaluate><![CDATA[do.it('SECRET')]]></evaluate></ajax-response>";
    const structure = structureOfAnswer(body, PAGE);
    expect(structure).toMatchObject({
      kind: "xml",
      elements: ["ajax-response", "component[id]", "redirect", "evaluate"],
      sections: [{ outline: expect.arrayContaining(["    span[class]", "      input[name type]"]) }],
    });
    expect(JSON.stringify(structure)).not.toContain("SECRET");
  });

  it("of JSON is its keys and types, whatever it is labelled", () => {
    const answer = {
      token: "SECRET",
      user: { email: "SECRET", ownCustomerNumbers: ["50123456", "50123457"], n: null },
      "50123456": [{ a: 1 }, { a: 2 }, { b: true }],
      "matti@example.com": 1,
    };
    expect(structureOfAnswer(JSON.stringify(answer), PAGE)).toEqual({
      kind: "json",
      length: JSON.stringify(answer).length,
      shape: {
        token: "string",
        user: { email: "string", ownCustomerNumbers: ["string"], n: "null" },
        "…": "number",
      },
    });
  });

  it("of anything else is its length; of nothing, nothing", () => {
    expect(structureOfAnswer("SECRET words", PAGE)).toEqual({ kind: "text", length: 12 });
    expect(structureOfAnswer(" \n", PAGE)).toEqual({ kind: "empty" });
  });

  it("of a request is the names of its fields", () => {
    const form = {
      method: "POST",
      url: PAGE,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    } as const;
    expect(structureOfRequest({ ...form, body: "user=SECRET&pass=SECRET&empty=" })).toEqual({
      kind: "form",
      fields: ["user", "pass", "empty"],
    });
    const parts = new FormData();
    parts.append("pass", "SECRET");
    expect(structureOfRequest({ ...form, body: parts })).toEqual({ kind: "form", fields: ["pass"] });
    expect(structureOfRequest({ ...form, headers: {}, body: "SECRET=SECRET" })).toEqual({ kind: "text", length: 13 });
  });

  it("has the words of a login page that are in the vocabulary, names of metas, and where frames lead", () => {
    const page = `<meta name="csrf-token" content="SECRET"><h2>Hei Maija, Mannerheimintie 1 maksaa 12,50 €</h2><a href="/x">Ohita tämä</a>
      <label for="a">Sähköposti maija@example.com</label><input id="a" value="SECRET"><input type="submit" value="Kirjaudu sisään Maija">
      <iframe src="/frame/12345?sid=SECRET"></iframe><script>go("SECRET"); function later() {}</script>`;
    const structure = structureOfAnswer(page, PAGE);
    expect(structure).toMatchObject({ scriptCalls: ["go()"] });
    const { outline } = structure.kind === "html" ? structure : { outline: [] };
    expect(outline.map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        "meta[content name] csrf-token",
        'h2 "Hei …5, …15 …1 …6 …2,…2 …1"',
        'a[href] "Ohita …4"',
        'label[for] "Sähköposti …13.…3"',
        'input[type value] "Kirjaudu …6 …5"',
        "iframe[src] login.example/frame/…?sid",
      ]),
    );
    expect(JSON.stringify(structure)).not.toMatch(/SECRET|maija|manner/i);
  });

  it("stays small for a page that is endless", () => {
    const structure = structureOfAnswer(`<html>${"<p><b>x</b><i>y</i></p>".repeat(3000)}</html>`, PAGE);
    expect(JSON.stringify(structure).length).toBeLessThan(20_000);
  });
});

/** Keeps transcripts for the test, in no file. */
function collector() {
  const transcripts: LoginTranscript[] = [];
  const onLoginFailed = async (transcript: LoginTranscript) => {
    transcripts.push(transcript);
    return undefined;
  };
  return { transcripts, onLoginFailed };
}

/** The transcripts that a client of the simulator hands over while one call fails or succeeds. */
async function transcriptsOf(options: SimulatorOptions, interception?: Interception): Promise<LoginTranscript[]> {
  const { transcripts, onLoginFailed } = collector();
  const simulator = await simulatorFor(options);
  if (interception !== undefined) simulator.answerNext(interception);
  const { client } = clientFor(simulator, { onLoginFailed, retries: 1, limits: { requestTimeoutMs: 2000 } });
  await client.meteringPoints().catch((error: unknown) => {
    if (!(error instanceof CarunaError)) throw error;
  });
  return transcripts;
}

describe("a transcript is handed over when a login", () => {
  it.each<[string, SimulatorOptions, Interception | undefined, string]>([
    ["is rejected", { password: "other" }, undefined, "CredentialsRejected"],
    ["needs a second factor", { secondFactor: true }, undefined, "SecondFactorRequired"],
    [
      "meets an unknown page",
      {},
      { pathIncludes: "/commonauth", answer: { status: 200, body: "<p>?" } },
      "LoginChanged",
    ],
    ["gets no token", {}, { pathIncludes: "/token", answer: { status: 400, body: '{"msg":"no"}' } }, "LoginChanged"],
    ["meets a page of maintenance", { maintenance: 200 }, undefined, "CarunaUnreachable"],
    ["loses its session again and again", { loseSessions: 9 }, undefined, "CarunaUnreachable"],
    [
      "is led to another host",
      { foreign: { step: "journey", url: "http://foreign.example/x" } },
      undefined,
      "HostNotAllowed",
    ],
  ])("%s", async (_, options, interception, error) => {
    const [transcript, ...others] = await transcriptsOf(options, interception);
    expect(others).toEqual([]);
    expect(transcript?.error).toBe(error);
    expect(transcript?.exchanges.length).toBeGreaterThan(2);
  });

  it.each<[string, SimulatorOptions, Interception | undefined]>([
    ["succeeds", {}, undefined],
    ["is out of reach", {}, { pathIncludes: "/api/authorization/login", times: 9, answer: "disconnect" }],
    ["is answered with 503", { maintenance: 503 }, undefined],
  ])("and none when it %s", async (_, options, interception) => {
    expect(await transcriptsOf(options, interception)).toEqual([]);
  });

  it("and none when the guard pauses it", async () => {
    const none = { words: undefined, found: undefined, transcriptFile: undefined, tooManyPasswords: false };
    const times = { lastPostEpochMs: 0, nextPostEpochMs: 1 };
    const pause = { ...none, ...times, kind: "rejected", rejections: 1, failedPosts: 1 } as const;
    const guard = { check: async () => pause, begin: async () => ({ pause }) };
    const { transcripts, onLoginFailed } = collector();
    const { client } = clientFor(await simulatorFor(), { guard, onLoginFailed });
    expect(await errorOf(client.meteringPoints())).toBeInstanceOf(LoginPaused);
    expect(transcripts).toEqual([]);
  });
});

it("tells every exchange: what was asked, what came, what it was taken for", async () => {
  const [transcript] = await transcriptsOf({ password: "other", variant: "2026-08" });
  const told = transcript?.exchanges.map(({ request, answer, takenFor }) => [
    `${request.method} ${request.path}`,
    "status" in answer ? answer.status : answer.none,
    takenFor,
  ]);
  expect(told).toEqual([
    ["POST /api/authorization/login", 200, null],
    ["GET /oauth2/authorize", 302, "redirect"],
    ["GET /authenticationendpoint/login.do", 302, "redirect"],
    ["GET /authenticationendpoint/ng2responder.do", 200, "meta refresh"],
    ["GET /portal/ng2postresponder", 302, "redirect"],
    ["GET /portal/login", 200, "credentials form"],
    ["POST /portal/login", 200, null],
  ]);
  const post = transcript?.exchanges.at(-1);
  expect(post?.request.cookieNames).toContain("JSESSIONID");
  expect(post?.request.headerNames).toContain("Wicket-FocusedElementId");
  expect(post?.request.body).toMatchObject({ kind: "form", fields: expect.arrayContaining(["ttqusername"]) });
  expect(post?.answer).toMatchObject({ headers: { "content-type": expect.stringContaining("text/xml") } });
});

it("names the cookies that an answer sets, each by its name alone", async () => {
  const { transcripts, onLoginFailed } = collector();
  const portal = await portalOf({
    "/first": (_, response) =>
      void response
        .writeHead(302, {
          Location: "/next?sid=SECRET",
          "Set-Cookie": ["one=SECRET; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "two=x,three=SECRET; Path=/", "SECRET"],
          "X-Odd": "SECRET",
          "Content-Type": "text/html; x=SECRET",
        })
        .end(),
    "/next": (_, response) => sendHtml(response, "<p>SECRET", 404),
  });
  await errorOf(clientOf(portal.url, portal.url, { onLoginFailed }).client.customerNumbers());
  expect(transcripts[0]?.exchanges[1]?.answer).toMatchObject({
    cookieNames: ["one", "two", "…"],
    headers: {
      location: expect.stringMatching(/^127\.0\.0\.1:\d+\/next\?sid$/),
      "x-odd": null,
      "content-type": "text/html",
    },
  });
  expect(transcripts[0]?.exchanges[2]?.request.cookieNames).toEqual(["one", "two"]);
  expect(JSON.stringify(transcripts)).not.toContain("SECRET");
});

describe("LoginChanged", () => {
  it("names the step, the address, what was looked for, what was found, and the transcript's file", async () => {
    const page = `<title>Hei matti@example.com, asiakas 50123456</title><meta http-equiv="refresh" content="900; url=/aika/50123456">
      <form method="post" action="/odd/50123456"><input type="text" name="arvaus"><input type="color" name="vari"></form>`;
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, LOGIN_FORM),
      "/judge": (_, response) => sendRedirect(response, "/uusi/sivu?tunnus=SECRET"),
      "/uusi/sivu": (_, response) => sendHtml(response, page),
    });
    const directory = folder();
    const onLoginFailed = fileTranscripts(directory);
    const error = await errorOf(clientOf(portal.url, portal.url, { onLoginFailed }).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    const [file = ""] = readdirSync(directory);
    expect(error).toMatchObject({
      step: "page after the password",
      address: "GET /uusi/sivu",
      expected: "a way on: a redirect, a form or a refresh",
      found:
        'HTTP 200, a page "Hei …13.…3, asiakas …8", at /uusi/sivu, a meta refresh to /aika/…, ' +
        "a form (POST /odd/…) with arvaus:text, vari:color, 0 Wicket calls",
      transcriptFile: join(directory, file),
    });
    for (const part of ["page after the password", "GET /uusi/sivu", "arvaus:text", join(directory, file)])
      expect(error.message).toContain(part);
  });

  it("says what came in place of an Ajax redirect", async () => {
    const simulator = await simulatorFor();
    const body = "<ajax-response><header-contribution><![CDATA[SECRET]]></header-contribution></ajax-response>";
    simulator.answerNext({ method: "POST", pathIncludes: "/portal/login", answer: { status: 200, body } });
    const error = await errorOf(clientFor(simulator).client.customerNumbers());
    expect(error).toMatchObject({
      step: "answer to the password",
      address: "POST /portal/login",
      found: expect.stringContaining("ajax-response, header-contribution"),
    });
  });
});

describe("the files of transcripts", () => {
  const transcript = (second: number): LoginTranscript => ({
    beganAt: `2026-03-01T10:00:0${second}.000Z`,
    error: "LoginChanged",
    exchanges: [],
  });

  it("are for their owner alone, named by time and error, and the newest five are kept", async () => {
    const directory = join(folder(), "transcripts");
    const keep = fileTranscripts(directory);
    const first = await keep(transcript(0));
    expect(first).toBe(join(directory, "2026-03-01T10-00-00-000Z-LoginChanged.json"));
    expect(statSync(first ?? "").mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(first ?? "", "utf8"))).toEqual(transcript(0));
    writeFileSync(join(directory, "notes.txt"), "mine");
    for (let second = 1; second < 7; second++) await keep(transcript(second));
    const seconds = [2, 3, 4, 5, 6].map((second) => `2026-03-01T10-00-0${second}-000Z-LoginChanged.json`);
    expect(readdirSync(directory).sort()).toEqual([...seconds, "notes.txt"]);
  });

  it("that cannot be written leave the login's own error as it is, with a warning", async () => {
    const file = join(folder(), "no-folder");
    writeFileSync(file, "");
    const { client, log } = clientFor(await simulatorFor(), { password: "x", onLoginFailed: fileTranscripts(file) });
    const error = await errorOf(client.meteringPoints());
    expect(error.name).toBe("CredentialsRejected");
    expect(log.entries.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "the transcript of the failed login cannot be kept",
    ]);
  });

  it("are named in the message of every error", async () => {
    const cases = [{ maintenance: 200 }, { password: "other" }, { secondFactor: true }] as const;
    for (const options of cases) {
      const directory = folder();
      const { client } = clientFor(await simulatorFor(options), { onLoginFailed: fileTranscripts(directory) });
      const error = await errorOf(client.meteringPoints());
      const [file = ""] = readdirSync(directory);
      expect(error.message).toContain(join(directory, file));
    }
  });
});
