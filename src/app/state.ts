import { join } from "node:path";
import { fileTranscripts, type OnLoginFailed } from "../caruna/index.js";
import type { Account, Configuration } from "../config/index.js";
import type { Database, DatabaseSettings } from "../database/index.js";

// Where the program keeps what it must not forget: all of it below the state directory, but for a database of the user's own.

/** Keeps the transcripts of failed logins in the state directory. */
export function loginTranscripts({ stateDir }: Configuration): OnLoginFailed {
  return fileTranscripts(join(stateDir, "transcripts"));
}

export function sessionFile({ stateDir }: Configuration): string {
  return join(stateDir, "session.json");
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
