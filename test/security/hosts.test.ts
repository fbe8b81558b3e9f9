import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AllowedHosts } from "../../src/caruna/http/hosts.js";
import { CarunaError, CarunaUnreachable, HostNotAllowed } from "../../src/caruna/index.js";
import {
  atTheEnd,
  clientOf,
  errorOf,
  LOGIN_FORM,
  portalOf,
  type RawServer,
  rawServer,
  sendHtml,
  sendJson,
  sendRedirect,
} from "../support/caruna.js";

/** Ways to write an address that leads elsewhere. An address that is none at all (`undefined`) leads nowhere. */
function isAllowed(address: string): boolean {
  const hosts = new AllowedHosts(new URL("https://plus.caruna.fi"));
  // Addresses are read as the login reads them: relative to the page at hand.
  const page = "https://authentication2.caruna.fi/portal/login";
  if (!URL.canParse(address, page)) return false;
  try {
    hosts.check(new URL(address, page));
    return true;
  } catch (error) {
    if (error instanceof HostNotAllowed) return false;
    throw error;
  }
}

describe("an address that only looks like Caruna's", () => {
  it.each([
    ["a name with a letter more", "https://plus.carunaa.fi/"],
    ["the letters rn for m and such", "https://plus.caruua.fi/"],
    ["another top level", "https://plus.caruna.com/"],
    ["the domain in front of another", "https://caruna.fi.evil.example/"],
    ["a hyphen for the dot", "https://plus-caruna.fi/"],
    ["no dot at all", "https://pluscaruna.fi/"],
    ["userinfo", "https://plus.caruna.fi@evil.example/"],
    ["userinfo with a password", "https://plus.caruna.fi:443@evil.example/"],
    ["userinfo with an encoded at", "https://plus.caruna.fi%40evil.example/"],
    ["userinfo before the right host", "https://evil@plus.caruna.fi/"],
    ["a fragment that looks like a path", "https://evil.example#.caruna.fi"],
    ["a query that looks like a host", "https://evil.example?.caruna.fi"],
    ["a backslash that looks like a host", "https://evil.example\\.caruna.fi"],
    ["a Cyrillic letter", "https://plus.cаruna.fi/"],
    ["a Cyrillic letter in punycode", "https://plus.xn--cruna-3ve.fi/"],
    ["a Greek letter", "https://plus.carυna.fi/"],
    ["a dotless i", "https://plus.caruna.fı/"],
    ["a dot at the end", "https://plus.caruna.fi./"],
    ["two dots at the end", "https://plus.caruna.fi../"],
    ["another port", "https://plus.caruna.fi:444/"],
    ["the port of plain HTTP", "https://plus.caruna.fi:80/"],
    ["no encryption", "http://plus.caruna.fi/"],
    ["no encryption at the port of TLS", "http://plus.caruna.fi:443/"],
    ["an IP address", "https://203.0.113.7/"],
    ["an IP address as one number", "https://3405803783/"],
    ["an IP address in hexadecimal", "https://0xcb007107/"],
    ["an IP address in octal", "https://0313.0.0161.07/"],
    ["an IP address of two parts", "https://203.28935/"],
    ["an IPv6 address", "https://[2001:db8::7]/"],
    ["an IPv4 address in an IPv6 one", "https://[::ffff:203.0.113.7]/"],
    ["this machine", "http://127.0.0.1/"],
    ["this machine as one number", "http://2130706433/"],
    ["this machine in an IPv6 address", "http://[::ffff:127.0.0.1]/"],
    ["this machine by no address", "http://0.0.0.0/"],
    ["a cloud's own service", "http://169.254.169.254/"],
    ["two slashes", "//evil.example/"],
    ["two backslashes", "\\\\evil.example\\"],
    ["a slash and a backslash", "/\\evil.example/"],
    ["three slashes", "https:///evil.example/"],
    ["one slash", "http:/evil.example/"],
    ["a tab between the slashes", "/\t/evil.example/"],
    ["a line end between the slashes", "/\n/evil.example/"],
    ["a line end in the scheme", "ht\ntps://evil.example/"],
    ["white space before", " \t\r\nhttps://evil.example/"],
    ["capitals", "HTTPS://EVIL.EXAMPLE/"],
    ["a zero", "https://plus.caruna.fi\u0000.evil.example/"],
    ["a space", "https://plus.caruna.fi .evil.example/"],
    ["a script", "javascript:alert(document.cookie)"],
    ["a script with a line end", "java\nscript:alert(1)"],
    ["a script that names the host", "javascript://plus.caruna.fi/%0aalert(1)"],
    ["another script", "vbscript:msgbox(1)"],
    ["a file", "file:///etc/passwd"],
    ["a file of the right host", "file://plus.caruna.fi/etc/passwd"],
    ["data", "data:text/html,<form>"],
    ["a blob of the right host", "blob:https://plus.caruna.fi/0f"],
    ["a view of the right host", "view-source:https://plus.caruna.fi/"],
    ["a web socket", "wss://plus.caruna.fi/"],
    ["FTP", "ftp://plus.caruna.fi/"],
    ["mail", "mailto:evil@caruna.fi"],
  ])("is refused: %s", (_, address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it.each([
    "/portal/login",
    "./wicket/page?4",
    "?2-1",
    "https://plus.caruna.fi/",
    "//plus.caruna.fi/",
    "plus.caruna.fi/",
    "://evil.example",
    // What stands behind the slash is a path, and so it is asked for.
    "https://plus.caruna.fi\\@evil.example/",
    // A label of a name in Caruna's own zone, however it looks.
    "https://evil.example⁄.caruna.fi/",
  ])("is told from one that stays: %s", (address) => {
    expect(isAllowed(address)).toBe(true);
  });
});

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** Ways to lead a login on, before the password is typed and after it. */
const WAYS: Readonly<Record<string, (target: string) => Promise<RawServer>>> = {
  "loginRedirectUrl of the first answer": (target) =>
    portalOf({
      "/api/authorization/login": (_, response) => sendJson(response, { loginRedirectUrl: target }),
    }),
  "a Location header": (target) => portalOf({ "/first": (_, response) => sendRedirect(response, headerSafe(target)) }),
  "a meta refresh": (target) =>
    portalOf({
      "/first": (_, response) => sendHtml(response, `<meta http-equiv="refresh" content="0;URL=${escaped(target)}">`),
    }),
  "the action of the login form": (target) =>
    portalOf({
      "/first": (_, response) => sendHtml(response, LOGIN_FORM.replace('"/judge"', `"${escaped(target)}"`)),
    }),
  "the Ajax address of the login form": (target) =>
    portalOf({ "/first": (_, response) => sendHtml(response, ajaxForm(target)) }),
  "a Location header after the password": (target) =>
    afterPassword((_, response) => sendRedirect(response, headerSafe(target))),
  "an Ajax-Location header": (target) =>
    portalOf({
      "/first": (_, response) => sendHtml(response, ajaxForm("/judge")),
      "/judge": (_, response) =>
        sendHtml(response, "<ajax-response></ajax-response>", 200, { "Ajax-Location": headerSafe(target) }),
    }),
  "an Ajax redirect": (target) =>
    afterPassword((_, response) =>
      sendHtml(response, `<ajax-response><redirect><![CDATA[${target}]]></redirect></ajax-response>`),
    ),
  "a meta refresh after the password": (target) =>
    afterPassword((_, response) =>
      sendHtml(response, `<meta http-equiv="refresh" content="0;URL=${escaped(target)}">`),
    ),
  "a form of hidden fields": (target) =>
    afterPassword((_, response) =>
      sendHtml(
        response,
        `<body onload="document.forms[0].submit()"><form method="post" action="${escaped(target)}"><input type="hidden" name="resp" value="ResponseOfTheLogin"></form>`,
      ),
    ),
};

function afterPassword(judge: Parameters<typeof portalOf>[0][string]): Promise<RawServer> {
  return portalOf({ "/first": (_, response) => sendHtml(response, LOGIN_FORM), "/judge": judge });
}

function ajaxForm(address: string): string {
  const call = JSON.stringify({ u: address, m: "POST", c: "go5" });
  return `${LOGIN_FORM.replace('name="go"', 'name="go" id="go5"')}<script>Wicket.Ajax.ajax(${call});</script>`;
}

/** A header carries no line end; what is beyond Latin 1 comes as browsers' servers send it. */
function headerSafe(target: string): string {
  return Buffer.from(target.replace(/[\r\n]/g, ""), "utf8").toString("latin1");
}

/** Addresses that end up at the catcher on this machine, for whoever follows them; with its port in place of `PORT`. */
const DISGUISES = [
  "http://127.0.0.1:PORT/x",
  "http://localhost:PORT/x",
  "//127.0.0.1:PORT/x",
  "\\\\127.0.0.1:PORT\\x",
  "/\\127.0.0.1:PORT/x",
  "http:///127.0.0.1:PORT/x",
  "HTTP:\\\\127.0.0.1:PORT\\x",
  "http://OWN@127.0.0.1:PORT/x",
  "http://user:OWN@127.0.0.1:PORT/x",
  "http://2130706433:PORT/x",
  "http://0x7f000001:PORT/x",
  "http://0177.0.0.1:PORT/x",
  "http://127.1:PORT/x",
  "http://[::ffff:127.0.0.1]:PORT/x",
  "http://127.0.0.1.:PORT/x",
  "http://１２７.0.0.1:PORT/x",
  "\t http://127.0.0.1:PORT/x",
  "ht\ttp://127.0.0.1:PORT/x",
  "ht\ntp://127.0.0.1:PORT/x",
  "/\t/127.0.0.1:PORT/x",
  "javascript:location='http://127.0.0.1:PORT/x'",
  "data:text/html,<form action=http://127.0.0.1:PORT/x>",
  "file://127.0.0.1:PORT/x",
  "ws://127.0.0.1:PORT/x",
];

describe("a login that is led elsewhere", () => {
  const catcherOf = () => rawServer((_, response) => sendHtml(response, "<p>Hello"));

  it.each(Object.entries(WAYS))("by %s: however the address is written, nothing arrives there", async (_, portalTo) => {
    const catcher = await catcherOf();
    const { port } = new URL(catcher.url);
    for (const disguise of DISGUISES) {
      const target = disguise.replace("PORT", port).replace("OWN", "plus.caruna.fi");
      const portal = await portalTo(target);
      const { client, log } = clientOf(portal.url, portal.url, { retries: 0 });
      const error = await errorOf(client.customerNumbers());
      expect(error, disguise).toBeInstanceOf(CarunaError);
      expect(catcher.received, disguise).toEqual([]);
      expect(JSON.stringify([error.message, log.entries]), disguise).not.toContain("ResponseOfTheLogin");
    }
  });

  // Without these the tests above could pass for a login that never looks at the address.
  it.each(Object.entries(WAYS))("by %s: to a host that is allowed, it goes", async (_, portalTo) => {
    const catcher = await catcherOf();
    const portal = await portalTo(`${catcher.url}/x`);
    await errorOf(clientOf(portal.url, catcher.url, { retries: 0 }).client.customerNumbers());
    expect(catcher.received.map(({ address }) => address)).toContain("/x");
  });
});

it("a server without a certificate that is trusted gets no request at all", async () => {
  const received: string[] = [];
  const [key, cert] = ["server.key", "server.crt"].map((name) =>
    readFileSync(join(import.meta.dirname, "../database/tls", name)),
  );
  const server = createServer({ key, cert }, (request, response) => {
    received.push(request.url ?? "");
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  atTheEnd(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { client } = clientOf(`https://localhost:${port}`, undefined, { retries: 0 });
  const error = await errorOf(client.customerNumbers());
  expect(error).toBeInstanceOf(CarunaUnreachable);
  expect(error.message).toMatch(/certificate/);
  expect(received).toEqual([]);
});
