import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { findServerPrograms, runProgram } from "../../src/database/embedded/programs.js";
import { chooseServerUser, type ServerUser } from "../../src/database/embedded/user.js";
import { freePort } from "../support/free-port.js";

/** A PostgreSQL as the image makes it at its first start: with the superuser `postgres`, and nothing in it. */
export interface NewServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** As whom PostgreSQL runs in a new folder; `undefined`: as ourselves. */
export async function serverUser(folder: string): Promise<ServerUser | undefined> {
  return await chooseServerUser(join(folder, "data"));
}

/** @param passwordFile that of the superuser; the server's user must be able to read it. */
export async function startNewServer(folder: string, passwordFile: string): Promise<NewServer> {
  const user = await serverUser(folder);
  const { initdb, pgCtl } = await findServerPrograms(user);
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (user) chownSync(data, user.uid, user.gid);
  const run = async (program: string, programArguments: readonly string[]) => {
    const { exitCode, output } = await runProgram(program, programArguments, user);
    if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${output}`);
  };
  await run(initdb, ["-D", data, "-U", "postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--no-sync"]);
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  await run(pgCtl, ["-D", data, "-w", "-l", join(data, "log"), "-o", settings, "start"]);
  return { port, stop: () => run(pgCtl, ["-D", data, "-m", "immediate", "stop"]) };
}
