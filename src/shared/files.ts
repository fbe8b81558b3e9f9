import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { access, constants, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A user of the system, as the file system numbers it. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes a file whole or not at all: a draft beside it is flushed to the disk and takes its place, and so is that. Mode 0600 from the
 * first byte; missing folders are made, for their owner alone. Throws the file system's errors.
 *
 * `owner`: another user than the one that writes, to whom the file is given.
 *
 * (Libraries for this hook into the process' signals, which are the daemon's business here.)
 */
export async function writePrivately(file: string, content: string, owner?: Owner): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${randomUUID()}.draft`);
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await syncFolder(directory);
  } finally {
    await rm(draft, { force: true });
  }
}

const DRAFT = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.draft$/;
/** Much longer than writing one takes: a younger one may be another program's, which is about to move it. */
const DRAFT_LIFETIME_MS = 3_600_000;

/** Removes the drafts that `writePrivately` left in a folder when its program was killed: one may hold a session. */
export function removeLeftDrafts(directory: string, nowEpochMs: number): void {
  for (const name of readdirSync(directory).filter((entry) => DRAFT.test(entry))) {
    const draft = join(directory, name);
    const { mtimeMs } = statSync(draft, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && mtimeMs < nowEpochMs - DRAFT_LIFETIME_MS) rmSync(draft, { force: true });
  }
}

/** The name is an entry of the folder: until that is on the disk too, a power loss may bring the old file back. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps their entries in a journal of its own.
  if (process.platform === "win32") return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some network and container file systems flush no folders; the file itself is whole all the same.
    if (!isRefusal(error)) throw error;
  } finally {
    await handle.close();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EINVAL" || error.code === "ENOTSUP");
}

/** A file that a person named for a result cannot be written, or must not be. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
}

/**
 * Makes sure that a file can be written whole, before the work for it begins. Returns its path, behind symbolic links.
 *
 * @param mayReplace whether a file that is there may be replaced; what is no ordinary file never is.
 * @throws {FileRefused} in one line, with what to do.
 */
export async function writablePath(file: string, mayReplace: boolean): Promise<string> {
  const path = await realpath(file).catch(() => undefined);
  const there = path === undefined ? undefined : await stat(path);
  if (there?.isFile() === false) throw new FileRefused(`${file} is no ordinary file; name another.`);
  if (there !== undefined && !mayReplace)
    throw new FileRefused(`${file} is there already; name another file, or add --overwrite.`);
  const folder = dirname(path ?? file);
  const isFolder = await stat(folder)
    .then((found) => found.isDirectory())
    .catch(() => false);
  if (!isFolder) throw new FileRefused(`The folder ${folder} does not exist; make it, or name another.`);
  await access(folder, constants.W_OK).catch(() => {
    throw new FileRefused(`The folder ${folder} cannot be written; name another.`);
  });
  return path ?? file;
}

/**
 * Writes a file from pieces as they come, whole or not at all: a draft beside it takes its place at the end, and goes
 * where anything fails. Who may read it is as the person's umask says, or as `mode` does. Throws the file system's errors and
 * those of `pieces`.
 */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<string | Uint8Array>,
  mode?: number,
): Promise<void> {
  const draft = join(dirname(file), `.${randomUUID()}.draft`);
  try {
    const handle = await open(draft, "wx", mode);
    try {
      for await (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await syncFolder(dirname(file));
  } finally {
    await rm(draft, { force: true });
  }
}
