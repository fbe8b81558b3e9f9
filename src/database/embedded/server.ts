import { readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { errorCode } from "../../shared/error-code.js";
import type { Logger } from "../../shared/logger.js";
import { isAlive } from "../../shared/processes.js";
import { EmbeddedServerFailed } from "../connection/errors.js";
import { APPLICATION_NAME, type ServerSettings } from "../connection/settings.js";
import {
  connectionFilePath,
  EMBEDDED_ROLE,
  type EmbeddedConnection,
  finishUpgrade,
  holdsData,
  newPassword,
  prepareData,
  readConnection,
  writeConnection,
} from "./data.js";
import { findServerPrograms, runProgram, type ServerPrograms } from "./programs.js";
import { chooseServerUser, type ServerUser, USE_OTHER_SERVER } from "./user.js";

/** The database that our tables are in. */
const EMBEDDED_DATABASE = "energy";
const HOST = "127.0.0.1";

/**
 * Every program that uses the server holds this advisory lock, shared, for as long as it does; the one that then gets
 * it alone is the last and stops the server. (Two arbitrary numbers; the lock lives in the database `energy`.)
 */
const PRESENCE_LOCK = "20479, 1";

const POLL_MS = 200;
const POLLS_UNTIL_HUNG = 150;
/** A second, of the five in which the program has to end. */
const POLLS_UNTIL_SHARED = 6;
const LOG_LIMIT_BYTES = 1_048_576;

/** What a running server writes into `postmaster.pid`: its process id, and the port on the fourth line. */
interface RunningServer {
  readonly processId: number;
  readonly port: number;
  readonly text: string;
}

type JoinResult = "joined" | "not ready" | "wrong password" | "other server";

/**
 * A PostgreSQL of our own: its data in one folder, reachable on a port of the loopback interface only.
 *
 * `start()` uses the server that runs on the data, be it one that a killed program left over or that of another
 * program of ours, and starts one where there is none; `stop()` stops it unless another program still uses it.
 */
export class EmbeddedServer {
  readonly #requestedDirectory: string;
  readonly #logger: Logger;
  readonly #wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly #findPrograms: (user: ServerUser | undefined) => Promise<ServerPrograms>;
  #directory: string;
  #user: ServerUser | undefined;
  #programs: ServerPrograms | undefined;
  #presence: Client | undefined;
  #settings: ServerSettings | undefined;
  /** How long the server's log was before this start, in bytes. */
  #logStart = 0;

  /**
   * @param directory absolute path of the data folder; its parent is created where it is missing.
   * @param findPrograms finds PostgreSQL's programs, those of another version for an upgrade.
   */
  constructor(
    directory: string,
    logger: Logger,
    wait = async (milliseconds: number, signal?: AbortSignal) =>
      void (await delay(milliseconds, undefined, { signal })),
    findPrograms: (user: ServerUser | undefined) => Promise<ServerPrograms> = findServerPrograms,
  ) {
    this.#requestedDirectory = directory;
    this.#directory = directory;
    this.#logger = logger;
    this.#wait = wait;
    this.#findPrograms = findPrograms;
  }

  /** Absolute path of the data folder. */
  get directory(): string {
    return this.#requestedDirectory;
  }

  /**
   * Makes sure that the server runs. May be called again at any time; it costs one round trip when all is well.
   *
   * @returns where the server is; the port may differ from that of the last call.
   * @throws {EmbeddedServerFailed} with what to do about it.
   */
  async start(signal?: AbortSignal): Promise<ServerSettings> {
    if (this.#settings && (await this.#isPresent())) {
      return this.#settings;
    }
    signal?.throwIfAborted();
    await this.#prepare(signal);
    this.#logStart = await sizeOf(this.#log);
    let passwordIsNew = false;
    for (let polls = 0, launches = 0; ; ) {
      signal?.throwIfAborted();
      const connection = await readConnection(this.#directory);
      const running = await this.#findRunning();
      const result = running && connection ? await this.#join(running, connection) : undefined;
      if (running && connection && result === "joined") {
        return await this.#announce(running.port, connection);
      }
      if (!connection || result === "wrong password") {
        await this.#replacePassword(running !== undefined, passwordIsNew);
        passwordIsNew = true;
      } else if (!running || result === "other server") {
        await this.#launch(connection, launches++);
      } else if (++polls % POLLS_UNTIL_HUNG === 0) {
        this.#logger.warn({ processId: running.processId }, "The embedded PostgreSQL does not answer; ending it");
        await this.#control(["stop", "-m", polls > POLLS_UNTIL_HUNG ? "immediate" : "fast", "-t", "20"]);
      } else {
        await this.#wait(POLL_MS, signal);
      }
      if (polls > 3 * POLLS_UNTIL_HUNG) {
        throw await this.#failure("does not answer and cannot be ended");
      }
    }
  }

  /** Whether there are data yet, and the version of the programs; makes nothing. Throws `EmbeddedServerFailed` where there are none that run here. */
  async inspect(): Promise<{ readonly hasData: boolean; readonly majorVersion: number }> {
    const user = await chooseServerUser(this.#requestedDirectory);
    const { majorVersion } = await this.#findPrograms(user);
    await finishUpgrade(this.#requestedDirectory);
    return { hasData: await holdsData(this.#requestedDirectory), majorVersion };
  }

  /** Stops the server, unless another program of ours still uses it. Never throws: a problem is logged. */
  async stop(): Promise<void> {
    const presence = this.#presence;
    this.#presence = undefined;
    this.#settings = undefined;
    if (!presence) {
      return;
    }
    try {
      await presence.query(`SELECT pg_advisory_unlock_shared(${PRESENCE_LOCK})`);
      if (!(await this.#isLast(presence))) {
        this.#logger.info({}, "The embedded PostgreSQL stays up: another program still uses it");
        return;
      }
      const { exitCode, output } = await this.#control(["stop", "-m", "fast", "-t", "30"]);
      if (exitCode === 0) {
        this.#logger.info({}, "The embedded PostgreSQL has stopped");
      } else {
        this.#logger.warn({ output }, "The embedded PostgreSQL has not stopped in time; it goes on stopping by itself");
      }
    } catch (error) {
      // Of two programs that end at once, the other may have stopped it.
      this.#logger.info({ error: String(error) }, "The embedded PostgreSQL was gone before it was stopped");
    } finally {
      await presence.end().catch(() => undefined);
    }
  }

  /** The server may take a moment to notice that a program was killed; until then that program seems to be there. */
  async #isLast(presence: Client): Promise<boolean> {
    for (let polls = 0; polls < POLLS_UNTIL_SHARED; polls++) {
      if (polls > 0) await this.#wait(POLL_MS);
      const { rows } = await presence.query(`SELECT pg_try_advisory_lock(${PRESENCE_LOCK}) AS "isLast"`);
      if (rows[0]?.isLast === true) return true;
    }
    return false;
  }

  async #prepare(signal: AbortSignal | undefined): Promise<void> {
    this.#user = await chooseServerUser(this.#requestedDirectory);
    this.#programs ??= await this.#findPrograms(this.#user);
    await prepareData(this.#requestedDirectory, this.#programs, this.#user, signal);
    // The server writes the real path into its files, and the check for a running server compares it.
    this.#directory = await realpath(this.#requestedDirectory);
  }

  async #isPresent(): Promise<boolean> {
    const alive = await this.#presence?.query("SELECT 1").then(
      () => true,
      () => false,
    );
    return alive === true;
  }

  /** The server that runs on our data, if any. A `postmaster.pid` that names no server of ours is removed. */
  async #findRunning(): Promise<RunningServer | undefined> {
    const path = join(this.#directory, "postmaster.pid");
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const [named = 0, , , port] = text.split("\n").map(Number);
    // That of a server in single-user mode is negative.
    const processId = Math.abs(named);
    if (!Number.isInteger(processId) || processId === 0) return await this.#findBehindTornFile(path, text);
    if (await isServerOf(processId, this.#directory)) {
      return { processId, port: port ?? 0, text };
    }
    // PostgreSQL removes a stale file itself, unless a process of the same user has the id by now: common in
    // containers, where ids are few. Read again, for another program may have started a server in between.
    if (isAlive(processId) && (await readFile(path, "utf8").catch(() => "")) === text) {
      this.#logger.info({ processId }, "Removing the postmaster.pid of an embedded PostgreSQL that no longer runs");
      await rm(path, { force: true });
    }
    return undefined;
  }

  /**
   * A power cut leaves the file empty or full of zeros, and PostgreSQL never starts beside such a one. For a moment it is
   * empty at every start too, and a server that still runs must not get a second one beside it: it is looked for.
   */
  async #findBehindTornFile(path: string, text: string): Promise<RunningServer | undefined> {
    await this.#wait(POLL_MS);
    if ((await readFile(path, "utf8").catch(() => undefined)) !== text) return await this.#findRunning();
    const processId = await findServerOf(this.#directory);
    if (processId !== undefined) return { processId, port: 0, text };
    this.#logger.warn(
      {},
      "Removing a damaged postmaster.pid of the embedded PostgreSQL, which does not run (after a power cut?)",
    );
    await rm(path, { force: true });
    return undefined;
  }

  async #join(running: RunningServer, connection: EmbeddedConnection): Promise<JoinResult> {
    const presence = this.#newClient(running.port, connection.password, EMBEDDED_DATABASE);
    try {
      await presence.connect();
      const { rows } = await presence.query("SHOW data_directory");
      // A copied data folder brings the postmaster.pid and the password of its original.
      if (rows[0]?.data_directory !== this.#directory) {
        await presence.end();
        return "other server";
      }
      await presence.query(`SELECT pg_advisory_lock_shared(${PRESENCE_LOCK})`);
      this.#presence = presence;
      return "joined";
    } catch (error) {
      await presence.end().catch(() => undefined);
      if (errorCode(error) === "3D000") {
        await this.#createDatabase(running.port, connection.password);
      }
      return errorCode(error) === "28P01" ? "wrong password" : "not ready";
    }
  }

  #newClient(port: number, password: string, database: string): Client {
    const client = new Client({
      ...{ host: HOST, port, user: EMBEDDED_ROLE, password, database, ssl: false },
      ...{ application_name: APPLICATION_NAME, connectionTimeoutMillis: 5_000, keepAlive: true },
    });
    // The next call finds out by asking; a lost connection alone is no news.
    client.on("error", (error) => {
      this.#logger.debug({ error: error.message }, "The connection to the embedded PostgreSQL was lost");
    });
    return client;
  }

  /** Another program that starts at the same time may make it first; whatever goes wrong, the next round looks again. */
  async #createDatabase(port: number, password: string): Promise<void> {
    const client = this.#newClient(port, password, "postgres");
    try {
      await client.connect();
      await client.query(`CREATE DATABASE ${EMBEDDED_DATABASE}`);
    } catch (error) {
      this.#logger.debug({ error: String(error) }, `The database ${EMBEDDED_DATABASE} could not be made`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #launch(connection: EmbeddedConnection, earlierLaunches: number): Promise<void> {
    const keepsPort = connection.port !== undefined && earlierLaunches === 0 && (await isFree(connection.port));
    const port = keepsPort && connection.port !== undefined ? connection.port : await findFreePort();
    if (!keepsPort) {
      await writeConnection(this.#directory, { ...connection, port }, this.#user);
    }
    if (await setAsideLongLog(this.#log)) this.#logStart = 0;
    const serverOptions = `-p ${port} -c listen_addresses=${HOST} -c unix_socket_directories=`;
    const { exitCode } = await this.#startServer(serverOptions);
    // Where another program was faster, its server is found in the next round.
    if (exitCode !== 0 && earlierLaunches >= 3 && !(await this.#findRunning())) {
      throw await this.#failure("does not start");
    }
    if (exitCode !== 0) {
      await this.#wait(POLL_MS);
    }
  }

  /**
   * `pg_ctl` has a shell start the server, and puts our words into its command line as they are, the folder and the log
   * between double quotes: so the folder comes by PGDATA, and quoted among the server's options.
   */
  async #startServer(serverOptions: string): Promise<{ exitCode: number | null; output: string }> {
    const timed = ["start", "-t", "60"];
    if (process.platform === "win32") return await this.#control([...timed, "-l", this.#log, "-o", serverOptions]);
    const folder = `'${this.#directory.replaceAll("'", "'\\''")}'`;
    const log = this.#log.replace(/[\\"$`]/g, "\\$&");
    const words = [...timed, "-l", log, "-o", `${serverOptions} -D ${folder}`, "-w"];
    const environment = { PGDATA: this.#directory };
    return await runProgram(this.#requirePrograms().pgCtl, words, this.#user, { environment });
  }

  /** `pg_ctl`, which starts the server in a session of its own. */
  async #control(programArguments: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
    const pgCtl = this.#requirePrograms().pgCtl;
    return await runProgram(pgCtl, [...programArguments, "-w", "-D", this.#directory], this.#user);
  }

  /** The password is lost or wrong. The owner of the data may set a new one in single-user mode, without a server. */
  async #replacePassword(isRunning: boolean, alreadyDone: boolean): Promise<void> {
    if (alreadyDone) {
      throw await this.#failure("does not accept the password that was just set");
    }
    this.#logger.warn(
      { file: connectionFilePath(this.#directory) },
      "The password of the embedded PostgreSQL is missing or wrong; setting a new one",
    );
    if (isRunning) {
      await this.#control(["stop", "-m", "fast", "-t", "30"]);
    }
    const password = newPassword();
    await writeConnection(this.#directory, { password, port: undefined }, this.#user);
    const { exitCode, output } = await runProgram(
      this.#requirePrograms().postgres,
      ["--single", "-D", this.#directory, "template1"],
      this.#user,
      { stdin: `ALTER ROLE ${EMBEDDED_ROLE} PASSWORD '${password}'\n` },
    );
    if (exitCode !== 0 || /\b(ERROR|FATAL|PANIC):/.test(output)) {
      const reason = output.replaceAll(password, "…").trim().split("\n").slice(-4).join(" ");
      throw await this.#failure(`does not take a new password: ${reason}`);
    }
  }

  async #announce(port: number, connection: EmbeddedConnection): Promise<ServerSettings> {
    const file = connectionFilePath(this.#directory);
    if (connection.port !== port) {
      await writeConnection(this.#directory, { ...connection, port }, this.#user);
    }
    this.#logger.info(
      { directory: this.#directory },
      `The embedded PostgreSQL is up: PGPASSFILE="${file}" psql "postgresql://${EMBEDDED_ROLE}@${HOST}:${port}/${EMBEDDED_DATABASE}"`,
    );
    this.#settings = {
      ...{ kind: "server", host: HOST, port, database: EMBEDDED_DATABASE },
      ...{ user: EMBEDDED_ROLE, password: connection.password, sslmode: "disable" },
    };
    return this.#settings;
  }

  get #log(): string {
    return join(this.#directory, "server.log");
  }

  /** With PostgreSQL's last words since this start: those of an earlier one would lead astray. */
  async #failure(what: string): Promise<EmbeddedServerFailed> {
    const log = await readFile(this.#log).catch(() => Buffer.alloc(0));
    const tail = log.subarray(this.#logStart).toString("utf8").trim().split("\n").slice(-5).join("\n");
    return new EmbeddedServerFailed(
      `The embedded PostgreSQL on ${this.#directory} ${what}. Fix what its log ${this.#log} names, ${USE_OTHER_SERVER}. ` +
        (tail === "" ? "This start has written nothing to it." : `The last lines of this start:\n${tail}`),
    );
  }

  #requirePrograms(): ServerPrograms {
    if (!this.#programs) {
      throw new EmbeddedServerFailed("The embedded PostgreSQL has not been started; call start() first.");
    }
    return this.#programs;
  }
}

/** Whether the process is a PostgreSQL server on this folder: its command line is `postgres -D <folder> …`. */
async function isServerOf(processId: number, directory: string): Promise<boolean> {
  if (!isAlive(processId)) {
    return false;
  }
  if (process.platform === "linux") {
    const words = (await readFile(`/proc/${processId}/cmdline`, "utf8").catch(() => "")).split("\0");
    return basename(words[0] ?? "").startsWith("postgres") && words.includes(directory);
  }
  if (process.platform === "win32") {
    return true;
  }
  const { output } = await runProgram("/bin/ps", ["-p", String(processId), "-o", "command="], undefined);
  return output.includes("postgres") && output.includes(directory);
}

/** The server on this folder among all processes; undefined where there is none, or where that cannot be told. */
async function findServerOf(directory: string): Promise<number | undefined> {
  for (const processId of await processIds()) if (await isServerOf(processId, directory)) return processId;
  return undefined;
}

async function processIds(): Promise<number[]> {
  // There every living process would be taken for the server; a file that a server holds open cannot be removed there.
  if (process.platform === "win32") return [];
  const names =
    process.platform === "linux"
      ? await readdir("/proc")
      : (await runProgram("/bin/ps", ["-axo", "pid="], undefined)).output.split("\n");
  return names.map(Number).filter((processId) => Number.isInteger(processId) && processId > 0);
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, HOST, () => {
      const address: AddressInfo | string | null = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new EmbeddedServerFailed("No free port was found on 127.0.0.1.")),
      );
    });
  });
}

/** Returns whether it was. */
async function setAsideLongLog(log: string): Promise<boolean> {
  if ((await sizeOf(log)) <= LOG_LIMIT_BYTES) return false;
  await rename(log, `${log}.old`);
  return true;
}

async function sizeOf(file: string): Promise<number> {
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  return size;
}
