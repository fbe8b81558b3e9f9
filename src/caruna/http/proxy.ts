import { request as requestPlainly } from "node:http";
import { Agent as HttpsAgent, request as requestByTls } from "node:https";
import { BlockList, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectByTls } from "node:tls";
import { isLoopback } from "../../shared/loopback.js";
import { networkErrorCode } from "../../shared/network-error.js";

/** An HTTP proxy between this machine and Caruna+. */
export interface ProxySettings {
  /** E.g. `http://proxy.example:3128`, `https://` for a proxy that speaks TLS itself; with user name and password if it wants them. */
  readonly url: string;
  /**
   * Hosts that are reached without it, with commas or spaces between: `caruna.fi` with its subdomains, `host:port`, an IP
   * address, `10.0.0.0/8`, or `*` for all.
   */
  readonly except?: string | undefined;
}

/** A proxy that cannot be reached, or refuses. */
export class ProxyFailed extends Error {
  override readonly name = "ProxyFailed";
  /** Of the proxy, with its port; never its user or password. */
  readonly proxyHost: string;

  /** @param failure the status that it answered with, or the code of a network error. */
  constructor(
    proxy: URL,
    readonly failure: { readonly status: number } | { readonly code: string | undefined },
  ) {
    super("the proxy has opened no tunnel");
    this.proxyHost = proxy.host;
  }
}

/** A proxy that says nothing for longer than this opens no tunnel, in milliseconds. */
const TUNNEL_TIMEOUT_MS = 30_000;

/** The proxy on the way to an address; undefined where there is none, as for what never leaves this machine. */
export function proxyFor(target: URL, settings: ProxySettings | undefined): URL | undefined {
  if (settings === undefined || target.protocol !== "https:" || isLoopback(target.hostname)) return undefined;
  return isExcepted(target, settings.except ?? "") ? undefined : new URL(settings.url);
}

/** By the rules that curl and Python keep: a name stands for its subdomains too, with or without a dot before it. */
function isExcepted(target: URL, except: string): boolean {
  const host = bare(target.hostname);
  const port = target.port || "443";
  return except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((written) => {
      if (written === "*") return true;
      const isIpv6 = isIP(written.replace(/\/\d+$/, "")) === 6;
      const [, entry = "", entryPort] = isIpv6 ? ["", written] : (/^(.*?)(?::(\d+))?$/.exec(written) ?? []);
      if (entryPort !== undefined && entryPort !== port) return false;
      const name = bare(entry.replace(/^\*?\./, ""));
      if (name === "") return false;
      return isIP(host) === 0 ? host === name || host.endsWith(`.${name}`) : isWithin(host, name);
    });
}

/** Without the brackets of an IPv6 address and the dot of a complete name. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/** Whether an IP address is this one, or of this network (`10.0.0.0/8`). */
function isWithin(address: string, entry: string): boolean {
  const [network = "", prefix] = entry.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  const longest = family === "ipv6" ? 128 : 32;
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (isIP(network) === 0 || !(bits <= longest)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

export interface TunnelOptions {
  readonly signal?: AbortSignal;
  /** Whether a proxy that does not answer keeps the program from ending. */
  readonly holdsProgram: boolean;
}

/**
 * Has a proxy connect to a host and port, and returns the connection; what is sent over it, the proxy does not look into.
 * Throws `ProxyFailed`. The refusal of a proxy never looks like an answer of the host.
 */
export async function openTunnel(
  proxy: URL,
  host: string,
  port: number,
  { signal, holdsProgram }: TunnelOptions,
): Promise<Socket> {
  const byTls = proxy.protocol === "https:";
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return await new Promise((resolve, reject) => {
    const request = (byTls ? requestByTls : requestPlainly)({
      ...{ method: "CONNECT", path: authority, agent: false, timeout: TUNNEL_TIMEOUT_MS },
      ...{ host: bare(proxy.hostname), port: proxy.port || (byTls ? 443 : 80), ...(signal && { signal }) },
      headers: { Host: authority, ...authorization(proxy) },
      ...(byTls && { rejectUnauthorized: true }),
    });
    request.on("socket", (socket) => {
      if (!holdsProgram) socket.unref();
    });
    request.on("connect", ({ statusCode = 0 }, socket: Socket, head) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        reject(new ProxyFailed(proxy, { status: statusCode }));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      socket.ref();
      resolve(socket.setTimeout(0));
    });
    request.on("timeout", () => request.destroy(new ProxyFailed(proxy, { code: "ETIMEDOUT" })));
    request.on("error", (error) => {
      reject(error instanceof ProxyFailed ? error : new ProxyFailed(proxy, { code: networkErrorCode(error) }));
    });
    request.end();
  });
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}

type ConnectionOptions = Parameters<HttpsAgent["createConnection"]>[0];
type OnConnected = (error: Error | null, connection: Duplex) => void;

/** Connects by TLS, through the proxy where one is on the way; keeps connections open as any agent does. */
export class TunnelAgent extends HttpsAgent {
  readonly #proxy: ProxySettings;

  constructor({ proxy, ...options }: ConstructorParameters<typeof HttpsAgent>[0] & { proxy: ProxySettings }) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ConnectionOptions, onConnected: OnConnected): Duplex | null | undefined {
    const { host, port } = options;
    if (typeof host !== "string") return super.createConnection(options, onConnected);
    const target = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port ?? 443}`);
    const proxy = proxyFor(target, this.#proxy);
    if (proxy === undefined) return super.createConnection(options, onConnected);
    const { servername = host } = options;
    openTunnel(proxy, host, Number(port ?? 443), { holdsProgram: false }).then(
      (socket) =>
        onConnected(
          null,
          connectByTls({
            ...{ ...this.options, host, servername, socket },
            ...{ ALPNProtocols: ["http/1.1"], rejectUnauthorized: true },
          }),
        ),
      (error: unknown) => Reflect.apply(onConnected, undefined, [error]),
    );
    return undefined;
  }
}
