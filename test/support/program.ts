import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Simulator } from "../../src/simulator/index.js";
import type { TestDatabase } from "./postgres.js";

/** The built entry, as users run it. */
export const ENTRY = resolve(import.meta.dirname, "../../dist/main.js");

/** A working directory of its own, which the embedded server's user can reach when the tests run as root. */
export function workingDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "caruna-integration-test-"));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The settings that lead the program to a simulator, with the account that it knows. */
export function accountSettings(simulator: Simulator): Record<string, string> {
  return {
    CARUNA_USER: "demo@example.com",
    CARUNA_PASSWORD: "demo",
    CARUNA_BASE_URL: simulator.plusUrl,
    CARUNA_ALLOWED_HOSTS: new URL(simulator.authUrl).host,
    // Tests run side by side on one machine; those of the page choose a port.
    HTTP_PORT: "0",
  };
}

/** The settings of a test database, as an original user's `.env` has them. */
export function databaseSettings({ settings }: Pick<TestDatabase, "settings">): Record<string, string> {
  return {
    DB_HOST: settings.host,
    DB_PORT: String(settings.port),
    DB_DATABASE: settings.database,
    DB_USER: settings.user,
    DB_PASSWORD: settings.password ?? "",
  };
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once the text stands in its stderr; rejects when it ends without. */
  says(text: string): Promise<void>;
}

/** Starts the program with those settings and nothing else of this process' environment but what Node.js needs. */
export function startProgram(parameters: readonly string[], settings: Record<string, string>, cwd: string): Running {
  const child = spawn(process.execPath, [ENTRY, ...parameters], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return watch(child);
}

/** Runs the program to its end. */
export async function runProgram(
  parameters: readonly string[],
  settings: Record<string, string>,
  cwd: string,
): Promise<Ended> {
  return await startProgram(parameters, settings, cwd).ended;
}

/** Follows what a child process says. */
export function watch(child: ChildProcess): Running {
  let stdout = "";
  let stderr = "";
  let isOver = false;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    tell();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    tell();
  });
  const ended = new Promise<Ended>((resolveEnded, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      isOver = true;
      resolveEnded({ exitCode, signal, stdout, stderr });
      tell();
    });
  });
  const says = (text: string) =>
    new Promise<void>((resolveSaid, reject) => {
      const look = () => {
        if (`${stdout}${stderr}`.includes(text)) resolveSaid();
        else if (isOver) reject(new Error(`it ended without saying "${text}":\n${stdout}${stderr}`));
        else return;
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  return { child, ended, says };
}
