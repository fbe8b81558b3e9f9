import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { prepareData } from "../../src/database/embedded/data.js";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import { Database } from "../../src/database/index.js";
import { type Logger, silentLogger } from "../../src/shared/logger.js";
import { prepareEmbeddedData } from "../support/postgres.js";
import { storeHours } from "../support/stored-hours.js";

const READING = {
  startEpochMs: Date.UTC(2026, 0, 1),
  kwhTotal: 1,
  kwhDay: null,
  kwhNight: null,
  kwhNightWinter: null,
  tariff: "other_times",
} as const;

let folder: string;
let directory: string;
let messages: string[];
let opened: Database[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "caruna-embedded-"));
  await chmod(folder, 0o711);
  directory = join(folder, "state", "postgres");
  messages = [];
  opened = [];
});

afterEach(async () => {
  for (const database of opened) {
    await database.stop();
  }
  const left = await serverProcessId();
  if (left !== undefined && isAlive(left)) {
    process.kill(left, "SIGQUIT");
    while (isAlive(left));
  }
  await rm(folder, { recursive: true, force: true });
});

/** Opens data that an earlier start has made. */
async function reopen(): Promise<Database> {
  await prepareEmbeddedData(directory);
  return await open();
}

async function open(): Promise<Database> {
  const note = (_fields: object, message: string) => void messages.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const database = new Database({ kind: "embedded", directory }, logger);
  opened.push(database);
  await database.start();
  return database;
}

async function postmasterFile(): Promise<string[]> {
  return (await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
}

async function serverProcessId(): Promise<number | undefined> {
  return Number((await postmasterFile())[0]) || undefined;
}

async function serverPort(): Promise<number> {
  return Number((await postmasterFile())[3]);
}

/** Zombies do not count: in a container nobody may be there to bury them. */
function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch {
    return false;
  }
  return !isZombie(processId);
}

function isZombie(processId: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function kill9(): Promise<number> {
  const processId = (await serverProcessId()) ?? 0;
  process.kill(processId, "SIGKILL");
  while (isAlive(processId));
  return processId;
}

/** Another program of ours, in a process of its own, with the server up. TypeScript needs Vite's loader on Node.js 20. */
async function startInOtherProgram(): Promise<ChildProcess> {
  const program = `
    const { runnerImport } = await import("vite");
    const { module } = await runnerImport(${JSON.stringify(join(import.meta.dirname, "../../src/database/index.ts"))});
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    await new module.Database({ kind: "embedded", directory: ${JSON.stringify(directory)} }, silent).start();
    process.stdout.write("up");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", () => reject(new Error("The other program ended before its server was up")));
  });
  return child;
}

async function connectionFile(): Promise<{ password: string; port: number }> {
  const [, port, , , password = ""] = (await readFile(join(directory, "pgpass"), "utf8")).trim().split(":");
  return { password, port: Number(port) };
}

async function countHours(database: Database): Promise<number> {
  return (await database.hoursBetween(0, Date.UTC(2030, 0, 1))).length;
}

test("a first start makes a durable server on the loopback interface, and says how to look at it", async () => {
  const database = await open();
  await storeHours(database, [READING]);
  const { password } = await connectionFile();
  const port = await serverPort();
  const client = new pg.Client(`postgresql://caruna:${password}@127.0.0.1:${port}/energy`);
  await client.connect();
  const setting = async (name: string) =>
    (await client.query(`SELECT current_setting('${name}') AS value`)).rows[0].value;
  expect(await setting("fsync")).toBe("on");
  expect(await setting("listen_addresses")).toBe("127.0.0.1");
  expect(await setting("unix_socket_directories")).toBe("");
  expect(await setting("server_encoding")).toBe("UTF8");
  expect(await setting("password_encryption")).toBe("scram-sha-256");
  await client.end();
  const said = messages.join("\n");
  expect(said).toContain(
    `PGPASSFILE="${join(directory, "pgpass")}" psql "postgresql://caruna@127.0.0.1:${port}/energy"`,
  );
  expect(said).not.toContain(password);
  expect((await stat(join(directory, "pgpass"))).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "state"))).toEqual(["postgres"]);
});

test("nobody gets in without the password", async () => {
  await reopen();
  const client = new pg.Client({
    host: "127.0.0.1",
    port: await serverPort(),
    user: "caruna",
    database: "energy",
    password: "x",
  });
  await expect(client.connect()).rejects.toThrow(/password authentication failed/);
});

test("stop ends the server, and the next start has the same port, password and hours", async () => {
  const database = await reopen();
  await storeHours(database, [READING]);
  const before = await connectionFile();
  const processId = (await serverProcessId()) ?? 0;
  await database.stop();
  expect(isAlive(processId)).toBe(false);
  expect(await serverProcessId()).toBeUndefined();
  const again = await open();
  expect(await connectionFile()).toEqual(before);
  expect(await countHours(again)).toBe(1);
});

test("a port that somebody else has taken is left to them", async () => {
  await (await reopen()).stop();
  const { port } = await connectionFile();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
  await open();
  squatter.close();
  expect((await connectionFile()).port).not.toBe(port);
  expect((await connectionFile()).port).toBe(await serverPort());
});

test("the server of a killed program is taken over, and stopped by the one that took it", async () => {
  await prepareEmbeddedData(directory);
  const killed = await startInOtherProgram();
  const processId = (await serverProcessId()) ?? 0;
  killed.kill("SIGKILL");
  await new Promise((resolve) => killed.once("exit", resolve));
  expect(isAlive(processId)).toBe(true);
  const database = await open();
  expect(await serverProcessId()).toBe(processId);
  await database.stop();
  expect(isAlive(processId)).toBe(false);
});

test("a server that was killed comes up again with what was stored", async () => {
  const database = await reopen();
  await storeHours(database, [READING]);
  await kill9();
  await database.check();
  expect(await countHours(database)).toBe(1);
});

test("a stale postmaster.pid whose id some other process has by now is no hindrance", async () => {
  await (await reopen()).stop();
  // Our own id: alive, and of a process that is no server.
  const lines = [process.pid, directory, 1, 5432, "", "127.0.0.1", "1 1", "ready"];
  await writeFile(join(directory, "postmaster.pid"), `${lines.join("\n")}\n`);
  const database = await open();
  expect(await serverProcessId()).not.toBe(process.pid);
  expect(await countHours(database)).toBe(0);
});

test("two programs share one server, and the last one out stops it", async () => {
  const [first, second] = await Promise.all([open(), open()]);
  const processId = (await serverProcessId()) ?? 0;
  await storeHours(first, [READING]);
  await first.stop();
  expect(await countHours(second)).toBe(1);
  await second.stop();
  expect(isAlive(processId)).toBe(false);
});

test("two programs that stop at once leave no server behind", async () => {
  await prepareEmbeddedData(directory);
  const [first, second] = await Promise.all([open(), open()]);
  const processId = (await serverProcessId()) ?? 0;
  await Promise.all([first.stop(), second.stop()]);
  expect(isAlive(processId)).toBe(false);
});

test("a program that starts while another stops gets a server", async () => {
  const first = await reopen();
  const stopping = first.stop();
  const second = await open();
  await stopping;
  expect(await countHours(second)).toBe(0);
});

test.each(["missing", "damaged"])("a %s password file is made anew, and the hours stay", async (state) => {
  const database = await reopen();
  await storeHours(database, [READING]);
  const { password } = await connectionFile();
  await database.stop();
  const file = join(directory, "pgpass");
  await (state === "missing" ? rm(file) : writeFile(file, "127.0.0.1:5432:*:car"));
  const again = await open();
  expect(await countHours(again)).toBe(1);
  expect((await connectionFile()).password).not.toBe(password);
});

test("a wrong password in the file is replaced, even while a server of a killed program runs", async () => {
  await prepareEmbeddedData(directory);
  const killed = await startInOtherProgram();
  killed.kill("SIGKILL");
  await new Promise((resolve) => killed.once("exit", resolve));
  await writeFile(join(directory, "pgpass"), "127.0.0.1:*:*:caruna:wrong\n");
  expect(await countHours(await open())).toBe(0);
});

test("data of another major version are left alone, with what to do", async () => {
  await (await reopen()).stop();
  await writeFile(join(directory, "PG_VERSION"), "15\n");
  await expect(open()).rejects.toThrow(/written by PostgreSQL 15.*upgrade-database.*DB_HOST/);
});

test("what a killed first start left is cleared away", async () => {
  const abandoned = `${directory}.new-4194303-abcd`;
  await mkdir(join(abandoned, "data"), { recursive: true });
  await open();
  expect(await readdir(join(folder, "state"))).toEqual(["postgres"]);
});

test("an aborted first start leaves nothing half made", async () => {
  const database = new Database({ kind: "embedded", directory }, { debug() {}, info() {}, warn() {}, error() {} });
  const ending = new AbortController();
  const starting = database.start(ending.signal);
  const isUnderWay = async () => (await readdir(join(folder, "state")).catch(() => [])).length > 0;
  while (!(await isUnderWay()));
  ending.abort(new Error("the end"));
  await expect(starting).rejects.toThrow();
  await database.stop();
  expect(await readdir(join(folder, "state"))).toEqual([]);
});

test("a folder that holds something else is left alone", async () => {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "kirje.txt"), "Hei");
  await expect(open()).rejects.toThrow(/kirje\.txt.*STATE_DIR/);
});

test("a file where the state folder should be is named", async () => {
  await writeFile(join(folder, "state"), "");
  await expect(open()).rejects.toThrow(/EmbeddedServerFailed|state cannot be written.*STATE_DIR/);
});

test("a state folder that may not be written, or not be entered, is named", async () => {
  await mkdir(join(folder, "state"));
  await chmod(join(folder, "state"), 0o500);
  // Root may write anywhere; there it is the unprivileged user who cannot pass.
  await expect(open()).rejects.toThrow(/STATE_DIR/);
});

test("a copy of the data that still holds the original's postmaster.pid gets a server of its own", async () => {
  const original = await reopen();
  await storeHours(original, [READING]);
  const originalId = await serverProcessId();
  const file = await postmasterFile();
  const connection = await readFile(join(directory, "pgpass"), "utf8");
  await original.stop();
  const copied = directory;
  // The original runs on elsewhere, as `postmaster.pid` of the copy still says.
  directory = join(folder, "other", "postgres");
  const elsewhere = await open();
  await writeFile(
    join(copied, "postmaster.pid"),
    file.join("\n").replace(String(originalId), String(await serverProcessId())),
  );
  await writeFile(join(copied, "pgpass"), connection);
  const elsewhereId = await serverProcessId();
  directory = copied;
  expect(await countHours(await open())).toBe(1);
  expect(await serverProcessId()).not.toBe(elsewhereId);
  expect(await countHours(elsewhere)).toBe(0);
});

describe("after a power cut", () => {
  test.each([
    ["empty", ""],
    ["full of zeros", "\0".repeat(90)],
    ["torn in the first line", "12x"],
    ["left behind by a server in single-user mode", `-${process.pid}\n`],
  ])("a postmaster.pid that is %s does not keep the server from starting", async (_, text) => {
    const database = await reopen();
    await storeHours(database, [READING]);
    await database.stop();
    await writeFile(join(directory, "postmaster.pid"), text);
    expect(await countHours(await open())).toBe(1);
  });

  test("a damaged postmaster.pid of a server that still runs brings no second server", async () => {
    await reopen();
    const processId = await serverProcessId();
    const file = (await postmasterFile()).join("\n");
    await writeFile(join(directory, "postmaster.pid"), "");
    let waits = 0;
    const other = new EmbeddedServer(directory, silentLogger, async () => {
      waits += 1;
      if (waits === 3) await writeFile(join(directory, "postmaster.pid"), file);
    });
    await other.start();
    expect(await serverProcessId()).toBe(processId);
    await other.stop();
  });
});

test("a start that fails quotes what PostgreSQL said this time, not what it said before", async () => {
  await (await reopen()).stop();
  await appendFile(join(directory, "server.log"), "FATAL:  an error of last year\n");
  await appendFile(join(directory, "postgresql.conf"), "shared_buffers = 'a lot'\n");
  const failed = await open().catch((error: unknown) => String(error));
  expect(failed).toMatch(/^EmbeddedServerFailed: .*does not start.*DB_HOST/);
  expect(failed).toContain('invalid value for parameter "shared_buffers": "a lot"');
  expect(failed).not.toContain("last year");
});

test("a user id without a name is told the way out, not initdb's own words", async () => {
  const initdb = join(folder, "initdb");
  await writeFile(
    initdb,
    "#!/bin/sh\necho 'initdb: could not look up effective user ID 4242: user does not exist' >&2; exit 1\n",
  );
  await chmod(initdb, 0o755);
  const programs = { initdb, pgCtl: initdb, postgres: initdb, majorVersion: 18 };
  await expect(prepareData(directory, programs, undefined, undefined)).rejects.toThrow(
    /^PostgreSQL runs only as a user that has a name.*--user.*\/etc\/passwd.*DB_HOST/,
  );
  expect(await readdir(join(folder, "state"))).toEqual([]);
});
