import { randomUUID } from "node:crypto";
import { fstatSync, openSync, type Stats } from "node:fs";
import { access, constants, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "./error-code.js";
import { removeLeftDrafts, syncFolder, writePrivately } from "./files.js";

/** A file that a person named cannot be written, or must not be. One line, with what to do. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
}

/** Where a text goes, links followed. */
export type OutputFile =
  | { readonly kind: "stdout" }
  /** `before`: what is there already. */
  | { readonly kind: "file"; readonly path: string; readonly before: Stats | undefined }
  /** Written to as it is, and never replaced. */
  | { readonly kind: "pipe" | "device"; readonly path: string };

/** How often a pipe that nobody reads yet is tried, in milliseconds. */
const POLL_MS = 100;
const MOST_LINKS = 40;

/**
 * Where a name leads: `-` and the process' own standard output, a regular file (there or not), a pipe or a device.
 * Throws `FileRefused` for all else.
 */
export async function outputFileOf(file: string): Promise<OutputFile> {
  if (file === "-") return { kind: "stdout" };
  try {
    const found = await stat(file).catch(unlessMissing);
    if (found === undefined) return { kind: "file", path: await behindLinks(file), before: undefined };
    if (isStdout(found)) return { kind: "stdout" };
    if (found.isFile()) return { kind: "file", path: await realpath(file), before: found };
    if (found.isFIFO()) return { kind: "pipe", path: file };
    if (found.isCharacterDevice()) return { kind: "device", path: file };
  } catch (error) {
    throw refusal(file, error);
  }
  throw new FileRefused(`${file} is no regular file, pipe or character device; name another.`);
}

/**
 * As `outputFileOf`, before the work for it begins: makes sure that a regular file can be written whole.
 *
 * @param mayReplace whether a regular file that is there may be replaced.
 * @throws {FileRefused}
 */
export async function writableOutputFile(file: string, mayReplace: boolean): Promise<OutputFile> {
  const output = await outputFileOf(file);
  if (output.kind !== "file") return output;
  if (output.before !== undefined && !mayReplace)
    throw new FileRefused(`${file} is there already; name another file, or add --overwrite.`);
  const folder = dirname(output.path);
  const isFolder = await stat(folder)
    .then((found) => found.isDirectory())
    .catch(() => false);
  if (!isFolder) throw new FileRefused(`The folder ${folder} does not exist; make it, or name another.`);
  await access(folder, constants.W_OK).catch(() => {
    throw new FileRefused(`The folder ${folder} cannot be written; name another.`);
  });
  removeWhatIsLeftIn(folder);
  return output;
}

/** What a program that was killed has left half written there. */
function removeWhatIsLeftIn(folder: string): void {
  try {
    removeLeftDrafts(folder, Date.now());
  } catch (error) {
    // A folder may be written by those who may not list it.
    if (errorCode(error) !== "EACCES") throw error;
  }
}

/**
 * Writes a text from pieces as they come. A regular file is written whole or not at all: a draft beside it takes its place
 * at the end, and goes where anything fails; it keeps the owner, and without `mode` the mode, of the file that was there. A pipe waits for
 * its reader; one that has gone ends it quietly. Throws `FileRefused`, what `pieces` throws, and the signal's reason.
 */
export async function writeOutputFile(
  output: Exclude<OutputFile, { readonly kind: "stdout" }>,
  pieces: AsyncIterable<string | Uint8Array>,
  signal: AbortSignal,
  mode?: number,
): Promise<void> {
  // What fails in the pieces is not the file's fault.
  let ofPieces: { readonly error: unknown } | undefined;
  async function* watched() {
    try {
      yield* pieces;
    } catch (error) {
      ofPieces = { error };
      throw error;
    }
  }
  try {
    if (output.kind === "file") await writeWhole(output.path, output.before, mode, watched());
    else if (output.kind === "pipe") await writePipe(output.path, watched(), signal);
    else await writeDevice(output.path, watched());
  } catch (error) {
    signal.throwIfAborted();
    throw ofPieces === undefined ? refusal(output.path, error) : ofPieces.error;
  }
}

/**
 * Writes a file that the program keeps, mode 0600: whole or not at all, behind a link; to a pipe, if somebody reads it, or
 * to a device. Throws `FileRefused` and the file system's errors.
 */
export async function writeKeptFile(file: string, content: string): Promise<void> {
  const output = await outputFileOf(file);
  if (output.kind === "file") await writePrivately(output.path, content);
  else if (output.kind === "device") await writeDevice(output.path, Readable.from([content]));
  else if (output.kind === "pipe")
    await pipeline([content], new Socket({ fd: openPipe(output.path), readable: false }));
  else throw new FileRefused(`${file} is the standard output, which is kept for results; name another.`);
}

async function writeWhole(
  file: string,
  before: Stats | undefined,
  mode: number | undefined,
  pieces: AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const draft = join(dirname(file), `.${randomUUID()}.draft`);
  try {
    const handle = await open(draft, "wx", mode);
    try {
      for await (const piece of pieces) await handle.writeFile(piece);
      if (before !== undefined) {
        // Another user's file can be given back to its owner by root alone.
        await handle.chown(before.uid, before.gid).catch(() => {});
        await handle.chmod(mode ?? before.mode & 0o7777);
      }
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

async function writeDevice(path: string, pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    for await (const piece of pieces) await handle.writeFile(piece);
  } finally {
    await handle.close();
  }
}

async function writePipe(path: string, pieces: AsyncIterable<string | Uint8Array>, signal: AbortSignal): Promise<void> {
  const fd = await pipeWithReader(path, signal);
  try {
    await pipeline(pieces, new Socket({ fd, readable: false }), { signal });
  } catch (error) {
    if (errorCode(error) !== "EPIPE") throw error;
  }
}

/** To open it in the usual way would wait for a reader where no signal ends the wait. */
async function pipeWithReader(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    try {
      return openPipe(path);
    } catch (error) {
      if (errorCode(error) !== "ENXIO") throw error;
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

function openPipe(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

/** `/dev/stdout` and the like, or the very file that the shell has put there. */
function isStdout({ dev, ino }: Stats): boolean {
  try {
    const stdout = fstatSync(1);
    return stdout.dev === dev && stdout.ino === ino;
  } catch {
    return false;
  }
}

/** Where a link leads whose target is missing, or the name itself. */
async function behindLinks(file: string): Promise<string> {
  let path = resolve(file);
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined) return path;
    path = resolve(dirname(path), target);
  }
  return path;
}

function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
  return undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is used up",
  EACCES: "you have no right to write there",
  EPERM: "you have no right to write there",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
  ENOTDIR: "a part of its path is no folder",
  ELOOP: "its links lead in a circle",
  EFBIG: "it would be larger than the file system allows",
  EIO: "the disk reports an error",
  EBUSY: "it is in use (mounted on its own, say)",
  ENXIO: "nobody reads it, or the device is not there",
};

/** The file system's error in one line. */
function refusal(file: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof FileRefused) return error;
  return new FileRefused(
    `${file} cannot be written: ${REASONS[code] ?? code}. Nothing half written is left; name another.`,
  );
}
