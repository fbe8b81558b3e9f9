import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EmbeddedServerFailed } from "../connection/errors.js";

/** The user as whom PostgreSQL's programs run; `undefined` where we simply run them as ourselves. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** How every message about the embedded server ends. */
export const USE_OTHER_SERVER = "or use a PostgreSQL server of your own by setting DB_HOST";

const UNPRIVILEGED = "nobody";

/**
 * Decides as whom the server of this data folder runs. PostgreSQL refuses to run as root: there the owner of the data
 * is taken, or `nobody` for data that do not exist yet. No user is ever created.
 *
 * @returns `undefined` where we are an ordinary user, or on Windows.
 * @throws {EmbeddedServerFailed} when the data belong to somebody else.
 */
export async function chooseServerUser(directory: string): Promise<ServerUser | undefined> {
  const ourselves = process.getuid?.();
  const owner = await stat(directory).catch(() => undefined);
  if (ourselves === undefined) {
    return undefined;
  }
  if (ourselves === 0) {
    return owner === undefined || owner.uid === 0 ? await findUnprivilegedUser() : await nameUser(owner.uid, owner.gid);
  }
  if (owner !== undefined && owner.uid !== ourselves) {
    throw new EmbeddedServerFailed(
      `The embedded database in ${directory} belongs to the user with the id ${owner.uid}, but this program runs as ${ourselves}. ` +
        `Run it as that user, or give the folder to this one: sudo chown -R ${ourselves} ${directory}`,
    );
  }
  return undefined;
}

async function findUnprivilegedUser(): Promise<ServerUser> {
  const found = (await readUsers()).find((user) => user.name === UNPRIVILEGED);
  if (found === undefined) {
    throw new EmbeddedServerFailed(
      `PostgreSQL refuses to run as root, and this machine has no user "${UNPRIVILEGED}" to run it as. Run this program as an ordinary user, ${USE_OTHER_SERVER}.`,
    );
  }
  return found;
}

async function nameUser(uid: number, gid: number): Promise<ServerUser> {
  const known = (await readUsers()).find((user) => user.uid === uid);
  return { uid, gid, name: known?.name ?? `with the id ${uid}` };
}

/** Ids are unsigned; macOS writes that of `nobody` as -2. */
async function readUsers(): Promise<ServerUser[]> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n");
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }] : [];
  });
}

/**
 * Checks that the user can pass through every folder on the way to `path`, from its parent up to the root.
 *
 * @throws {EmbeddedServerFailed} which names the folder that stands in the way.
 */
export async function requireReachable(path: string, what: string, user: ServerUser): Promise<void> {
  let folder = dirname(await realpath(path));
  for (;;) {
    const { mode, uid, gid } = await stat(folder);
    const passes = uid === user.uid ? mode & 0o100 : gid === user.gid ? mode & 0o010 : mode & 0o001;
    if (passes === 0) {
      throw new EmbeddedServerFailed(
        `PostgreSQL refuses to run as root, so its programs run as the user ${user.name}, who cannot reach ${what} (${path}): ` +
          `${folder} lets only its owner in. Run this program as an ordinary user, move it out of that folder ` +
          `(for the data: STATE_DIR), ${USE_OTHER_SERVER}.`,
      );
    }
    if (folder === dirname(folder)) {
      return;
    }
    folder = dirname(folder);
  }
}
