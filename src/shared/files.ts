import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { constants, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "./error-code.js";

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
export async function syncFolder(folder: string): Promise<void> {
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
  return ["EINVAL", "ENOTSUP"].includes(errorCode(error) ?? "");
}
