import { join } from "node:path";
import {
  type BrowserOptions,
  CarunaClient,
  type CarunaClientOptions,
  fileSessionStore,
  fileTranscripts,
  type SessionStore,
} from "../caruna/index.js";
import type { Account, Configuration } from "../config/index.js";
import type { Database, DatabaseSettings } from "../database/index.js";
import type { Logger } from "../shared/logger.js";

// Where the program keeps what it must not forget: all of it below the state directory, but for a database of the user's own.

/** The client of this account, as the settings have it. Transcripts of failed logins go to the state directory. */
export function carunaClient(
  configuration: Configuration,
  account: Account,
  options: Omit<CarunaClientOptions, "username" | "password">,
): CarunaClient {
  const { baseUrl, allowedHosts, proxy } = configuration.caruna;
  const onLoginFailed = fileTranscripts(join(configuration.stateDir, "transcripts"));
  const browser = browserOptions(configuration);
  return new CarunaClient({ ...account, baseUrl, allowedHosts, proxy, browser, onLoginFailed, ...options });
}

export function keptSession({ stateDir }: Configuration, logger: Logger): SessionStore {
  return fileSessionStore(join(stateDir, "session.json"), logger);
}

/** The real browser for pages of the login that need one, its profiles in the state directory; undefined where it is turned off. */
export function browserOptions({ caruna: { browser }, stateDir }: Configuration): BrowserOptions | undefined {
  return browser === "none" ? undefined : { executable: browser, profileFolder: join(stateDir, "browser") };
}

export function healthFile({ stateDir }: Configuration): string {
  return join(stateDir, "health.json");
}

export function databaseSettings({ database, stateDir }: Configuration): DatabaseSettings {
  return database.kind === "embedded" ? { kind: "embedded", directory: join(stateDir, "postgres") } : database;
}

/** The record of this account's password posts in that database. */
export function loginGuard(
  database: Database,
  { caruna, jobIntervalSeconds }: Configuration,
  { username, password }: Account,
  now: () => number,
): ReturnType<Database["loginGuard"]> {
  return database.loginGuard([caruna.baseUrl, username, password], now, { cycleMs: jobIntervalSeconds * 1000 });
}
