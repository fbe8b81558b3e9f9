import { describe, expect, test } from "vitest";
import { proxyFor } from "../../src/caruna/http/proxy.js";
import { CarunaUnreachable, HostNotAllowed, loginAddress, reach } from "../../src/caruna/index.js";
import { clientOf, errorOf, until } from "../support/caruna.js";
import { connectProxy } from "../support/connect-proxy.js";
import { freePort } from "../support/free-port.js";

const PORTAL = "https://plus.caruna.fi";
const never = new AbortController().signal;

/** A client of the portal behind a proxy; nothing of it ever leaves this machine. */
const clientThrough = (url: string) => clientOf(PORTAL, PORTAL, { proxy: { url }, retries: 1 });

describe("which addresses have the proxy on their way", () => {
  const isDirect = (address: string, except: string) =>
    proxyFor(new URL(address), { url: "http://proxy:3128", except }) === undefined;

  test.each(["https://127.0.0.1:8491", "https://localhost", "https://[::1]:1", "http://127.0.0.1"])(
    "not %s, which never leaves this machine",
    (address) => expect(isDirect(address, "")).toBe(true),
  );

  test.each<[string, string[], string[]]>([
    ["caruna.fi", ["caruna.fi", "plus.caruna.fi", "PLUS.caruna.fi."], ["notcaruna.fi", "caruna.fi.example"]],
    [".caruna.fi", ["caruna.fi", "plus.caruna.fi"], ["notcaruna.fi"]],
    ["*.caruna.fi", ["plus.caruna.fi"], ["notcaruna.fi"]],
    [" other.fi, ,plus.caruna.fi ", ["plus.caruna.fi", "other.fi"], ["caruna.fi", "authentication2.caruna.fi"]],
    ["CARUNA.FI:8443", ["plus.caruna.fi:8443"], ["plus.caruna.fi"]],
    ["caruna.fi:443", ["plus.caruna.fi"], ["plus.caruna.fi:444"]],
    ["*", ["plus.caruna.fi", "10.0.0.1", "[fd00::1]"], []],
    ["10.0.0.0/8", ["10.1.2.3", "10.1.2.3:444"], ["11.0.0.1", "10.fi"]],
    ["192.168.1.5", ["192.168.1.5"], ["192.168.1.50"]],
    ["192.168.1.5:444", ["192.168.1.5:444"], ["192.168.1.5"]],
    ["fd00::1", ["[fd00::1]"], ["[fd00::2]"]],
    ["[fd00::1]:444", ["[fd00::1]:444"], ["[fd00::1]"]],
    ["fd00::/16", ["[fd00:1::1]"], ["[fe00::1]", "10.0.0.1"]],
    ["10.0.0.0/99,/,::/999", [], ["10.0.0.1", "plus.caruna.fi"]],
    ["", [], ["plus.caruna.fi"]],
  ])("NO_PROXY=%s", (except, direct, proxied) => {
    expect(direct.filter((host) => !isDirect(`https://${host}`, except))).toEqual([]);
    expect(proxied.filter((host) => isDirect(`https://${host}`, except))).toEqual([]);
  });

  test("all others", () => expect(isDirect(PORTAL, "")).toBe(false));
});

describe("a proxy that leads nowhere has words of its own", () => {
  test.each([
    [407, /the proxy 127\.0\.0\.1:\d+ \(of HTTPS_PROXY\) wants another user name and password \(HTTP 407\)/],
    [403, /has refused the connection \(HTTP 403\); NO_PROXY names/],
    [401, /has refused the connection \(HTTP 401\)/],
    [302, /has refused the connection \(HTTP 302\)/],
    [429, /has refused the connection \(HTTP 429\)/],
    [502, /has refused the connection \(HTTP 502\)/],
  ])("%i: what it says never counts as Caruna+'s answer", async (status, words) => {
    const proxy = await connectProxy(() => ({ status }));
    const { client } = clientThrough(`http://matti:salasana@127.0.0.1:${proxy.port}`);
    const error = await errorOf(client.customerNumbers());
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/matti|salasana/);
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(["plus.caruna.fi:443", "plus.caruna.fi:443"]);
    expect(proxy.asked[0]?.headers["proxy-authorization"]).toBe(`Basic ${btoa("matti:salasana")}`);
  });

  test("nobody listens there", async () => {
    const error = await errorOf(clientThrough(`http://127.0.0.1:${await freePort()}`).client.customerNumbers());
    expect(error.message).toMatch(
      /the proxy 127\.0\.0\.1:\d+ \(of HTTPS_PROXY\) could not be used: nobody listens there/,
    );
  });

  test("it never answers: the caller may go", async () => {
    const proxy = await connectProxy(() => "hang");
    const going = new AbortController();
    const call = errorOf(
      clientThrough(`http://127.0.0.1:${proxy.port}`).client.customerNumbers({ signal: going.signal }),
    );
    await until(() => proxy.asked.length === 1);
    going.abort(new Error("no longer wanted"));
    expect((await call).message).toBe("no longer wanted");
  });

  test("doctor's look at a host goes the same way, and asks the proxy for the name", async () => {
    const proxy = await connectProxy(() => ({ status: 503 }));
    const settings = { url: `http://127.0.0.1:${proxy.port}` };
    const hosts = { baseUrl: PORTAL, allowedHosts: ["caruna.fi"], proxy: settings };
    const outcomes = [
      await errorOf(reach(new URL("https://no-such-host.invalid:8443"), settings, never)),
      await errorOf(loginAddress(hosts, never)),
    ];
    for (const error of outcomes) expect(error.message).toMatch(/has refused the connection \(HTTP 503\)/);
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(["no-such-host.invalid:8443", "plus.caruna.fi:443"]);
  });

  test("which hosts may be asked is not the proxy's to say", async () => {
    const proxy = await connectProxy(() => ({ status: 503 }));
    const hosts = { baseUrl: "http://plus.caruna.fi", allowedHosts: ["caruna.fi"] };
    const settings = { url: `http://127.0.0.1:${proxy.port}` };
    expect(await errorOf(loginAddress({ ...hosts, proxy: settings }, never))).toBeInstanceOf(HostNotAllowed);
    expect(proxy.asked).toEqual([]);
  });
});

test("the proxy of the library's options is checked, and never shown", () => {
  expect(() => clientThrough("salasana@proxy")).toThrow(
    /^The option `proxy.url` of new CarunaClient\(\) must be(?!.*salasana)/,
  );
  expect(() => clientThrough("socks5://me:salasana@proxy")).toThrow(/http:\/\/proxy\.example:3128(?!.*salasana)/);
});
