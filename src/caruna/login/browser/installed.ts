import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A real browser for the pages of the login that only their own scripts can pass. */
export interface BrowserOptions {
  /** `auto`: an installed Chromium, Chrome or Edge; or the path of one. */
  readonly executable: string;
  /** Folder in which each login gets a fresh profile, which is deleted afterwards; private to its owner. */
  readonly profileFolder: string;
}

/** A browser that can be started; or why there is none, with what to do about it. */
export type InstalledBrowser =
  | { readonly executable: string; readonly problem: undefined }
  | { readonly executable: undefined; readonly problem: string };

/** The one command that adds the package which drives a browser. */
export const ADD_PACKAGE = "npm install playwright-core";

const NO_BROWSER = "none may be started (CARUNA_BROWSER is none)";

/** Looks for the package and the browser, and starts neither. */
export async function installedBrowser(options: BrowserOptions | undefined): Promise<InstalledBrowser> {
  const missing = (problem: string): InstalledBrowser => ({ executable: undefined, problem });
  if (options === undefined) return missing(NO_BROWSER);
  const { executable } = options;
  const found = executable === "auto" ? await firstExecutable(candidates()) : await firstExecutable([executable]);
  if (!hasPackage()) return missing(`the package that drives one is not installed; add it with: ${ADD_PACKAGE}`);
  if (found !== undefined) return { executable: found, problem: undefined };
  return missing(
    executable === "auto"
      ? "no Chromium, Chrome or Edge is installed; install one, or name one in CARUNA_BROWSER"
      : `CARUNA_BROWSER names ${executable}, which is no program that can be run`,
  );
}

/** Whether playwright-core, an optional peer of this package, is installed beside it. */
function hasPackage(): boolean {
  try {
    createRequire(import.meta.url).resolve("playwright-core");
    return true;
  } catch {
    return false;
  }
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const canBeRun = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (canBeRun) return path;
  }
  return undefined;
}

const NAMES = [
  ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  ...["microsoft-edge", "microsoft-edge-stable"],
];
const MAC_APPS = ["Chromium", "Google Chrome", "Microsoft Edge"];
const WINDOWS_PROGRAMS = [
  join("Chromium", "Application", "chrome.exe"),
  join("Google", "Chrome", "Application", "chrome.exe"),
  join("Microsoft", "Edge", "Application", "msedge.exe"),
];

/** Where the three are usually installed, in the order in which they are preferred. */
function candidates(): string[] {
  const { env, platform } = process;
  if (platform === "darwin")
    return ["/Applications", join(homedir(), "Applications")].flatMap((folder) =>
      MAC_APPS.map((app) => join(folder, `${app}.app`, "Contents", "MacOS", app)),
    );
  if (platform === "win32") {
    const folders = [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].filter((folder) => !!folder);
    return WINDOWS_PROGRAMS.flatMap((program) => folders.map((folder) => join(String(folder), program)));
  }
  // A service manager's PATH may leave these out.
  const folders = [...(env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/snap/bin"].filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}
