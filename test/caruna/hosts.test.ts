import { describe, expect, it } from "vitest";
import { AllowedHosts } from "../../src/caruna/http/hosts.js";
import { CarunaClient, HostNotAllowed } from "../../src/caruna/index.js";
import { isLoopback } from "../../src/shared/loopback.js";
import type { ForeignStep } from "../../src/simulator/index.js";
import {
  clientFor,
  clientOf,
  errorOf,
  LOGIN_FORM,
  portalOf,
  rawServer,
  sendHtml,
  sendJson,
  sendRedirect,
  simulatorFor,
} from "../support/caruna.js";

const CARUNA = new URL("https://plus.caruna.fi");

function isAllowed(address: string, entries?: readonly string[], base = CARUNA): boolean {
  try {
    new AllowedHosts(base, entries).check(new URL(address));
    return true;
  } catch (error) {
    if (error instanceof HostNotAllowed) return false;
    throw error;
  }
}

describe("the hosts that may see the credentials", () => {
  it.each([
    "https://plus.caruna.fi/api/authorization/login",
    "https://authentication2.caruna.fi/portal/login",
    "https://a.b.caruna.fi/",
    "https://caruna.fi/",
    "https://CARUNA.FI:443/",
  ])("by default: %s may", (address) => {
    expect(isAllowed(address)).toBe(true);
  });

  it.each([
    ["another name", "https://example.com/"],
    ["a name that ends alike", "https://evilcaruna.fi/"],
    ["a name with a hyphen", "https://plus-caruna.fi/"],
    ["a name that begins alike", "https://plus.caruna.fi.example.com/"],
    ["the name as a user", "https://plus.caruna.fi@example.com/"],
    ["a user of the right host", "https://user@plus.caruna.fi/"],
    ["a password of the right host", "https://:secret@plus.caruna.fi/"],
    ["the name in the path", "https://example.com/plus.caruna.fi"],
    ["another top level", "https://caruna.fi.co/"],
    ["letters that look alike", "https://plus.сaruna.fi/"],
    ["the same in punycode", "https://plus.xn--aruna-7nf.fi/"],
    ["a dot at the end", "https://plus.caruna.fi./"],
    ["another port", "https://plus.caruna.fi:8443/"],
    ["no encryption", "http://plus.caruna.fi/"],
    ["an IP address", "https://192.0.2.1/"],
    ["an IP address as a number", "https://3221225985/"],
    ["an IPv6 address", "https://[2001:db8::1]/"],
    ["this machine, unasked", "http://127.0.0.1/"],
    ["a script", "javascript:alert(1)"],
    ["a file", "file:///etc/passwd"],
    ["a file of the right host", "file://plus.caruna.fi/etc/passwd"],
    ["data", "data:text/html,<form>"],
    ["another protocol", "ftp://plus.caruna.fi/"],
    ["a web socket", "wss://plus.caruna.fi/"],
  ])("by default: %s may not", (_, address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it.each([
    [["login.example.com"], "https://login.example.com/", true],
    [["login.example.com"], "https://login.example.com:8443/", false],
    [["login.example.com"], "https://sub.login.example.com/", false],
    [["login.example.com:8443"], "https://login.example.com:8443/", true],
    [["login.example.com:8443"], "https://login.example.com/", false],
    [["login.example.com:443"], "https://login.example.com/", true],
    [[" Login.Example.COM "], "https://login.example.com/", true],
    [["kirjaudu.sähkö.fi"], "https://kirjaudu.xn--shk-qla6g.fi/", true],
    [["*.example.com"], "https://a.b.example.com/", true],
    [["*.example.com"], "https://example.com/", false],
    [["*.example.com"], "https://badexample.com/", false],
    [["*.example.com"], "https://a.example.com:8443/", false],
    [["*.example.com"], "http://a.example.com/", false],
    [["*"], "https://example.com/", false],
    [["*."], "https://example.com./", false],
    [[""], "https://example.com/", false],
    [["127.0.0.1:8080"], "http://127.0.0.1:8080/", true],
    [["127.0.0.1:8080"], "http://127.0.0.1:8081/", false],
    [["localhost:8080"], "http://localhost:8080/", true],
    [["localhost"], "http://localhost:8080/", false],
    [["[::1]:8080"], "http://[::1]:8080/", true],
    [["192.168.1.5:8080"], "http://192.168.1.5:8080/", false],
    [["login.example.com"], "https://plus.caruna.fi/", true],
    [["login.example.com"], "https://authentication2.caruna.fi/", false],
  ] as const)("set to %j: %s → %s", (entries, address, allowed) => {
    expect(isAllowed(address, entries)).toBe(allowed);
  });

  it("knows what never leaves this machine", () => {
    const names = [
      "localhost",
      "127.0.0.1",
      "127.9.9.9",
      "[::1]",
      "127.0.0.1.example.com",
      "localhost.example.com",
      "0.0.0.0",
    ];
    expect(names.filter(isLoopback)).toEqual(["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]);
  });

  it("holds for the base address too", () => {
    const account = { username: "a", password: "b" };
    expect(() => new CarunaClient({ ...account, baseUrl: "http://plus.caruna.fi" })).toThrow(HostNotAllowed);
    expect(() => new CarunaClient({ ...account, baseUrl: "https://u:p@plus.caruna.fi" })).toThrow(HostNotAllowed);
  });
});

describe("a login that leads elsewhere", () => {
  const STEPS = [
    "start",
    "approach",
    "login-form",
    "credentials",
    "journey",
    "relay-form",
    "relay",
    "callback",
  ] as const;
  const VARIANTS = ["2024-10", "2026-08", "future-plain-form", "future-302", "future-get-autoform"] as const;
  const cases = STEPS.flatMap((step: ForeignStep) => VARIANTS.map((variant) => [step, variant] as const));

  it.each(cases)("at %s (%s): that host gets no request, and the error names it", async (step, variant) => {
    const foreign = await rawServer((_, response) => sendHtml(response, "<p>Hello"));
    const simulator = await simulatorFor({ variant, foreign: { step, url: `${foreign.url}/portal` } });
    const error = await errorOf(clientFor(simulator).client.customerNumbers());
    expect(error).toBeInstanceOf(HostNotAllowed);
    expect(error).toMatchObject({ host: new URL(foreign.url).host });
    expect(error.message).toContain(new URL(foreign.url).host);
    expect(foreign.received).toEqual([]);
  });

  it.each([
    ["a lone link", (url: string) => `<a href="${url}">Jatka</a>`],
    ["a notice's button", (url: string) => `<form method="post" action="${url}"><button>Jatka</button></form>`],
    ["a script", (url: string) => `<script>window.location.href = "${url}"</script>`],
    ["a base address", (url: string) => `<base href="${url}/">${LOGIN_FORM.replace("/judge", "judge")}`],
    ["a button's own address", (url: string) => LOGIN_FORM.replace('name="go"', `name="go" formaction="${url}"`)],
  ])("by %s: that host gets no request", async (_, page) => {
    const foreign = await rawServer((_, response) => sendHtml(response, "<p>Hello"));
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, page(foreign.url)),
      "/judge": (_, response) => sendRedirect(response, "/done"),
    });
    expect(await errorOf(clientOf(portal.url).client.customerNumbers())).toBeInstanceOf(HostNotAllowed);
    expect(foreign.received).toEqual([]);
    expect(portal.passwordPosts).toBe(0);
  });

  it.each([307, 308])("by a %i of the password post: that host gets no request", async (status) => {
    const foreign = await rawServer((_, response) => sendHtml(response, "<p>Hello"));
    const portal = await portalOf({
      "/first": (_, response) => sendHtml(response, LOGIN_FORM),
      "/judge": (_, response) => sendRedirect(response, `${foreign.url}/judge`, status),
    });
    await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(foreign.received).toEqual([]);
  });

  it("names a host that hides behind userinfo", async () => {
    const portal = await portalOf({
      "/first": (_, response) => sendRedirect(response, "https://plus.caruna.fi@evil.example/"),
    });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toMatchObject({ host: "evil.example" });
  });

  it("does not follow a redirect of the API with the token", async () => {
    const foreign = await rawServer((_, response) => sendJson(response, []));
    const simulator = await simulatorFor();
    const answer = { status: 302, headers: { Location: `${foreign.url}/api` } };
    simulator.answerNext({ pathIncludes: "/api/customers/", times: 100, answer });
    await errorOf(clientFor(simulator).client.contracts({ customer: "50123456" }));
    expect(foreign.received).toEqual([]);
  });

  it("sends no cookie and no token to another host that is allowed", async () => {
    const other = await rawServer((request, response) =>
      sendRedirect(response, `http://${request.headers.referer?.split("/")[2]}/done`),
    );
    const portal = await portalOf({
      "/first": (_, response) => {
        response.setHeader("Set-Cookie", "carunaCookie=1; Path=/");
        // Cookies ignore ports: the other host must have another name.
        sendRedirect(response, other.url.replace("127.0.0.1", "localhost"));
      },
    });
    const { host } = new URL(other.url.replace("127.0.0.1", "localhost"));
    await clientOf(portal.url, `http://${host}`).client.customerNumbers();
    expect(other.received.map(({ headers }) => headers.cookie)).toEqual([undefined]);
    expect(portal.received.at(-1)?.headers.cookie).toBe("carunaCookie=1");
  });
});
