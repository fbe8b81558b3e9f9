import { lookup } from "node:dns/promises";
import { connect as connectPlainly, type Socket } from "node:net";
import { connect as connectByTls, type TLSSocket } from "node:tls";
import { isLoopback } from "../../shared/loopback.js";
import { networkErrorCode } from "../../shared/network-error.js";
import { CarunaUnreachable } from "../errors.js";
import { readStart, startRequest } from "../login/portal.js";
import { AllowedHosts } from "./hosts.js";
import { openTunnel, ProxyFailed, type ProxySettings, proxyFor } from "./proxy.js";
import { DEFAULT_LIMITS, keepAliveTransport, reasonOf, reasonOfProxy, sendWithRetries } from "./transport.js";

const TIMEOUT_MS = 10_000;

/** How a host was reached. */
export interface Reached {
  /** With its port where that is not the usual one. */
  readonly host: string;
  /** Of the TLS connection; undefined for plain HTTP, which loopback addresses alone may use. */
  readonly tls: { readonly protocol: string; readonly certificateValidUntil: string } | undefined;
}

/**
 * Looks up the name of a host and connects to it, by TLS unless the address says http; asks it nothing. Where a proxy is on
 * the way, that one looks it up. Throws `CarunaUnreachable`, which says at which of the two it failed.
 */
export async function reach(url: URL, proxySettings: ProxySettings | undefined, signal: AbortSignal): Promise<Reached> {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const proxy = proxyFor(url, proxySettings);
  const port = Number(url.port) || (url.protocol === "http:" ? 80 : 443);
  if (proxy === undefined) {
    await lookup(hostname).catch((error: unknown) => {
      throw new CarunaUnreachable(`${url.host}: ${reason(error)}`);
    });
  }
  if (url.protocol === "http:" && isLoopback(url.hostname)) {
    await connected(connectPlainly({ host: hostname, port }), "connect", url, signal);
    return { host: url.host, tls: undefined };
  }
  const tunnel = proxy && (await throughProxy(proxy, url, hostname, port, signal));
  const checked = { host: hostname, port, servername: hostname, rejectUnauthorized: true };
  const socket = connectByTls({ ...checked, ...(tunnel && { socket: tunnel }) });
  const tls = await connected(socket, "secureConnect", url, signal, (open: TLSSocket) => ({
    protocol: open.getProtocol() ?? "TLS",
    certificateValidUntil: new Date(open.getPeerCertificate().valid_to).toISOString().slice(0, 10),
  }));
  return { host: url.host, tls };
}

async function throughProxy(
  proxy: URL,
  url: URL,
  hostname: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    return await openTunnel(proxy, hostname, port, { signal, holdsProgram: true });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ProxyFailed ? new CarunaUnreachable(`${url.host}: ${reasonOfProxy(error)}`) : error;
  }
}

/** Resolves when the socket is open, with what `look` sees of it then; the socket is closed in any case. */
async function connected<Kind extends Socket, Seen>(
  socket: Kind,
  event: "connect" | "secureConnect",
  url: URL,
  signal: AbortSignal,
  look?: (socket: Kind) => Seen,
): Promise<Seen | undefined> {
  const onAbort = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" })));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(event, () => resolve());
      socket.once("error", reject);
      socket.once("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
    });
    return look?.(socket);
  } catch (error) {
    signal.throwIfAborted();
    throw new CarunaUnreachable(`${url.host}: ${reason(error)}`);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function reason(error: unknown): string {
  return reasonOf(networkErrorCode(error));
}

/** Which portal is asked, and who may be led to. */
export interface LoginAddressOptions {
  readonly baseUrl: string;
  readonly allowedHosts: readonly string[];
  readonly proxy: ProxySettings | undefined;
}

/**
 * Asks the portal where its login begins: the address of the identity provider. Nothing of an account is sent.
 * Throws `CarunaUnreachable`, `RateLimited`, `LoginChanged`, and `HostNotAllowed` for a host that may not see credentials.
 */
export async function loginAddress(
  { baseUrl, allowedHosts, proxy }: LoginAddressOptions,
  signal: AbortSignal,
): Promise<URL> {
  const base = new URL(baseUrl);
  const hosts = new AllowedHosts(base, allowedHosts);
  hosts.check(base);
  const { send, close } = keepAliveTransport(DEFAULT_LIMITS, proxy);
  try {
    const request = startRequest(base);
    const address = readStart(await sendWithRetries(send, request, ONE_TRY, signal), request.url);
    hosts.check(address);
    return address;
  } finally {
    close();
  }
}

const ONE_TRY = {
  retries: 0,
  firstDelayMs: 0,
  longestWaitMs: 0,
  rest: undefined,
  outage: undefined,
  sleep: async () => {},
  random: () => 0,
  now: Date.now,
  onRetry: () => {},
};
