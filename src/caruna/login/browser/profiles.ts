import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../../../shared/processes.js";

/** A login in a browser takes a few minutes at most: an older profile belongs to a program that was killed. */
const OLDEST_PROFILE_MS = 10 * 60_000;

/** The profiles that this program uses now. */
const IN_USE = new Set<string>();

/** Makes the folder of a fresh profile, which only its owner may read. */
export async function makeProfile(profileFolder: string): Promise<string> {
  await mkdir(profileFolder, { recursive: true, mode: 0o700 });
  const profile = await mkdtemp(join(profileFolder, `${process.pid}-`));
  IN_USE.add(profile);
  return profile;
}

export async function removeProfile(profile: string): Promise<void> {
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  IN_USE.delete(profile);
}

/** Deletes the profiles of programs that were killed; in a container each of them may have had our number. */
export async function removeStaleProfiles(profileFolder: string): Promise<void> {
  const names = await readdir(profileFolder).catch(() => []);
  for (const name of names) {
    const path = join(profileFolder, name);
    const owner = Number(/^(\d+)-/.exec(name)?.[1]);
    const { mtimeMs = 0 } = (await stat(path).catch(() => undefined)) ?? {};
    const isOfOthers = owner !== process.pid && isAlive(owner) && Date.now() - mtimeMs < OLDEST_PROFILE_MS;
    const isUsed = IN_USE.has(path) || isOfOthers;
    if (!isUsed) await rm(path, { recursive: true, force: true, maxRetries: 5 });
  }
}
