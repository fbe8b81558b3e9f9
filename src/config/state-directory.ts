import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../shared/error-code.js";
import { removeLeftDrafts } from "../shared/files.js";
import { ConfigurationError } from "./configuration-error.js";

/**
 * Makes the state directory where it is missing, sees that it can be written, and removes what a killed program left half
 * written there.
 * Throws `ConfigurationError` with what to do.
 */
export function prepareStateDirectory(stateDir: string): void {
  // PostgreSQL's programs refuse it in words that name neither the setting nor the line.
  if (/[\r\n]/.test(stateDir)) {
    throw refusal(
      `the name of the state directory ${JSON.stringify(stateDir)} has a line break in it`,
      "Choose another",
    );
  }
  try {
    // Others may pass through, not look: started by root, the embedded server runs as another user.
    makeDirectory(stateDir, 0o711);
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
    removeLeftDrafts(stateDir, Date.now());
  } catch (error) {
    const code = errorCode(error) ?? "unknown reason";
    const user = process.getuid?.();
    const problem = `the state directory ${stateDir} cannot be written${user === undefined ? "" : ` by user id ${user}`} (${code})`;
    const isOfRights = code === "EACCES" || code === "EPERM";
    throw refusal(
      problem,
      isOfRights ? `Give it to that user (chown -R ${user ?? "USER"} ${stateDir}), or name another` : "Name another",
    );
  }
}

/** `mkdir -p`. Node.js' own never ends where a file system answers ENOENT beside a folder that is there, as /proc does. */
function makeDirectory(directory: string, mode: number): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent, mode);
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    // Another program may have been quicker.
    if (!existsSync(directory)) throw error;
  }
}

function refusal(problem: string, whatToDo: string): ConfigurationError {
  return new ConfigurationError(
    `STATE_DIR: ${problem}. It keeps the session and the embedded database.\n` +
      `${whatToDo} folder: STATE_DIR=/path/to/folder\n` +
      "In a container, mount a volume there: docker run -v caruna-state:/state …; a folder of the host needs: chown 1000 FOLDER",
    [{ setting: "STATE_DIR", source: "state directory", problem, example: "STATE_DIR=/var/lib/caruna-integration" }],
  );
}
