import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A user of the system, as the file system numbers it. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes a file whole or not at all: a draft beside it is flushed to the disk and takes its place. Mode 0600 from the
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
  } finally {
    await rm(draft, { force: true });
  }
}
