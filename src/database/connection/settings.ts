import { DatabaseAddressInvalid } from "./errors.js";

/** libpq's names for how much TLS a connection needs, weakest first. */
export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/**
 * What libpq means by them: `disable` never, `allow` only if the server insists, `prefer` if the server can,
 * `require` always but without a look at the certificate, `verify-ca` a trusted certificate, `verify-full` also the
 * right host name. Source: PostgreSQL's documentation, "SSL Mode Descriptions".
 */
export type SslMode = (typeof SSL_MODES)[number];

/** A PostgreSQL server that somebody else runs. */
export interface ServerSettings {
  readonly kind: "server";
  /** Host name, IP address, or the absolute path of the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** `undefined`: none is sent, unless PGPASSWORD or ~/.pgpass has one. */
  readonly password: string | undefined;
  readonly sslmode: SslMode;
  /** Path of a PEM file of the authorities to trust with `verify-ca` and `verify-full`; default: those Node.js trusts. */
  readonly sslRootCertificatePath?: string | undefined;
}

/** Our own PostgreSQL, started and stopped by this program. */
export interface EmbeddedSettings {
  readonly kind: "embedded";
  /** Absolute path of the folder that holds its data. */
  readonly directory: string;
}

/** A connection URL as libpq writes it: `postgresql://user:password@host:5432/database?sslmode=require`. */
export interface UrlSettings {
  readonly kind: "url";
  readonly url: string;
}

export type DatabaseSettings = EmbeddedSettings | ServerSettings | UrlSettings;

/** What the server sees us as (`pg_stat_activity.application_name`). */
export const APPLICATION_NAME = "caruna-integration";

const DEFAULT_PORT = 5432;
const URL_PARAMETERS = ["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert"];

/**
 * Takes a connection URL apart.
 *
 * @returns the server it names; port 5432, sslmode `prefer` and a database named like the user where it says nothing.
 * @throws {DatabaseAddressInvalid} in words that never hold a part of the URL, since any part may be the password.
 */
export function parseDatabaseUrl(text: string): ServerSettings {
  // libpq takes user@ without a host, for a socket or the default; the URL standard does not.
  const complete = text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/, "$1localhost");
  const url = URL.canParse(complete) ? new URL(complete) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.hash !== "") {
    throw new DatabaseAddressInvalid(
      "it is not of the form postgresql://user:password@host:5432/database (in the password, write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25)",
    );
  }
  const unknown = [...url.searchParams.keys()].filter((name) => !URL_PARAMETERS.includes(name));
  if (unknown.length > 0) {
    throw new DatabaseAddressInvalid(`after the "?" only ${URL_PARAMETERS.join(", ")} are understood`);
  }
  const parameter = (name: string) => url.searchParams.get(name) || undefined;
  const user = parameter("user") ?? decodePart(url.username);
  if (user === "") {
    throw new DatabaseAddressInvalid("it names no user");
  }
  return {
    kind: "server",
    host: parameter("host") ?? (decodePart(url.hostname).replace(/^\[(.*)\]$/, "$1") || "localhost"),
    port: parsePort(parameter("port") ?? url.port),
    database: parameter("dbname") ?? (decodePart(url.pathname.slice(1)) || user),
    user,
    password: parameter("password") ?? (decodePart(url.password) || undefined),
    sslmode: parseSslMode(parameter("sslmode")),
    sslRootCertificatePath: parameter("sslrootcert"),
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new DatabaseAddressInvalid("it holds a % that is not followed by two hexadecimal digits (write % as %25)");
  }
}

function parsePort(text: string): number {
  const port = text === "" ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new DatabaseAddressInvalid("its port is not a number from 1 to 65535");
  }
  return port;
}

function parseSslMode(text: string | undefined): SslMode {
  const mode = text === undefined ? "prefer" : SSL_MODES.find((known) => known === text);
  if (mode === undefined) {
    throw new DatabaseAddressInvalid(`its sslmode is none of ${SSL_MODES.join(", ")}`);
  }
  return mode;
}
