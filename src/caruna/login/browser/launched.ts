import { readFile } from "node:fs/promises";
import type { BrowserContext, CDPSession } from "playwright-core";
import type { Logger } from "../../../shared/logger.js";
import { makeProfile, removeProfile } from "./profiles.js";

/** A started browser. */
export interface LaunchedBrowser {
  /** Keeps cookies and storage in memory alone. */
  readonly context: BrowserContext;
  /** Speaks for the whole browser: all pages, frames and workers. */
  readonly devtools: CDPSession;
  /** Ends it, and deletes its profile. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const BYTES_PER_MB = 1_000_000;
/** Of Linux on nearly every machine. */
const PAGE_BYTES = 4096;

/**
 * Nothing leaves the browser by itself: it finds no host, not even by its number, and every request is made for it (see
 * `Network`). The rest keeps it small and quiet.
 */
const ARGUMENTS = [
  ...["--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server", "--disable-quic", "--no-pings", "--disable-gpu"],
  ...["--no-first-run", "--disable-sync", "--disable-background-networking", "--disable-component-update"],
];

/** What the browser may know of the environment: no setting of this program, no proxy, no SSLKEYLOGFILE. */
const ENVIRONMENT = [
  ...["PATH", "LANG", "LC_ALL", "TZ", "SystemRoot", "SystemDrive", "ProgramData", "ProgramFiles"],
  ...["ProgramFiles(x86)", "LOCALAPPDATA", "APPDATA", "USERPROFILE"],
];

/**
 * Starts a browser with a fresh profile. It is driven through a pipe of its own, which nobody else on the machine can
 * reach, and ends when the pipe closes: with this program, however that ends.
 */
export async function launchBrowser(
  executable: string,
  profileFolder: string,
  logger: Logger,
): Promise<LaunchedBrowser> {
  const profile = await makeProfile(profileFolder);
  try {
    const started = await start(executable, profile, logger);
    const browser = started.browser();
    if (browser === null) throw new Error("the driver of the browser is of another version");
    const devtools = await browser.newBrowserCDPSession();
    const context = await browser.newContext({ serviceWorkers: "block", acceptDownloads: false, locale: "fi-FI" });
    return {
      context,
      devtools,
      close: async () => {
        await logMemory(devtools, logger);
        await started.close().catch(() => {});
        await removeProfile(profile);
      },
    };
  } catch (error) {
    await removeProfile(profile);
    throw error;
  }
}

/** The browser cannot be started. The message completes "but". */
export class BrowserNotStarted extends Error {}

/** With DEBUG the driver would write down what is typed; it looks at it when it is loaded. */
async function loadDriver(): Promise<typeof import("playwright-core")> {
  const { DEBUG } = process.env;
  delete process.env.DEBUG;
  try {
    return await import("playwright-core");
  } finally {
    if (DEBUG !== undefined) process.env.DEBUG = DEBUG;
  }
}

async function start(executable: string, profile: string, logger: Logger): Promise<BrowserContext> {
  const { chromium } = await loadDriver();
  const known = ENVIRONMENT.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const folders = ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].map((name) => [name, profile] as const);
  const launch = (chromiumSandbox: boolean) =>
    chromium.launchPersistentContext(profile, {
      ...{ executablePath: executable, headless: true, chromiumSandbox, args: ARGUMENTS, timeout: START_TIMEOUT_MS },
      env: Object.fromEntries([...known, ...folders]),
      // This program has its own way to end.
      ...{ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false },
    });
  const withoutSandbox = async (reason: string) => {
    logger.warn({}, `the browser runs without its sandbox: ${reason}; docs/security.md says what it takes`);
    return await launch(false);
  };
  try {
    // Chromium refuses to run as root with its sandbox.
    if (process.getuid?.() === 0) return await withoutSandbox("this program runs as root");
    return await launch(true).catch(async (error: unknown) => {
      if (!(error instanceof Error) || !/sandbox/i.test(error.message)) throw error;
      return await withoutSandbox("the system does not allow it");
    });
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split("\n") : [];
    throw new BrowserNotStarted(`${executable} cannot be started (${reason})`);
  }
}

/** Logs what the browser's processes have in memory; of systems other than Linux only their number is known. */
async function logMemory(devtools: CDPSession, logger: Logger): Promise<void> {
  const processes = await devtools.send("SystemInfo.getProcessInfo").then(
    ({ processInfo }) => processInfo,
    () => [],
  );
  const bytes = await Promise.all(processes.map(({ id }) => memoryOf(id)));
  const megabytes = Math.round(bytes.reduce((sum, size) => sum + size, 0) / BYTES_PER_MB);
  logger.info({ megabytes: megabytes || undefined, processes: processes.length }, "the browser has done its part");
}

/** What a process has in memory for itself, in bytes; 0 where that is not known. */
async function memoryOf(pid: number): Promise<number> {
  const pages = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "");
  const [, resident = 0, shared = 0] = pages.split(" ").map(Number);
  return (resident - shared) * PAGE_BYTES;
}
