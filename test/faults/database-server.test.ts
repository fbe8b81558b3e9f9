import { chmod, chown, copyFile, cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import type { ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { prepareEmbeddedData } from "../support/postgres.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { DAY_MS } from "../sync/engine-world.js";
import { DatabaseWorld, type FaultyProgram, failureOf, openSession, queryOn } from "./database-world.js";

// Servers of this file's own, which are stopped, killed, copied and exchanged behind one address.

let folder: string;
let first: EmbeddedServer;
let settings: ServerSettings;
let proxy: TcpProxy;
let world: DatabaseWorld;
let program: FaultyProgram;
let copy: EmbeddedServer | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "caruna-failing-"));
  await chmod(folder, 0o711);
  await prepareEmbeddedData(join(folder, "first"));
  first = new EmbeddedServer(join(folder, "first"), silentLogger);
  settings = await first.start();
});

afterAll(async () => {
  await first.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await queryOn(settings, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  proxy = await TcpProxy.start({ host: "127.0.0.1", port: settings.port });
  world = await DatabaseWorld.create();
  program = world.program({ ...settings, port: proxy.port, sslmode: "prefer" });
  await program.cycle();
  world.nowEpochMs += DAY_MS;
});

afterEach(async () => {
  await world.close();
  await proxy.stop();
  await copy?.stop();
  copy = undefined;
  await rm(join(folder, "copy"), { recursive: true, force: true });
});

const truthOn = (server: ServerSettings) => ({ query: (text: string) => queryOn(server, text) });

async function restartFirst(): Promise<void> {
  settings = await first.start();
  proxy.target = { host: "127.0.0.1", port: settings.port };
}

test.each([
  ["stopped", "SIGINT"],
  ["crashed", "SIGQUIT"],
  ["killed", "SIGKILL"],
] as const)(
  "a server that is %s in the middle of a transaction, and started again, costs one cycle",
  async (_, signal) => {
    await queryOn(
      settings,
      `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(1, 1); RETURN NULL; END';
    CREATE TRIGGER hold AFTER INSERT ON energy_hourly FOR EACH STATEMENT EXECUTE FUNCTION hold();`,
    );
    await openSession(settings, "SELECT pg_advisory_xact_lock(1, 1)");
    const cycle = failureOf(program.cycle());
    const waiting =
      "SELECT FROM pg_stat_activity WHERE application_name = 'caruna-integration' AND wait_event = 'advisory'";
    while ((await queryOn(settings, waiting)).length === 0);
    const [processId] = (await readFile(join(folder, "first", "postmaster.pid"), "utf8")).split("\n");
    process.kill(Number(processId), signal);
    expect(await cycle).toMatch(/^DatabaseUnreachable: .* is out of reach: .+ The next cycle tries again/);
    await restartFirst();
    const [stored] = await queryOn(settings, "SELECT count(*)::int % 24 AS hours FROM metering_point_hourly");
    expect(stored).toEqual({ hours: 0 });
    await queryOn(settings, "DROP TRIGGER hold ON energy_hourly");
    await program.cycle();
    await world.expectTruth(truthOn(settings));
  },
);

/** A copy of the first server as it is now; `isStandby`: one that reads only until it is promoted. */
async function startCopy({ isStandby }: { isStandby: boolean }): Promise<ServerSettings> {
  const directory = join(folder, "copy");
  await first.stop();
  await cp(join(folder, "first"), directory, { recursive: true });
  if (isStandby) await writeFile(join(directory, "standby.signal"), "");
  copy = new EmbeddedServer(directory, silentLogger);
  await restartFirst();
  return await copy.start();
}

/** The connections that the program still holds are found dead one after the other; nothing else may be wrong. */
async function switchTo(server: ServerSettings): Promise<void> {
  proxy.target = { host: "127.0.0.1", port: server.port };
  proxy.cutAll();
  for (;;) {
    const failure = await failureOf(program.database.sync.remembered("anything"));
    if (failure === "none") return;
    expect(failure).toMatch(/^DatabaseUnreachable: .* cut the connection/);
  }
}

test("an address that leads to an older, read-only copy is told so, and once it is promoted nothing is missing there", async () => {
  const standby = await startCopy({ isStandby: true });
  await program.cycle();
  world.nowEpochMs += DAY_MS;
  await program.cycle();
  await world.expectTruth(truthOn(settings));
  await switchTo(standby);
  expect(await failureOf(program.cycle())).toMatch(/^DatabaseFailed: .* is read-only .*Set DB_HOST/);
  await queryOn(standby, "SELECT pg_promote()");
  await program.cycle();
  await world.expectTruth(truthOn(standby));
});

test("a cycle that finds itself on an older copy writes nothing there under the lease of the other; the next one does", async () => {
  const older = await startCopy({ isStandby: false });
  // By its time and its owner the lease of the copy would do: its number alone keeps the cycle out.
  await queryOn(older, "UPDATE writer_lease SET expires_at = now() + interval '3 minutes'");
  const rows = "SELECT count(*) FROM metering_point_hourly UNION ALL SELECT count(*) FROM metering_point_period";
  const before = await queryOn(older, rows);
  world.nowEpochMs += DAY_MS;
  await program.cycle();
  world.nowEpochMs += 16 * DAY_MS;
  // Asked for in several rounds.
  let rounds = 0;
  world.onRound = async () => {
    if (++rounds === 1) await switchTo(older);
  };
  expect(await failureOf(program.cycle())).toMatch(/^LeaseLost: /);
  expect(rounds).toBe(1);
  expect(await queryOn(older, rows)).toEqual(before);
  await program.cycle();
  await world.expectTruth(truthOn(older));
});

test("an address that takes TLS now, and does not again, is met as sslmode prefer says, without a lost cycle", async () => {
  const other = await startCopy({ isStandby: false });
  const directory = join(folder, "copy");
  const { uid, gid } = await stat(join(directory, "PG_VERSION"));
  for (const name of ["server.crt", "server.key"]) {
    await copyFile(join(import.meta.dirname, "../database/tls", name), join(directory, name));
    await chmod(join(directory, name), 0o600);
    await chown(join(directory, name), uid, gid);
  }
  await writeFile(
    join(directory, "pg_hba.conf"),
    "hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 reject\n",
  );
  await queryOn(other, "ALTER SYSTEM SET ssl = on");
  await queryOn(other, "SELECT pg_reload_conf()");
  const plain = () =>
    queryOn(other, "SELECT").then(
      () => true,
      () => false,
    );
  while (await plain());
  await switchTo(other);
  await program.cycle();
  await world.expectTruth(truthOn({ ...other, sslmode: "require" }));
  world.nowEpochMs += DAY_MS;
  await switchTo(settings);
  await program.cycle();
  await world.expectTruth(truthOn(settings));
});
