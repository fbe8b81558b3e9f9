import type { z } from "zod";
import { LOG_FORMATS, LOG_LEVELS, SSL_MODES } from "./configuration.js";
import { databaseUrl } from "./database-url.js";
import * as values from "./values.js";

/** One setting: where it may come from, and how its text becomes its value. `config/config.ini` describes what it does. */
export interface Setting<T = unknown> {
  /** Variables of the environment and of `.env` that set it, the first preferred. */
  readonly names: readonly [string, ...string[]];
  /** Its place in the ini file, e.g. `[main] job_interval`. */
  readonly ini: string | undefined;
  /** Reads the text; makes the default of `undefined`. */
  readonly schema: z.ZodType<T, string | undefined>;
  /** A valid value, for error messages. */
  readonly example: string;
  /** Never shown; a variable of the same name with `_FILE` at its end may name a file that holds it. */
  readonly secret: boolean;
}

function setting<T>(
  names: Setting["names"],
  ini: string | undefined,
  schema: z.ZodType<T, string | undefined>,
  example: string,
): Setting<T> {
  return { names, ini, schema, example, secret: false };
}

function secret<T>(...row: Parameters<typeof setting<T>>): Setting<T> {
  return { ...setting(...row), secret: true };
}

const { text, oneOf, wholeNumber } = values;
/** A timer of Node.js takes no more milliseconds than fit into 31 bits. */
const LONGEST_INTERVAL_SECONDS = 2_147_483;
const CARUNA = "https://plus.caruna.fi";
const HOSTS = ["caruna.fi", "*.caruna.fi"];

/** Every setting, in the order in which `config/config.ini` and `.env.example` have them. */
export const SETTINGS = {
  configFile: setting(["CONFIG_FILE"], undefined, values.folder.optional(), "/etc/caruna-integration.ini"),

  username: setting(["CARUNA_USER", "CARUNA_USERNAME"], "[caruna] username", text.optional(), "matti@example.com"),
  password: secret(["CARUNA_PASSWORD"], "[caruna] password", text.optional(), "your-password"),
  meteringPoint: setting(
    ["METERING_POINT"],
    "[caruna] metering_point",
    values.meteringPoint.optional(),
    "643007572000000000",
  ),
  customers: setting(["CARUNA_CUSTOMERS"], "[caruna] customers", values.customers.default("all"), "own"),
  requestsAtOnce: setting(["REQUESTS_AT_ONCE"], "[caruna] requests_at_once", wholeNumber(1, 8).default(4), "4"),
  baseUrl: setting(["CARUNA_BASE_URL"], "[caruna] base_url", values.portalOrigin.default(CARUNA), CARUNA),
  allowedHosts: setting(
    ["CARUNA_ALLOWED_HOSTS"],
    "[caruna] allowed_hosts",
    values.hostList.default(HOSTS),
    HOSTS.join(", "),
  ),
  browser: setting(["CARUNA_BROWSER"], "[caruna] browser", values.browser.default("auto"), "/usr/bin/chromium"),
  proxy: secret(["HTTPS_PROXY", "https_proxy"], undefined, values.proxyUrl.optional(), "http://proxy.example:3128"),
  noProxy: setting(["NO_PROXY", "no_proxy"], undefined, text.optional(), "caruna.fi,10.0.0.0/8"),

  databaseUrl: secret(
    ["DATABASE_URL"],
    undefined,
    databaseUrl.optional(),
    "postgresql://energy:your-password@localhost:5432/energy",
  ),
  databaseHost: setting(["DB_HOST"], "[postgresql] host", values.databaseHost.optional(), "localhost"),
  databasePort: setting(["DB_PORT"], "[postgresql] port", wholeNumber(1, 65_535).default(5432), "5432"),
  databaseName: setting(["DB_DATABASE"], "[postgresql] database", text.optional(), "energy"),
  databaseUser: setting(["DB_USER"], "[postgresql] user", text.optional(), "energy"),
  databasePassword: secret(["DB_PASSWORD"], "[postgresql] password", text.optional(), "your-password"),
  databaseSslmode: setting(["DB_SSLMODE"], "[postgresql] sslmode", oneOf(SSL_MODES).default("prefer"), "require"),

  jobInterval: setting(
    ["JOB_INTERVAL"],
    "[main] job_interval",
    wholeNumber(1, LONGEST_INTERVAL_SECONDS).default(3600),
    "3600",
  ),
  daysToLoad: setting(["DAYS_TO_LOAD"], "[main] days_to_load", wholeNumber(1, 3660).default(7), "7"),
  askFrom: setting(["ASK_FROM"], "[main] ask_from", values.timeOfDay.default(8 * 60), "08:00"),
  backfill: setting(["BACKFILL"], "[main] backfill", values.backfill.default("all"), "2024-01-01"),
  stateDir: setting(["STATE_DIR"], "[main] state_dir", values.folder.default("state"), "/var/lib/caruna-integration"),
  logLevel: setting(["LOG_LEVEL"], "[main] log_level", oneOf(LOG_LEVELS).default("info"), "debug"),
  logFormat: setting(["LOG_FORMAT"], "[main] log_format", oneOf(LOG_FORMATS).optional(), "json"),

  httpHost: setting(["HTTP_HOST"], "[http] host", values.listeningHost.default("127.0.0.1"), "0.0.0.0"),
  httpPort: setting(["HTTP_PORT"], "[http] port", wholeNumber(0, 65_535).default(8480), "8480"),
  httpToken: secret(["HTTP_TOKEN"], "[http] token", values.accessToken.optional(), "the-output-of-openssl-rand-hex-24"),
};

/** The same as a list. */
export const ALL_SETTINGS: readonly Setting[] = Object.values(SETTINGS);
