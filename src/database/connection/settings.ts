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
  /** `require`: no password goes to a server that cannot prove that it knows it itself, over this very TLS connection. */
  readonly channelBinding?: "disable" | "prefer" | "require" | undefined;
  /** What the server sees us as; default: `APPLICATION_NAME`. */
  readonly applicationName?: string | undefined;
  /** Settings of every session, as libpq's `options`: `-c name=value`. */
  readonly sessionOptions?: string | undefined;
  readonly connectTimeoutSeconds?: number | undefined;
}

/** Our own PostgreSQL, started and stopped by this program. */
export interface EmbeddedSettings {
  readonly kind: "embedded";
  /** Absolute path of the folder that holds its data. */
  readonly directory: string;
}

export type DatabaseSettings = EmbeddedSettings | ServerSettings;

/** What the server sees us as (`pg_stat_activity.application_name`). */
export const APPLICATION_NAME = "caruna-integration";
