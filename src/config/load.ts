import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isLoopback } from "../shared/loopback.js";
import type { CarunaConfiguration, Configuration, HttpConfiguration } from "./configuration.js";
import { problemsAsError } from "./configuration-error.js";
import { findDatabase } from "./database.js";
import { parseEnvFile } from "./files/env-file.js";
import { parseIniFile } from "./files/ini-file.js";
import { iniWarnings } from "./files/ini-warnings.js";
import { readTextFile } from "./files/text-file.js";
import { quoteForMessage } from "./quote-for-message.js";
import { missingAccount } from "./require-account.js";
import { SETTINGS } from "./settings.js";
import { RANK, Sources, type Variables } from "./sources.js";

export interface LoadOptions {
  /** The variables of the process, e.g. `process.env`; read, never changed. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where `.env` is looked for and what relative paths start from. */
  readonly workingDirectory: string;
  /** The folder that holds `config/config.ini`; default: this package's own. */
  readonly packageDirectory?: string;
  /** The account is going to be required (see `requireAccount`): where other settings are wrong, it is listed with them. */
  readonly needsAccount?: boolean;
}

/** Two folders up, from `src/config` as well as from `dist/config`. */
const PACKAGE_DIRECTORY = fileURLToPath(new URL("../../", import.meta.url));

/** Below this many seconds between two loads Caruna+ has more trouble from them than a person has use. */
const POLITE_INTERVAL_SECONDS = 300;

/**
 * Reads and checks every setting: from the environment, then from `.env` in the working directory, then from the ini file
 * (`CONFIG_FILE`, or `config/config.ini` of the package), then the default.
 *
 * Returns a frozen object; the account may be missing from it (see `requireAccount`).
 * Throws `ConfigurationError` with every problem at once, a missing account among them where one is needed.
 */
export function loadConfiguration(options: LoadOptions): Configuration {
  const { sources, lookedIn } = openSources(options);
  const account = { username: sources.find(SETTINGS.username), password: sources.find(SETTINGS.password) };
  const caruna: CarunaConfiguration = {
    username: account.username.value,
    password: account.password.value,
    ...findCaruna(sources, options.workingDirectory),
  };
  const database = findDatabase(sources);
  const jobIntervalSeconds = sources.find(SETTINGS.jobInterval).value;
  const configuration: Configuration = {
    caruna,
    database,
    jobIntervalSeconds,
    daysToLoad: sources.find(SETTINGS.daysToLoad).value,
    askFromMinutes: sources.find(SETTINGS.askFrom).value,
    backfill: sources.find(SETTINGS.backfill).value,
    stateDir: resolve(options.workingDirectory, sources.find(SETTINGS.stateDir).value),
    logLevel: sources.find(SETTINGS.logLevel).value,
    logFormat: sources.find(SETTINGS.logFormat).value,
    http: findHttp(sources),
    warnings: [...sources.warnings, ...politeness(caruna, jobIntervalSeconds)],
    sources: lookedIn,
  };
  if (sources.problems.length > 0) {
    const { username, password } = account;
    const found = { username: username.origin, password: password.origin };
    throw problemsAsError([...sources.problems, ...(options.needsAccount ? missingAccount(found, lookedIn) : [])]);
  }
  return deepFreeze(configuration);
}

function findCaruna(sources: Sources, workingDirectory: string): Omit<CarunaConfiguration, "username" | "password"> {
  const browser = sources.find(SETTINGS.browser).value;
  const baseUrl = sources.find(SETTINGS.baseUrl).value;
  const url = sources.find(SETTINGS.proxy).value;
  const except = sources.find(SETTINGS.noProxy).value;
  return {
    meteringPoint: sources.find(SETTINGS.meteringPoint).value,
    customers: sources.find(SETTINGS.customers).value,
    requestsAtOnce: sources.find(SETTINGS.requestsAtOnce).value,
    baseUrl,
    browser: browser === "auto" || browser === "none" ? browser : resolve(workingDirectory, browser),
    proxy: url === undefined ? undefined : { url, except },
    allowedHosts: [...new Set([...sources.find(SETTINGS.allowedHosts).value, hostEntryOf(new URL(baseUrl))])],
  };
}

/** Where the page is served. What others can reach is behind a token, and what is off needs none. */
function findHttp(sources: Sources): HttpConfiguration {
  const { value: host, origin } = sources.find(SETTINGS.httpHost);
  const port = sources.find(SETTINGS.httpPort).value;
  const token = sources.find(SETTINGS.httpToken);
  if (origin !== undefined && !isLoopback(host) && port !== 0 && token.origin === undefined) {
    const problem = `is not set, but ${origin.setting} is ${quoteForMessage(host)}: others could look at the page; choose a token of 16 characters or more`;
    const example = "HTTP_TOKEN=(what openssl rand -hex 24 prints)";
    sources.addProblem({ setting: "HTTP_TOKEN", source: origin.source }, problem, example);
  }
  return { host, port, token: token.value };
}

/** The host as an entry of the list: the list's bare names stand for the TLS port, so plain http names its port. */
function hostEntryOf(url: URL): string {
  return url.protocol === "http:" && url.port === "" ? `${url.hostname}:80` : url.host;
}

function politeness({ baseUrl }: CarunaConfiguration, intervalSeconds: number): string[] {
  if (intervalSeconds >= POLITE_INTERVAL_SECONDS || isLoopback(new URL(baseUrl).hostname)) return [];
  return [
    `job_interval is ${intervalSeconds} seconds, but Caruna+ publishes hours once a day: 3600 is enough and keeps you a welcome guest`,
  ];
}

/** Opens the files. What is wrong with them is among the problems of `sources`; `lookedIn` names them for messages. */
function openSources({ environment, workingDirectory, packageDirectory = PACKAGE_DIRECTORY }: LoadOptions): {
  sources: Sources;
  lookedIn: string[];
} {
  const variables: Variables[] = [{ rank: RANK.environment, source: "environment", values: environment }];
  const sources = new Sources(workingDirectory, variables);

  const envPath = resolve(workingDirectory, ".env");
  const env = readTextFile(envPath);
  if (env.kind === "text") {
    const { variables: values, isCut } = parseEnvFile(env.text);
    variables.push({ rank: RANK.envFile, source: envPath, values, isCut });
  } else if (env.kind === "unusable") {
    const example = "a text file with lines such as CARUNA_USER=matti@example.com";
    sources.addProblem({ setting: ".env", source: envPath }, env.reason, example);
  }
  const { value: named, origin } = sources.find(SETTINGS.configFile);
  const iniPath =
    named === undefined ? join(packageDirectory, "config", "config.ini") : resolve(workingDirectory, named);
  const ini = readTextFile(iniPath);
  if (ini.kind === "text") {
    sources.ini = { path: iniPath, ...parseIniFile(ini.text) };
    sources.warnings.push(...iniWarnings(sources.ini));
  } else if (ini.kind === "unusable" || named !== undefined) {
    // The package's own file may have been left out on purpose; one that is named must be there.
    const reason = ini.kind === "missing" ? "does not exist" : ini.reason;
    const problem = named === undefined ? reason : `names ${iniPath}, which ${reason}`;
    const example = `CONFIG_FILE=${SETTINGS.configFile.example}`;
    sources.addProblem(origin ?? { setting: "config.ini", source: iniPath }, problem, example);
  }
  const nameOf = (path: string, { kind }: { kind: string }) => (kind === "missing" ? `${path} (no such file)` : path);
  return { sources, lookedIn: ["environment", nameOf(envPath, env), nameOf(iniPath, ini)] };
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
