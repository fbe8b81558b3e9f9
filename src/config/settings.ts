import type { Temporal } from "temporal-polyfill";
import type { z } from "zod";
import { LOG_FORMATS, LOG_LEVELS, SSL_MODES } from "./configuration.js";
import { databaseUrl } from "./database-url.js";
import {
  accessToken,
  backfill,
  customers,
  databaseHost,
  folder,
  hostList,
  listeningHost,
  meteringPoint,
  oneOf,
  portalOrigin,
  proxyUrl,
  text,
  timeOfDay,
  wholeNumber,
} from "./values.js";

/** One setting: where it may come from, how its text is read, what holds where it is not set. */
export interface Setting<T> {
  readonly ini?: { readonly section: string; readonly key: string };
  /** Variables of the environment, the first preferred. */
  readonly environment: readonly [string, ...string[]];
  /** Never shown; a variable of the same name with `_FILE` at its end may name a file that holds it. */
  readonly secret: boolean;
  readonly schema: z.ZodType<T, string>;
  /** The default as a person reads it. */
  readonly defaultInWords: string;
  readonly description: string;
  /** A value that would do. */
  readonly example: string;
}

/** A setting that always has a value. */
export interface SettingWithDefault<T> extends Setting<T> {
  readonly fallback: T;
}

/** Lets the compiler find each setting's own type of value. */
function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

function settingWithDefault<T>(definition: Setting<T> & { readonly fallback: NoInfer<T> }): SettingWithDefault<T> {
  return definition;
}

/** A timer of Node.js takes no more milliseconds than fit into 31 bits. */
const LONGEST_INTERVAL_SECONDS = 2_147_483;

/** Every setting, in the order in which the files and the help show them. */
export const SETTINGS = {
  configFile: setting({
    environment: ["CONFIG_FILE"],
    secret: false,
    schema: folder,
    defaultInWords: "config/config.ini of the package",
    description: "Another ini file in place of the package's",
    example: "/etc/caruna-integration.ini",
  }),
  username: setting({
    ini: { section: "caruna", key: "username" },
    environment: ["CARUNA_USER", "CARUNA_USERNAME"],
    secret: false,
    schema: text,
    defaultInWords: "none",
    description: "E-mail address of your Caruna+ account",
    example: "matti@example.com",
  }),
  password: setting({
    ini: { section: "caruna", key: "password" },
    environment: ["CARUNA_PASSWORD"],
    secret: true,
    schema: text,
    defaultInWords: "none",
    description: "Password of your Caruna+ account",
    example: "your-password",
  }),
  meteringPoint: setting({
    ini: { section: "caruna", key: "metering_point" },
    environment: ["METERING_POINT"],
    secret: false,
    schema: meteringPoint,
    defaultInWords: "the only one, or the one whose hours the table already holds",
    description: "Which metering point the table follows: its asset id or GSRN",
    example: "643007572000000000",
  }),
  customers: settingWithDefault<"all" | "own" | readonly string[]>({
    ini: { section: "caruna", key: "customers" },
    environment: ["CARUNA_CUSTOMERS"],
    secret: false,
    schema: customers,
    fallback: "all",
    defaultInWords: "all",
    description: "Whose metering points are loaded: all, own (not those you act for), or customer numbers",
    example: "own",
  }),
  requestsAtOnce: settingWithDefault({
    ini: { section: "caruna", key: "requests_at_once" },
    environment: ["REQUESTS_AT_ONCE"],
    secret: false,
    schema: wholeNumber(1, 8),
    fallback: 4,
    defaultInWords: "4",
    description: "How many requests to Caruna+ may be under way at one time",
    example: "4",
  }),
  baseUrl: settingWithDefault({
    ini: { section: "caruna", key: "base_url" },
    environment: ["CARUNA_BASE_URL"],
    secret: false,
    schema: portalOrigin,
    fallback: "https://plus.caruna.fi",
    defaultInWords: "https://plus.caruna.fi",
    description: "Address of Caruna+; plain http for this machine only",
    example: "https://plus.caruna.fi",
  }),
  allowedHosts: settingWithDefault({
    ini: { section: "caruna", key: "allowed_hosts" },
    environment: ["CARUNA_ALLOWED_HOSTS"],
    secret: false,
    schema: hostList,
    fallback: ["caruna.fi", "*.caruna.fi"],
    defaultInWords: "caruna.fi, *.caruna.fi and the host of base_url",
    description: "Hosts that may receive your password, with commas between: host (its TLS port), host:port, *.domain",
    example: "caruna.fi, *.caruna.fi",
  }),
  proxy: setting({
    environment: ["HTTPS_PROXY", "https_proxy"],
    secret: true,
    schema: proxyUrl,
    defaultInWords: "none",
    description: "HTTP proxy on the way to Caruna+",
    example: "http://proxy.example:3128",
  }),
  noProxy: setting({
    environment: ["NO_PROXY", "no_proxy"],
    secret: false,
    schema: text,
    defaultInWords: "none; this machine itself is always reached without",
    description: "Hosts that are reached without the proxy, with commas between",
    example: "caruna.fi,10.0.0.0/8",
  }),
  databaseUrl: setting({
    environment: ["DATABASE_URL"],
    secret: true,
    schema: databaseUrl,
    defaultInWords: "none",
    description: "Address of your PostgreSQL database, in place of the DB_… settings",
    example: "postgresql://energy:your-password@localhost:5432/energy",
  }),
  databaseHost: setting({
    ini: { section: "postgresql", key: "host" },
    environment: ["DB_HOST"],
    secret: false,
    schema: databaseHost,
    defaultInWords: "none: a database of its own, in state_dir",
    description: "Host of your PostgreSQL server",
    example: "localhost",
  }),
  databasePort: settingWithDefault({
    ini: { section: "postgresql", key: "port" },
    environment: ["DB_PORT"],
    secret: false,
    schema: wholeNumber(1, 65_535),
    fallback: 5432,
    defaultInWords: "5432",
    description: "Port of your PostgreSQL server",
    example: "5432",
  }),
  databaseName: setting({
    ini: { section: "postgresql", key: "database" },
    environment: ["DB_DATABASE"],
    secret: false,
    schema: text,
    defaultInWords: "none; needed with a host",
    description: "Name of the database",
    example: "energy",
  }),
  databaseUser: setting({
    ini: { section: "postgresql", key: "user" },
    environment: ["DB_USER"],
    secret: false,
    schema: text,
    defaultInWords: "none; needed with a host",
    description: "User (role) of the database",
    example: "energy",
  }),
  databasePassword: setting({
    ini: { section: "postgresql", key: "password" },
    environment: ["DB_PASSWORD"],
    secret: true,
    schema: text,
    defaultInWords: "none",
    description: "Password of that user, where the server asks for one",
    example: "your-password",
  }),
  databaseSslmode: settingWithDefault({
    ini: { section: "postgresql", key: "sslmode" },
    environment: ["DB_SSLMODE"],
    secret: false,
    schema: oneOf(SSL_MODES),
    fallback: "prefer",
    defaultInWords: "prefer",
    description: `Encryption of the connection, as libpq names it: ${SSL_MODES.join(", ")}`,
    example: "require",
  }),
  jobInterval: settingWithDefault({
    ini: { section: "main", key: "job_interval" },
    environment: ["JOB_INTERVAL"],
    secret: false,
    schema: wholeNumber(1, LONGEST_INTERVAL_SECONDS),
    fallback: 3600,
    defaultInWords: "3600",
    description: "Seconds from the start of one load to the start of the next",
    example: "3600",
  }),
  daysToLoad: settingWithDefault({
    ini: { section: "main", key: "days_to_load" },
    environment: ["DAYS_TO_LOAD"],
    secret: false,
    schema: wholeNumber(1, 3660),
    fallback: 7,
    defaultInWords: "7",
    description: "How many days, up to yesterday, are asked for until all their hours are there",
    example: "7",
  }),
  askFrom: settingWithDefault({
    ini: { section: "main", key: "ask_from" },
    environment: ["ASK_FROM"],
    secret: false,
    schema: timeOfDay,
    fallback: 8 * 60,
    defaultInWords: "08:00",
    description: "Time of the day, in Finland, from which on yesterday's hours are asked for",
    example: "08:00",
  }),
  backfill: settingWithDefault<"all" | "none" | Temporal.PlainDate>({
    ini: { section: "main", key: "backfill" },
    environment: ["BACKFILL"],
    secret: false,
    schema: backfill,
    fallback: "all",
    defaultInWords: "all",
    description: "How far back history is loaded: all, none, or the first day",
    example: "2024-01-01",
  }),
  stateDir: settingWithDefault({
    ini: { section: "main", key: "state_dir" },
    environment: ["STATE_DIR"],
    secret: false,
    schema: folder,
    fallback: "state",
    defaultInWords: "state, in the working directory",
    description: "Folder for the session and the embedded database",
    example: "/var/lib/caruna-integration",
  }),
  logLevel: settingWithDefault({
    ini: { section: "main", key: "log_level" },
    environment: ["LOG_LEVEL"],
    secret: false,
    schema: oneOf(LOG_LEVELS),
    fallback: "info",
    defaultInWords: "info",
    description: `How much is logged: ${LOG_LEVELS.join(", ")}`,
    example: "debug",
  }),
  logFormat: setting({
    ini: { section: "main", key: "log_format" },
    environment: ["LOG_FORMAT"],
    secret: false,
    schema: oneOf(LOG_FORMATS),
    defaultInWords: "pretty on a terminal, json otherwise",
    description: "How the log looks: pretty or json",
    example: "json",
  }),
  httpHost: settingWithDefault({
    ini: { section: "http", key: "host" },
    environment: ["HTTP_HOST"],
    secret: false,
    schema: listeningHost,
    fallback: "127.0.0.1",
    defaultInWords: "127.0.0.1: this machine alone",
    description: "Address on which the page is served; any but this machine's own needs a token",
    example: "0.0.0.0",
  }),
  httpPort: settingWithDefault({
    ini: { section: "http", key: "port" },
    environment: ["HTTP_PORT"],
    secret: false,
    schema: wholeNumber(0, 65_535),
    fallback: 8480,
    defaultInWords: "8480",
    description: "Port of the page; 0 for no page",
    example: "8480",
  }),
  httpToken: setting({
    ini: { section: "http", key: "token" },
    environment: ["HTTP_TOKEN"],
    secret: true,
    schema: accessToken,
    defaultInWords: "none; needed where others can reach the page",
    description: "What a browser must show once (/?token=…), and Prometheus as a bearer token, to see anything",
    example: "the-output-of-openssl-rand-hex-24",
  }),
};

/** The same as a list. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS);

/** `[main] job_interval` */
export function iniName(section: string, key: string): string {
  return section === "" ? key : `[${section}] ${key}`;
}

/** One setting as `--help` and the documentation show it. */
export interface SettingDescription {
  /** e.g. `[main] job_interval`; `undefined` where it has no place in the ini. */
  readonly ini: string | undefined;
  /** The variables that set it, the first preferred; for a secret the `_FILE` variable is among them. */
  readonly environment: readonly string[];
  readonly secret: boolean;
  /** The default in words, e.g. `3600`. */
  readonly default: string;
  readonly description: string;
  /** A value that would do. */
  readonly example: string;
}

/** Every setting there is, in the order of `config/config.ini` and `.env.example`. */
export function describeSettings(): readonly SettingDescription[] {
  return ALL_SETTINGS.map((entry) => ({
    ini: entry.ini && iniName(entry.ini.section, entry.ini.key),
    environment: entry.secret
      ? [...entry.environment, ...entry.environment.map((name) => `${name}_FILE`)]
      : entry.environment,
    secret: entry.secret,
    default: entry.defaultInWords,
    description: entry.description,
    example: entry.example,
  }));
}
