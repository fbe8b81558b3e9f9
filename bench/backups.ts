import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Database, type ServerSettings } from "../src/database/index.js";
import { silentLogger } from "../src/shared/logger.js";
import { startPostgres15 } from "../test/faults/debian-servers.js";
import { type Measured, median, seconds, tell, timed } from "./measured.js";
import { LIMIT_MB, type Resident, watch } from "./memory.js";
import { onClient, type Postgres } from "./postgres.js";
import { databaseSettings, startProgram } from "./program.js";

const POINTS = 10;
const HOURS = 87_600;
const REPETITIONS = 3;
const BACKUP_LIMIT_MS = 20_000;
const RESTORE_LIMIT_MS = 60_000;
/** pg_dump reads no server newer than itself, so that both are measured on a server of its version. */
const DEBIAN_15 = "/usr/lib/postgresql/15/bin";

interface Found {
  readonly backupMs: number;
  readonly restoreMs: number;
  readonly backupBytes: number;
  readonly most: Resident;
}

/** How long ten years of ten metering points take to back up and to restore, and what pg_dump and psql take. */
export async function backups(postgres: Postgres): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), "caruna-bench-backups-"));
  try {
    const from = await postgres.readyDatabase();
    await fill(from);
    const ours = await measure(folder, from, () => postgres.readyDatabase());
    tell(`  ours: ${told(ours)}; the file has ${(ours.backupBytes / 1e6).toFixed(1)} MB`);
    const beside = existsSync(DEBIAN_15) ? await besidePgDump(postgres.folder) : undefined;
    return lines(ours, beside);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Beside {
  readonly ours: Found;
  readonly dumpMs: number;
  readonly psqlMs: number;
}

function lines(ours: Found, beside: Beside | undefined): Measured[] {
  const memory = Math.max(ours.most.most, beside?.ours.most.most ?? 0);
  const what = `of ${POINTS} metering points with ten years each (${(POINTS * HOURS).toLocaleString("en")} hours)`;
  return [
    {
      what: `backup ${what}`,
      target: "< 20 s",
      original: beside === undefined ? "" : `pg_dump: ${seconds(beside.dumpMs)}`,
      ours: seconds(ours.backupMs),
      ratio:
        beside === undefined ? "" : `${(beside.ours.backupMs / beside.dumpMs).toFixed(2)} of pg_dump on one server`,
      isMet: ours.backupMs < BACKUP_LIMIT_MS,
    },
    {
      what: `restore ${what}`,
      target: "< 60 s",
      original: beside === undefined ? "" : `psql: ${seconds(beside.psqlMs)}`,
      ours: seconds(ours.restoreMs),
      ratio: beside === undefined ? "" : `${(beside.ours.restoreMs / beside.psqlMs).toFixed(2)} of psql on one server`,
      isMet: ours.restoreMs < RESTORE_LIMIT_MS,
    },
    {
      what: "peak of resident memory of backup and restore",
      target: `≤ ${LIMIT_MB} MB`,
      original: "",
      ours: `${memory.toFixed(0)} MB`,
      ratio: "",
      isMet: memory <= LIMIT_MB,
    },
  ];
}

function told({ backupMs, restoreMs, most }: Found): string {
  return `backup ${seconds(backupMs)}, restore ${seconds(restoreMs)}, ${most.most.toFixed(0)} MB`;
}

/** Medians; the backup is restored into a database that has its tables. */
async function measure(folder: string, from: ServerSettings, next: () => Promise<ServerSettings>): Promise<Found> {
  const file = join(folder, "backup.tar.gz");
  const times = { backup: [] as number[], restore: [] as number[] };
  let most: Resident = { atTheEnd: 0, most: 0 };
  const run = async (words: readonly string[], server: ServerSettings) => {
    const child = startProgram(words, folder, databaseSettings(server));
    const milliseconds = await timed(async () => {
      const resident = await watch(child);
      if (resident.most > most.most) most = resident;
    });
    return milliseconds;
  };
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    times.backup.push(await run(["backup", file, "--overwrite"], from));
    const into = await next();
    times.restore.push(await run(["restore", file], into));
    await mustHoldAll(into);
  }
  const backupBytes = statSync(file).size;
  return { backupMs: median(times.backup), restoreMs: median(times.restore), backupBytes, most };
}

async function besidePgDump(serverFolder: string): Promise<Beside> {
  const folder = mkdtempSync(join(serverFolder, "fifteen-"));
  chmodSync(folder, 0o711);
  const server = await startPostgres15(folder);
  try {
    let made = 0;
    const next = async (hasTables = true) => {
      const database = `restored_${++made}`;
      await onClient(server.settings, (client) => client.query(`CREATE DATABASE ${database}`));
      const settings = { ...server.settings, database };
      if (hasTables) await makeTables(settings);
      return settings;
    };
    await makeTables(server.settings);
    await fill(server.settings);
    const ours = await measure(folder, server.settings, next);
    const dump = join(folder, "dump.sql.gz");
    const dumps: number[] = [];
    const restores: number[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      dumps.push(await timed(() => command(server.settings, `${DEBIAN_15}/pg_dump`, ["-Z4", "-f", dump])));
      const into = await next(false);
      restores.push(await timed(() => psql(into, dump)));
      await mustHoldAll(into);
    }
    const beside = { ours, dumpMs: median(dumps), psqlMs: median(restores) };
    tell(`  on PostgreSQL 15, ours: ${told(ours)}; pg_dump ${seconds(beside.dumpMs)}, psql ${seconds(beside.psqlMs)}`);
    return beside;
  } finally {
    await server.stop();
  }
}

async function makeTables(settings: ServerSettings): Promise<void> {
  const database = new Database(settings, silentLogger);
  await database.start();
  await database.stop();
}

async function psql(server: ServerSettings, dump: string): Promise<void> {
  const script = `gunzip -c ${dump} | ${DEBIAN_15}/psql -q -v ON_ERROR_STOP=1 -o /dev/null`;
  await command(server, "/bin/sh", ["-c", script]);
}

async function command(server: ServerSettings, file: string, words: readonly string[]): Promise<void> {
  const { host, port, user, password, database } = server;
  const connection = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
  await promisify(execFile)(file, [...words], { env: { PATH: process.env.PATH, ...connection } });
}

/** Ten years of hours with every value that a house with a split has, the first of them mirrored, and their days. */
async function fill(server: ServerSettings): Promise<void> {
  await onClient(server, async (client) => {
    await client.query(`
      INSERT INTO metering_point (id, customer, address, first_seen, last_seen)
      SELECT 'FSK' || 100000 + n, '50123456', 'Mäntykuja ' || n || ', 02780 Espoo', now(), now() FROM generate_series(1, ${POINTS}) AS n;
      INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total, kwh_day, kwh_night, tariff, kwh_invoiced,
        temperature_celsius, eur_total, eur_distribution, eur_base, eur_tax, eur_vat, status, parts, split_source)
      SELECT point.id, datetime, kwh, CASE WHEN is_day THEN kwh END, CASE WHEN NOT is_day THEN kwh END,
        CASE WHEN is_day THEN 'day' ELSE 'night' END, kwh, round((random() * 50 - 25)::numeric, 1), random(), random(),
        0.04101389, random(), random(), 150, jsonb_build_object(CASE WHEN is_day THEN 'daytime' ELSE 'nighttime' END, kwh), 'caruna'
      FROM metering_point AS point,
        generate_series(timestamptz '2016-11-01', timestamptz '2016-11-01' + interval '${HOURS - 1} hours', interval '1 hour') AS datetime,
        LATERAL (SELECT round((random() * 5)::numeric, 2)::float8 AS kwh, extract(hour FROM datetime) BETWEEN 7 AND 21 AS is_day
          WHERE datetime IS NOT NULL) AS measured;
      INSERT INTO energy_hourly (datetime, kwh_total, kwh_day, kwh_night, tariff)
      SELECT datetime, kwh_total, kwh_day, kwh_night, tariff FROM metering_point_hourly WHERE metering_point = 'FSK100001' ORDER BY 1;
      INSERT INTO sync_state (name, value) VALUES ('followed metering point', 'FSK100001');
      INSERT INTO metering_point_period (metering_point, span, starts_on, asked_at, kwh_told, kwh_stored, verified_at)
      SELECT id, 'day', day::date, now(), 30, 30, now()
      FROM metering_point, generate_series(timestamp '2016-11-01', timestamp '2026-10-29', interval '1 day') AS day`);
  });
}

async function mustHoldAll(server: ServerSettings): Promise<void> {
  const { rows } = await onClient(server, (client) =>
    client.query("SELECT count(*)::integer AS hours FROM metering_point_hourly"),
  );
  if (rows[0]?.hours !== POINTS * HOURS) throw new Error(`${rows[0]?.hours} hours were restored`);
}
