import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import { chooseServerUser } from "../../src/database/embedded/user.js";
import { silentLogger } from "../../src/shared/logger.js";
import { DAY_MS } from "../sync/engine-world.js";
import { sweepConnectionFaults } from "./database-sweep.js";
import { DatabaseWorld, failureOf, queryOn } from "./database-world.js";
import { type RunningServer, startPgbouncer, startPostgres15 } from "./debian-servers.js";

// Needs Debian's postgresql-15 and pgbouncer, and for a full disk the right to mount one (root).

let folder: string;
let postgres: RunningServer;
let world: DatabaseWorld;
let pooler: RunningServer | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "caruna-debian-"));
  await chmod(folder, 0o755);
  postgres = await startPostgres15(folder);
});

afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await queryOn(postgres.settings, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  world = await DatabaseWorld.create();
});

afterEach(async () => {
  await world.close();
  await pooler?.stop();
  pooler = undefined;
});

test("PostgreSQL 15: connections that are cut or ended at any statement cost one cycle, and nothing else", async () => {
  const sweep = await sweepConnectionFaults(postgres.settings, { stride: 10 });
  expect(sweep.faults).toBeGreaterThan(20);
  expect(sweep.mostCyclesToGood).toBe(1);
});

test("behind pgbouncer in transaction mode two programs keep every table true, whatever others leave in its sessions", async () => {
  pooler = await startPgbouncer(folder, postgres.settings, 3);
  const pooled = pooler.settings;
  const others = Array.from({ length: 3 }, () => new pg.Client({ ...pooled, ssl: false }));
  await Promise.all(others.map((other) => other.connect()));
  const programs = [1, 2].map(() => world.program(pooled, { isGuarded: true }));
  for (let day = 0; day < 5; day += 1, world.nowEpochMs += DAY_MS) {
    // One session each, at the same time, and left as it then is.
    await Promise.all(
      others.map((other) =>
        other.query(
          "BEGIN; SET search_path = nowhere; SET extra_float_digits = 0; SET bytea_output = escape; SET lock_timeout = '20s'; SELECT pg_sleep(0.05); COMMIT",
        ),
      ),
    );
    await Promise.all(programs.map((program) => program.cycle()));
    await world.expectTruth({ query: (text) => queryOn(postgres.settings, text) });
  }
  // A token is good for an hour: one login a day and program.
  expect(world.simulator.passwordPosts).toBeLessThanOrEqual(10);
  const left = await queryOn(
    postgres.settings,
    "SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' UNION ALL SELECT FROM pg_locks WHERE locktype = 'advisory'",
  );
  expect(left).toEqual([]);
  await Promise.all(others.map((other) => other.end()));
  await Promise.all(programs.map((program) => program.stop()));
});

test("behind pgbouncer with two connections to the server, cut at any statement: one cycle is lost, and nothing else", async () => {
  pooler = await startPgbouncer(folder, postgres.settings, 2);
  const sweep = await sweepConnectionFaults(pooler.settings, {
    stride: 10,
    faults: ["cut before it", "cut after it"],
    reader: postgres.settings,
  });
  expect(sweep.faults).toBeGreaterThan(12);
  expect(sweep.mostCyclesToGood).toBe(1);
});

/** A disk of its own, which is small. */
async function withSmallDisk(size: string, use: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  await mkdir(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0755`, "tmpfs", disk]);
  try {
    await use(disk);
  } finally {
    execFileSync("umount", ["--lazy", disk]);
    await rm(disk, { recursive: true });
  }
}

/** Takes what is left of a disk. Returns how to give it back. */
async function fill(disk: string): Promise<() => Promise<void>> {
  const path = join(disk, "filler");
  const file = await open(path, "w");
  try {
    for (;;) await file.write(Buffer.alloc(4096));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    await file.close();
  }
  return () => rm(path);
}

/** Lets days pass until a cycle fails: the pages that a table has take some more hours. */
async function firstFailure(cycle: () => Promise<unknown>): Promise<string> {
  for (let day = 0; day < 60; day += 1, world.nowEpochMs += DAY_MS) {
    const failure = await failureOf(cycle());
    if (failure !== "none") return failure;
  }
  return "none";
}

test("a table on a full disk: the message says so, nothing is half written, and with space the next cycle is good", async () => {
  const { settings } = postgres;
  const truth = { query: (text: string) => queryOn(settings, text) };
  await withSmallDisk("1m", async (disk) => {
    const program = world.program(settings);
    await program.cycle();
    const tablespace = join(disk, "space");
    await mkdir(tablespace);
    const user = await chooseServerUser(tablespace);
    if (user !== undefined) execFileSync("chown", [`${user.uid}:${user.gid}`, tablespace]);
    await queryOn(settings, `CREATE TABLESPACE small LOCATION '${tablespace}'`);
    await queryOn(settings, "ALTER TABLE energy_hourly SET TABLESPACE small");
    const free = await fill(disk);
    expect(await firstFailure(() => program.cycle())).toMatch(
      /^DatabaseFailed: .*disk of the server is full. Free space/,
    );
    // What another table got in the same transaction is gone too.
    await free();
    await program.cycle();
    await world.expectTruth(truth);
    await program.stop();
    await queryOn(settings, "ALTER TABLE energy_hourly SET TABLESPACE pg_default");
    await queryOn(settings, "DROP TABLESPACE small");
  });
});

test("the embedded database on a full disk, its log included: told as such, and with space the next cycle is good", async () => {
  await withSmallDisk("160m", async (disk) => {
    const directory = join(disk, "postgres");
    const program = world.program({ kind: "embedded", directory });
    await program.cycle();
    const server = new EmbeddedServer(directory, silentLogger);
    const settings = await server.start();
    const free = await fill(disk);
    expect(await firstFailure(() => program.cycle())).toMatch(/^DatabaseFailed: .*disk of the server is full/);
    // The next segment of the write-ahead log does not fit: PostgreSQL ends itself, and cannot start.
    await failureOf(
      queryOn(settings, "SELECT pg_switch_wal(); CHECKPOINT; CREATE TABLE more AS SELECT generate_series(1, 1000)"),
    );
    const failure = await failureOf(program.cycle());
    expect(failure).toMatch(/^(DatabaseFailed|DatabaseUnreachable|EmbeddedServerFailed): /);
    expect(failure).toMatch(/No space left on device|disk/);
    await free();
    await program.cycle();
    const again = await server.start();
    await world.expectTruth({ query: (text) => queryOn(again, text) });
    await program.stop();
    await server.stop();
  });
});
