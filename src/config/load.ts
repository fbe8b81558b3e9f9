import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CarunaConfiguration, Configuration, HttpConfiguration } from "./configuration.js";
import { type ConfigurationProblem, problemsAsError } from "./configuration-error.js";
import { findDatabase } from "./database.js";
import { parseEnvFile } from "./files/env-file.js";
import { parseIniFile } from "./files/ini-file.js";
import { iniWarnings } from "./files/ini-warnings.js";
import { readTextFile } from "./files/text-file.js";
import { missingAccount } from "./require-account.js";
import { SETTINGS } from "./settings.js";
import { shown } from "./shown.js";
import { type Found, type NamedIniFile, RANK, Sources, type Variables } from "./sources.js";
import { isLoopback } from "./values.js";

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
  const caruna = findCaruna(sources, account);
  const database = findDatabase(sources);
  const jobIntervalSeconds = sources.valueOf(SETTINGS.jobInterval);
  const configuration: Configuration = {
    caruna,
    database,
    jobIntervalSeconds,
    daysToLoad: sources.valueOf(SETTINGS.daysToLoad),
    askFromMinutes: sources.valueOf(SETTINGS.askFrom),
    backfill: sources.valueOf(SETTINGS.backfill),
    stateDir: resolve(options.workingDirectory, sources.valueOf(SETTINGS.stateDir)),
    logLevel: sources.valueOf(SETTINGS.logLevel),
    logFormat: sources.find(SETTINGS.logFormat)?.value,
    http: findHttp(sources),
    warnings: [...sources.warnings, ...politeness(caruna, jobIntervalSeconds)],
    sources: lookedIn,
  };
  if (sources.problems.length > 0) {
    throw problemsAsError([...sources.problems, ...(options.needsAccount ? missingAccount(account, lookedIn) : [])]);
  }
  return deepFreeze(configuration);
}

interface FoundAccount {
  readonly username: Found<string> | undefined;
  readonly password: Found<string> | undefined;
}

function findCaruna(sources: Sources, { username, password }: FoundAccount): CarunaConfiguration {
  const baseUrl = sources.valueOf(SETTINGS.baseUrl);
  return {
    username: username?.value,
    password: password?.value,
    meteringPoint: sources.find(SETTINGS.meteringPoint)?.value,
    customers: sources.valueOf(SETTINGS.customers),
    requestsAtOnce: sources.valueOf(SETTINGS.requestsAtOnce),
    baseUrl,
    proxy: findProxy(sources),
    allowedHosts: [...new Set([...sources.valueOf(SETTINGS.allowedHosts), hostEntryOf(new URL(baseUrl))])],
  };
}

function findProxy(sources: Sources): CarunaConfiguration["proxy"] {
  const url = sources.find(SETTINGS.proxy)?.value;
  const except = sources.find(SETTINGS.noProxy)?.value;
  return url === undefined ? undefined : { url, except };
}

/** Where the page is served. What others can reach is behind a token, and what is off needs none. */
function findHttp(sources: Sources): HttpConfiguration {
  const host = sources.find(SETTINGS.httpHost);
  const port = sources.valueOf(SETTINGS.httpPort);
  const token = sources.find(SETTINGS.httpToken);
  if (host?.value !== undefined && !isLoopback(host.value) && port !== 0 && token === undefined) {
    const problem = `is not set, but ${host.origin.setting} is ${shown(host.value)}: others could look at the page; choose a token of 16 characters or more`;
    sources.addProblem(
      { setting: "HTTP_TOKEN", source: host.origin.source },
      problem,
      "HTTP_TOKEN=(what openssl rand -hex 24 prints)",
    );
  }
  return { host: host?.value ?? SETTINGS.httpHost.fallback, port, token: token?.value };
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

/** Opens the files. What is wrong with them is told in the problems of `sources`; `lookedIn` names them for messages. */
function openSources(options: LoadOptions): { sources: Sources; lookedIn: string[] } {
  const environment: Variables = {
    rank: RANK.environment,
    source: "environment",
    values: options.environment,
  };
  const problems: ConfigurationProblem[] = [];
  const envFile = openEnvFile(resolve(options.workingDirectory, ".env"), problems);
  const variables = [environment, ...(envFile.variables === undefined ? [] : [envFile.variables])];
  const withoutIni = new Sources(options.workingDirectory, variables);
  const ini = openIniFile(options, withoutIni, problems);
  const sources = new Sources(options.workingDirectory, variables, ini.file);
  sources.problems.push(...withoutIni.problems, ...problems);
  sources.warnings.push(...withoutIni.warnings, ...(ini.file === undefined ? [] : iniWarnings(ini.file)));
  return { sources, lookedIn: ["environment", envFile.name, ini.name] };
}

function openEnvFile(path: string, problems: ConfigurationProblem[]): { name: string; variables?: Variables } {
  const file = readTextFile(path);
  if (file.kind === "missing") return { name: `${path} (no such file)` };
  if (file.kind === "unusable") {
    const example = "a text file with lines such as CARUNA_USER=matti@example.com";
    problems.push({ setting: ".env", source: path, problem: file.reason, example });
    return { name: path };
  }
  const { variables, isCut } = parseEnvFile(file.text);
  return { name: path, variables: { rank: RANK.envFile, source: path, values: variables, isCut } };
}

function openIniFile(
  options: LoadOptions,
  sources: Sources,
  problems: ConfigurationProblem[],
): { name: string; file?: NamedIniFile } {
  const named = sources.find(SETTINGS.configFile);
  if (named !== undefined && named.value === undefined) return { name: "the ini file" };
  const path =
    named?.value === undefined
      ? join(options.packageDirectory ?? PACKAGE_DIRECTORY, "config", "config.ini")
      : resolve(options.workingDirectory, named.value);
  const file = readTextFile(path);
  if (file.kind === "text") return { name: path, file: { path, ...parseIniFile(file.text) } };
  // The package's own file may have been left out on purpose; one that is named must be there.
  if (file.kind === "missing" && named === undefined) return { name: `${path} (no such file)` };
  const reason = file.kind === "missing" ? "does not exist" : file.reason;
  const { setting, source } = named?.origin ?? { setting: "config.ini", source: path };
  const problem = named === undefined ? reason : `names ${path}, which ${reason}`;
  problems.push({ setting, source, problem, example: `CONFIG_FILE=${SETTINGS.configFile.example}` });
  return { name: path };
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
