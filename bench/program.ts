import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ServerSettings } from "../src/database/index.js";
import { ACCOUNT, type SimulatorAddresses } from "./simulator.js";

const ROOT = new URL("../../", import.meta.url);

/** Starts the built program in a folder of its own. */
export function startProgram(
  words: string | readonly string[],
  folder: string,
  settings: Record<string, string>,
): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL("dist/main.js", ROOT)), ...[words].flat()], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** What leads the program to that Caruna+ and that database. */
export function programSettings(
  { plusUrl, authUrl }: SimulatorAddresses,
  server: ServerSettings,
): Record<string, string> {
  return {
    ...databaseSettings(server),
    CARUNA_USER: ACCOUNT.username,
    CARUNA_PASSWORD: ACCOUNT.password,
    CARUNA_BASE_URL: plusUrl,
    CARUNA_ALLOWED_HOSTS: new URL(authUrl).host,
  };
}

/** What leads it to that database alone. */
export function databaseSettings(server: ServerSettings): Record<string, string> {
  return {
    DB_HOST: server.host,
    DB_PORT: String(server.port),
    DB_DATABASE: server.database,
    DB_USER: server.user,
    DB_PASSWORD: server.password ?? "",
    LOG_FORMAT: "json",
  };
}
