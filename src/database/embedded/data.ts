import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../shared/error-code.js";
import { writePrivately } from "../../shared/files.js";
import { isAlive } from "../../shared/processes.js";
import { EmbeddedServerFailed } from "../connection/errors.js";
import { exists, runProgram, type ServerPrograms } from "./programs.js";
import { requireReachable, type ServerUser, USE_OTHER_SERVER } from "./user.js";

/** The one role of the embedded server, its superuser. */
export const EMBEDDED_ROLE = "caruna";

/**
 * How to reach the embedded server. It stands in the data folder, so that data and password are never apart, in a form
 * that a person can give to psql as PGPASSFILE.
 */
export interface EmbeddedConnection {
  readonly password: string;
  /** The port of the last start, taken again where it is still free. */
  readonly port: number | undefined;
}

/** One line of a password file as psql and all clients of PostgreSQL read it: host, port, database, user, password. */
const PASSWORD_LINE = new RegExp(`^127\\.0\\.0\\.1:(\\d{1,5}|\\*):\\*:${EMBEDDED_ROLE}:([A-Za-z0-9_-]+)$`, "m");

/** Fits a small computer; an owner may change them in the data folder's postgresql.conf. */
const INITIAL_SETTINGS = {
  shared_buffers: "32MB",
  max_connections: "20",
  log_checkpoints: "off",
} as const;

const STALE_STAGING_MS = 3_600_000;

export function connectionFilePath(directory: string): string {
  return join(directory, "pgpass");
}

export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** @returns `undefined` where the file is missing or damaged: the password is then lost and must be set anew. */
export async function readConnection(directory: string): Promise<EmbeddedConnection | undefined> {
  const text = await readFile(connectionFilePath(directory), "utf8").catch(() => "");
  const [, port, password] = PASSWORD_LINE.exec(text) ?? [];
  if (password === undefined) return undefined;
  return { password, port: port === "*" ? undefined : Number(port) };
}

/** Replaces the file in one step, readable by its owner alone. */
export async function writeConnection(
  directory: string,
  connection: EmbeddedConnection,
  user: ServerUser | undefined,
): Promise<void> {
  const line = `127.0.0.1:${connection.port ?? "*"}:*:${EMBEDDED_ROLE}:${connection.password}\n`;
  await writePrivately(connectionFilePath(directory), line, user);
}

/**
 * Makes sure that there are data in the folder that our programs can open.
 *
 * New data are made beside it and moved into place in one step: a start that is killed leaves nothing half made, and
 * of two first starts at once the later finds the data of the earlier.
 *
 * @throws {EmbeddedServerFailed} where the folder cannot be written, holds something else, or data of another version.
 */
export async function prepareData(
  directory: string,
  programs: ServerPrograms,
  user: ServerUser | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parent = dirname(directory);
  await makeParent(parent, user);
  await removeLeftovers(directory);
  await finishUpgrade(directory);
  if (!(await holdsData(directory))) {
    await createData(directory, programs, user, signal);
  }
  if (user) {
    await requireReachable(directory, "the data", user);
    await takeOwnership(directory, user);
  }
  await requireVersion(directory, programs);
}

async function makeParent(parent: string, user: ServerUser | undefined): Promise<void> {
  try {
    const created = await mkdir(parent, { recursive: true });
    if (created !== undefined && user) {
      const { mode } = await stat(parent);
      await chmod(parent, mode | 0o011);
    }
  } catch (error) {
    throw notWritable(parent, error);
  }
}

/** An error of the file system in words; any other is returned as it is. */
function notWritable(folder: string, error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof EmbeddedServerFailed || code === undefined || code === "ABORT_ERR") {
    return error;
  }
  const uid = process.getuid?.() ?? 0;
  const what = `The state folder ${folder} cannot be written by this program`;
  if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") {
    return new EmbeddedServerFailed(
      `${what} (${code}${code === "ENOSPC" ? ", the disk is full" : ""}), so the embedded database cannot be stored there. ` +
        `Mend that, set STATE_DIR to another folder, ${USE_OTHER_SERVER}.`,
      { cause: error },
    );
  }
  return new EmbeddedServerFailed(
    `${what} (user id ${uid}, ${code}), so the embedded database cannot be stored there. ` +
      `Give it to this user (sudo chown -R ${uid} ${folder}); in a container mount a volume there that it owns ` +
      `(docker run --user root --entrypoint chown … -R ${uid} ${folder}, or a new named volume); or set STATE_DIR to another folder.`,
    { cause: error },
  );
}

/** Whether there are data of PostgreSQL in the folder. */
export async function holdsData(directory: string): Promise<boolean> {
  if (await exists(join(directory, "PG_VERSION"))) {
    return true;
  }
  const content = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") {
      return [];
    }
    throw notWritable(directory, error);
  });
  // Another first start may have moved its data into place between the two looks.
  if (content.length > 0 && !(await exists(join(directory, "PG_VERSION")))) {
    throw new EmbeddedServerFailed(
      `The folder ${directory} is to hold the embedded database, but holds something else (for example ${content[0]}). ` +
        `Move its content away, set STATE_DIR to another folder, ${USE_OTHER_SERVER}.`,
    );
  }
  return content.length > 0;
}

async function createData(
  directory: string,
  programs: ServerPrograms,
  user: ServerUser | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const staging = `${directory}.new-${process.pid}-${randomBytes(4).toString("hex")}`;
  const data = join(staging, "data");
  const passwordFile = join(staging, "password");
  const connection = { password: newPassword(), port: undefined };
  try {
    await mkdir(staging, { mode: 0o700 });
    await writeFile(passwordFile, connection.password, { mode: 0o600 });
    if (user) {
      await chown(passwordFile, user.uid, user.gid);
      await chown(staging, user.uid, user.gid);
    }
    await requireReachableParent(staging, user);
    await runInitdb(data, passwordFile, programs, user, signal);
    await writeConnection(data, connection, user);
    await moveIntoPlace(data, directory);
  } catch (error) {
    throw notWritable(dirname(directory), error);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function requireReachableParent(staging: string, user: ServerUser | undefined): Promise<void> {
  if (user) {
    await requireReachable(staging, "the data", user);
  }
}

async function runInitdb(
  data: string,
  passwordFile: string,
  programs: ServerPrograms,
  user: ServerUser | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const settings = Object.entries(INITIAL_SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const { exitCode, output } = await runProgram(
    programs.initdb,
    [
      ...["-D", data, "-U", EMBEDDED_ROLE, `--pwfile=${passwordFile}`, "--auth=scram-sha-256"],
      ...["--encoding=UTF8", "--locale=C", ...settings],
    ],
    user,
    { signal },
  );
  if (exitCode !== 0 && /could not look up effective user ID/.test(output)) {
    throw new EmbeddedServerFailed(
      `PostgreSQL runs only as a user that has a name, and the user id ${process.getuid?.()} has none on this machine (in /etc/passwd). ` +
        "In a container leave --user out and give the volume to the image's own user, " +
        `or mount a passwd file that has a line for this id (--volume ./passwd:/etc/passwd:ro), ${USE_OTHER_SERVER}.`,
    );
  }
  if (exitCode !== 0) {
    throw new EmbeddedServerFailed(
      `The embedded database could not be made in ${dirname(data)}: initdb ended with ${exitCode}: ${output.trim().split("\n").slice(-4).join(" ")}. ` +
        `Mend what it names, ${USE_OTHER_SERVER}.`,
    );
  }
}

async function moveIntoPlace(data: string, directory: string): Promise<void> {
  try {
    await rename(data, directory);
  } catch (error) {
    const code = errorCode(error);
    const otherWasFirst =
      (code === "ENOTEMPTY" || code === "EEXIST" || code === "EPERM") && (await exists(join(directory, "PG_VERSION")));
    if (!otherWasFirst) {
      throw error;
    }
  }
}

/** Data restored by root from a copy belong to root, and the server could not open them. */
async function takeOwnership(directory: string, user: ServerUser): Promise<void> {
  if ((await stat(directory)).uid === user.uid) {
    return;
  }
  for (const entry of await readdir(directory, { recursive: true })) {
    await chown(join(directory, entry), user.uid, user.gid);
  }
  // Last, so that a start that is killed midway begins again.
  await chown(directory, user.uid, user.gid);
}

/** The major version of PostgreSQL that wrote the data; undefined where there are none. */
export async function dataVersion(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, "PG_VERSION"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

async function requireVersion(directory: string, programs: ServerPrograms): Promise<void> {
  const version = await dataVersion(directory);
  if (version !== programs.majorVersion) {
    throw new EmbeddedServerFailed(
      `The embedded database in ${directory} was written by PostgreSQL ${version}, and this installation has PostgreSQL ${programs.majorVersion}, which cannot open it. Nothing was changed. ` +
        `To carry its hours over, run: caruna-integration upgrade-database; ${USE_OTHER_SERVER}.`,
    );
  }
}

/** Where an upgrade makes the new data, before they take the place of the old. */
export function upgradedDirectory(directory: string): string {
  return `${directory}.upgraded`;
}

/** An upgrade that was killed after it had moved the old data away, and before the new ones took their place. */
export async function finishUpgrade(directory: string): Promise<void> {
  const upgraded = upgradedDirectory(directory);
  if (!(await exists(directory)) && (await exists(upgraded))) await rename(upgraded, directory);
}

/** What first starts that were killed have left beside the data. */
async function removeLeftovers(directory: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}.new-`;
  for (const name of (await readdir(parent)).filter((entry) => entry.startsWith(prefix))) {
    const path = join(parent, name);
    const maker = Number(name.slice(prefix.length).split("-")[0]);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (maker === process.pid ? false : !isAlive(maker) || Date.now() - mtimeMs > STALE_STAGING_MS) {
      await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
        throw notWritable(parent, error);
      });
    }
  }
}
