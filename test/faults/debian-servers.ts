import { type ChildProcess, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../src/database/embedded/programs.js";
import { chooseServerUser } from "../../src/database/embedded/user.js";
import type { ServerSettings } from "../../src/database/index.js";
import { freePort } from "../support/free-port.js";
import { queryOn } from "./database-world.js";

// PostgreSQL 15 and pgbouncer, as Debian's packages postgresql-15 and pgbouncer bring them.

export interface RunningServer {
  readonly settings: ServerSettings;
  stop(): Promise<void>;
}

/** A PostgreSQL 15 with its data in a new folder below `folder`, which its user must be able to reach. */
export async function startPostgres15(folder: string): Promise<RunningServer> {
  const directory = join(folder, "postgres-15");
  const passwordFile = join(folder, "password");
  const password = "salasana";
  await mkdir(directory);
  await writeFile(passwordFile, password);
  const user = await chooseServerUser(directory);
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  const run = async (program: string, ...words: string[]) => {
    const { exitCode, output } = await runProgram(`/usr/lib/postgresql/15/bin/${program}`, words, user);
    if (exitCode !== 0) throw new Error(output);
  };
  await run(
    "initdb",
    "-D",
    directory,
    "-U",
    "caruna",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--locale=C",
  );
  const port = await freePort();
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
  await run("pg_ctl", "start", "-w", "-D", directory, "-l", join(directory, "server.log"), "-o", options);
  const settings: ServerSettings = {
    ...{ kind: "server", host: "127.0.0.1", port, database: "postgres", user: "caruna", sslmode: "disable" },
    password,
  };
  await queryOn(settings, "CREATE DATABASE energy");
  return {
    settings: { ...settings, database: "energy" },
    stop: () => run("pg_ctl", "stop", "-w", "-m", "fast", "-D", directory),
  };
}

/** A pgbouncer in transaction mode before that server, with as many connections to it. */
export async function startPgbouncer(
  folder: string,
  server: ServerSettings,
  connections: number,
): Promise<RunningServer> {
  const directory = await mkdtemp(join(folder, "pgbouncer-"));
  await chmod(directory, 0o755);
  const port = await freePort();
  const users = join(directory, "users.txt");
  await writeFile(users, `"${server.user}" "${server.password}"\n`);
  const settings = `[databases]
* = host=${server.host} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${connections}
`;
  await writeFile(join(directory, "pgbouncer.ini"), settings);
  // It refuses to run as root too.
  const user = await chooseServerUser(join(directory, "none"));
  if (user !== undefined) await chown(users, user.uid, user.gid);
  const child = spawn("/usr/sbin/pgbouncer", ["--quiet", join(directory, "pgbouncer.ini")], {
    stdio: "ignore",
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  const pooled = { ...server, port };
  const isUp = () =>
    queryOn(pooled, "SELECT").then(
      () => true,
      () => false,
    );
  while (!(await isUp())) if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
  return { settings: pooled, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
