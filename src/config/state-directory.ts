import { accessSync, constants, mkdirSync } from "node:fs";
import { removeLeftDrafts } from "../shared/files.js";
import { ConfigurationError } from "./configuration-error.js";

/**
 * Makes the state directory where it is missing, sees that it can be written, and removes what a killed program left half
 * written there.
 * Throws `ConfigurationError` with what to do.
 */
export function prepareStateDirectory(stateDir: string): void {
  try {
    // Others may pass through, not look: started by root, the embedded server runs as another user.
    mkdirSync(stateDir, { recursive: true, mode: 0o711 });
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
    removeLeftDrafts(stateDir, Date.now());
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    const user = process.getuid?.();
    const problem = `the state directory ${stateDir} cannot be written${user === undefined ? "" : ` by user id ${user}`} (${code})`;
    throw new ConfigurationError(
      `STATE_DIR: ${problem}. It keeps the session and the embedded database.\n` +
        `Give it to that user (chown -R ${user ?? "USER"} ${stateDir}), or name another folder: STATE_DIR=/path/to/folder\n` +
        "In a container, mount a volume there: docker run -v caruna-state:/state …; a folder of the host needs: chown 1000 FOLDER",
      [{ setting: "STATE_DIR", source: "state directory", problem, example: "STATE_DIR=/var/lib/caruna-integration" }],
    );
  }
}
