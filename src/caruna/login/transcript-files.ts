import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeKeptFile } from "../../shared/output-file.js";
import type { OnLoginFailed } from "./transcript.js";

const KEPT = 5;
const NAME = /^\d{4}-\d{2}-\d{2}T[\d-]+Z-\w+\.json$/;

/**
 * Keeps the transcripts of failed logins in a folder, the newest five: a file each that only its owner may read, named by
 * time and kind of error. The file system's errors are thrown; the client logs them.
 */
export function fileTranscripts(directory: string): OnLoginFailed {
  return async (transcript) => {
    const time = transcript.beganAt.replaceAll(/[:.]/g, "-");
    const file = join(directory, `${time}-${transcript.error}.json`);
    await writeKeptFile(file, `${JSON.stringify(transcript, undefined, 2)}\n`);
    const names = (await readdir(directory)).filter((name) => NAME.test(name)).sort();
    for (const old of names.slice(0, -KEPT)) await rm(join(directory, old), { force: true });
    return file;
  };
}
