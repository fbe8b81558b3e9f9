import type { Temporal } from "temporal-polyfill";

/** How libpq's `sslmode` names them, from no encryption to a certificate that is checked in full. */
export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface CarunaConfiguration {
  /** E-mail of the Caruna+ account; `undefined` where no account is set. See `requireAccount`. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Asset id or GSRN of the metering point that the table follows; `undefined`: found out at run time. */
  readonly meteringPoint: string | undefined;
  /** Whose metering points are loaded: all, the person's own, or those of these customer numbers. */
  readonly customers: "all" | "own" | readonly string[];
  /** Requests that may be under way at one time. */
  readonly requestsAtOnce: number;
  /** Origin of the portal, with no trailing slash, e.g. `https://plus.caruna.fi`. */
  readonly baseUrl: string;
  /** The real browser for pages of the login that need one: `auto`, `none`, or its absolute path. */
  readonly browser: string;
  /** The proxy on the way to it, and the hosts that are reached without (as NO_PROXY has them). */
  readonly proxy: { readonly url: string; readonly except: string | undefined } | undefined;
  /** Who may receive the credentials, in lower case: `host` (its TLS port), `host:port` or `*.domain`. Never empty. */
  readonly allowedHosts: readonly string[];
}

/** A PostgreSQL server that somebody else runs. */
export interface ServerConfiguration {
  readonly kind: "server";
  /** Host name, IP address, or the absolute path of the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly sslmode: SslMode;
  /** Path of a PEM file of the authorities to trust. This and what follows can be set in DATABASE_URL alone. */
  readonly sslRootCertificatePath?: string | undefined;
  readonly channelBinding?: "disable" | "prefer" | "require" | undefined;
  readonly applicationName?: string | undefined;
  /** Settings of the session, as `-c name=value`. */
  readonly sessionOptions?: string | undefined;
  readonly connectTimeoutSeconds?: number | undefined;
}

export type DatabaseConfiguration = { readonly kind: "embedded" } | ServerConfiguration;

/** Where the page is served; the metrics and the answers to health checks too. */
export interface HttpConfiguration {
  /** Host name or address, an IPv6 address without brackets. */
  readonly host: string;
  /** 0: no page. */
  readonly port: number;
  /** Who does not show it sees nothing; `undefined` only where `host` is this machine's own. */
  readonly token: string | undefined;
}

/** Everything a person can set, checked and frozen. */
export interface Configuration {
  readonly caruna: CarunaConfiguration;
  readonly database: DatabaseConfiguration;
  /** Seconds from the start of a cycle to the start of the next. */
  readonly jobIntervalSeconds: number;
  /** How many local days, up to yesterday, are asked for until all their hours are there. */
  readonly daysToLoad: number;
  /** Minutes after local midnight from which on yesterday is asked for. */
  readonly askFromMinutes: number;
  /** How far back history is loaded: everything, nothing, or from that day on. */
  readonly backfill: "all" | "none" | Temporal.PlainDate;
  /** Absolute path of the folder that keeps the session and the embedded database. */
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  /** `undefined`: pretty when stderr is a terminal, JSON otherwise. */
  readonly logFormat: LogFormat | undefined;
  readonly http: HttpConfiguration;
  /** What is odd but no error, one sentence each, with no secret in it; the caller logs them. */
  readonly warnings: readonly string[];
  /** Where the settings were looked for, in order, for messages: e.g. `environment`, `/srv/.env (no such file)`, …. */
  readonly sources: readonly string[];
}
