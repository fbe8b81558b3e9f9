import { isLoopback } from "../../shared/loopback.js";
import { HostNotAllowed } from "../errors.js";

/** Where Caruna's portal and its identity provider live (seen 2022 to 2026). */
export const CARUNA_HOSTS: readonly string[] = ["caruna.fi", "*.caruna.fi"];

/**
 * The hosts that may receive credentials, cookies and tokens.
 *
 * An entry is `host` (at the usual TLS port), `host:port`, or `*.domain` for all subdomains of a domain. The host of
 * the base address is always one of them. Anything but TLS is refused, except on loopback addresses.
 */
export class AllowedHosts {
  readonly #entries: ReadonlySet<string>;

  constructor(baseUrl: URL, entries: readonly string[] = CARUNA_HOSTS) {
    this.#entries = new Set([hostAndPort(baseUrl), ...entries.map(normalized)]);
  }

  /** Whether an address may be asked. */
  allows(url: URL): boolean {
    try {
      this.check(url);
      return true;
    } catch (error) {
      if (error instanceof HostNotAllowed) return false;
      throw error;
    }
  }

  /** Returns quietly for an address that may be asked; throws `HostNotAllowed`, naming the host, otherwise. */
  check(url: URL): void {
    const shown = url.host || url.protocol;
    if (url.protocol !== "https:" && url.protocol !== "http:")
      throw new HostNotAllowed(shown, "which is no web address");
    if (url.username || url.password) throw new HostNotAllowed(shown, "with a user name written into the address");
    if (url.protocol === "http:" && !isLoopback(url.hostname))
      throw new HostNotAllowed(shown, "without encryption (http)");
    if (!this.#covers(url)) throw new HostNotAllowed(shown, "which is not one of the allowed hosts");
  }

  #covers(url: URL): boolean {
    if (this.#entries.has(hostAndPort(url))) return true;
    if (url.port !== "" || url.protocol !== "https:") return false;
    const labels = url.hostname.split(".");
    return labels.some((_, index) => index > 0 && this.#entries.has(`*.${labels.slice(index).join(".")}`));
  }
}

/** An entry as addresses spell it: lower case, umlauts in punycode, no `:443`; empty, which is no host's, for what is none. */
function normalized(entry: string): string {
  const [, wildcard = "", host = ""] = /^(\*\.)?([^*/\\?#@]+)$/.exec(entry.trim()) ?? [];
  return URL.canParse(`https://${host}`) ? wildcard + new URL(`https://${host}`).host : "";
}

/** `host` at the usual TLS port, `host:port` elsewhere (plain HTTP on its usual port is `host:80`). */
function hostAndPort(url: URL): string {
  if (url.protocol === "http:" && url.port === "") return `${url.hostname}:80`;
  return url.host;
}
