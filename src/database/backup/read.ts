import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer as contentOf } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { createTarDecoder } from "modern-tar";
import { DatabaseError } from "../connection/errors.js";
import {
  type BackupManifest,
  FORMAT,
  FORMAT_VERSION,
  LARGEST_PART_BYTES,
  MANIFEST_NAME,
  manifestSchema,
} from "./manifest.js";

/** A file is no backup of this program, is damaged, or is of a newer version. */
export class BackupUnreadable extends DatabaseError {}

/** A part of a table, as the backup has it. */
export interface BackupPart {
  readonly table: string;
  readonly file: string;
  /** CSV with a header line. */
  readonly content: Buffer;
}

interface Seen {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Reads a whole backup and compares every part with the manifest at its end: name, length and checksum.
 *
 * @throws {BackupUnreadable} where anything is missing, more than there should be, or other than it was written.
 */
export async function checkBackup(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<BackupManifest> {
  const seen = new Map<string, Seen>();
  let manifest: BackupManifest | undefined;
  await entriesOf(source, signal, async (name, content) => {
    if (manifest !== undefined) throw damaged("something follows its manifest");
    if (name === MANIFEST_NAME) manifest = readManifest(content);
    else if (seen.has(name)) throw damaged(`${name} is in it twice`);
    else seen.set(name, { sha256: digestOf(content), bytes: content.length });
  });
  if (manifest === undefined) throw damaged("its manifest is missing: it was cut off, or is no backup of this program");
  compare(manifest, seen);
  return manifest;
}

/**
 * Hands over the parts of the tables one by one, in the order in which they were written. The backup was checked before; a file that
 * was replaced since is found out here.
 *
 * @throws {BackupUnreadable}
 */
export async function readParts(
  source: AsyncIterable<Uint8Array>,
  manifest: BackupManifest,
  take: (part: BackupPart, rows: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const expected = new Map(manifest.tables.flatMap(({ parts }) => parts.map((part) => [part.file, part] as const)));
  await entriesOf(source, signal, async (file, content) => {
    const table = tableOf(file);
    if (table === undefined) return;
    const part = expected.get(file);
    if (part === undefined || part.sha256 !== digestOf(content))
      throw damaged(`${file} is not as it was when it was checked`);
    expected.delete(file);
    await take({ table, file, content }, part.rows);
  });
  const [missing] = expected.keys();
  if (missing !== undefined) throw damaged(`${missing} is missing`);
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Parts are `table/00001.csv`. */
function tableOf(file: string): string | undefined {
  return /^(\w+)\/\d{5,}\.csv$/.exec(file)?.[1];
}

async function entriesOf(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  take: (name: string, content: Buffer) => Promise<void>,
): Promise<void> {
  /** What `take` threw is no fault of the file. */
  let failure: unknown;
  try {
    const unpack = async (tar: AsyncIterable<Uint8Array>) => {
      for await (const { header, body } of Readable.toWeb(Readable.from(tar)).pipeThrough(
        createTarDecoder({ strict: true }),
      )) {
        if (header.size > LARGEST_PART_BYTES) throw damaged(`${header.name} is larger than any part is`);
        const content = await contentOf(body);
        await take(header.name, content).catch((error: unknown) => {
          failure = error;
          throw error;
        });
      }
    };
    await pipeline(source, createGunzip(), unpack, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const isOfFile =
      error instanceof Error && error !== failure && !("syscall" in error) && !(error instanceof BackupUnreadable);
    throw isOfFile ? damaged(error.message) : error;
  }
}

function readManifest(content: Buffer): BackupManifest {
  const json = jsonOf(content);
  const version = typeof json === "object" && json !== null && "formatVersion" in json ? json.formatVersion : undefined;
  if (typeof version === "number" && version > FORMAT_VERSION) {
    throw new BackupUnreadable("This backup was written by a newer version of the program. Update the program first.");
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) throw damaged(`its ${MANIFEST_NAME} is not that of a ${FORMAT}`);
  return parsed.data;
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}

function compare(manifest: BackupManifest, seen: ReadonlyMap<string, Seen>): void {
  const parts = manifest.tables.flatMap((table) => table.parts);
  for (const { file, bytes, sha256 } of parts) {
    const found = seen.get(file);
    if (found === undefined) throw damaged(`${file} is missing`);
    if (found.bytes !== bytes || found.sha256 !== sha256) throw damaged(`${file} is not as it was written`);
  }
  if (seen.size > parts.length) throw damaged("it has files that its manifest does not name");
}

function damaged(how: string): BackupUnreadable {
  return new BackupUnreadable(`The file is no whole backup: ${how}. Nothing was changed. Take another backup.`);
}
