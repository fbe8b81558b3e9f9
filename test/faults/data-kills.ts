import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkBackup, Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { startStatementCounter } from "../load/statement-counter.js";
import { createDatabase, createMigratedDatabase, type TestDatabase } from "../support/postgres.js";
import { databaseSettings, startProgram, workingDirectory } from "../support/program.js";

/** What is killed: `restore` into empty tables, `merge` into tables that have rows. */
export const JOBS = ["backup", "restore", "merge", "forget"] as const;
export type Job = (typeof JOBS)[number];

export interface DataKills {
  /** How often each job was killed before its end. */
  readonly kills: Map<Job, number>;
  /** Whatever was lost, or half there. */
  readonly problems: string[];
}

const { signal } = new AbortController();
const VERSION_0_1_0 = readFileSync(join(import.meta.dirname, "../database/fixtures/version-0.1.0.sql"), "utf8");
/** Years of hours, so that there are several parts of a table to be killed between. */
const MORE_HOURS = `
  INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total, tariff, updated_at)
  SELECT id, datetime, random(), 'other_times', '2026-11-01'
  FROM metering_point, generate_series(timestamptz '2020-01-01', timestamptz '2023-01-01', interval '1 hour') AS datetime`;
const FORGOTTEN = "FSK000227";
/** Longest wait from a statement to the kill: the job goes on meanwhile, and writes to its file. */
const LONGEST_DELAY_MS = 30;

/** The digests of all tables that a backup has, but for the one in which it notes that it was made. */
type Content = string;

/** Kills jobs at statements all over their work, each in turn, and looks at what they have left; then lets each come to its end. */
export async function killDataJobs(count: number, random: () => number): Promise<DataKills> {
  const outcome: DataKills = { kills: new Map(), problems: [] };
  const folder = workingDirectory();
  try {
    const backups = await makeBackups(folder.path);
    const complete = new Map<Job, { readonly statements: number; readonly after: Content }>();
    for (const job of JOBS) complete.set(job, await inALife(job, backups, async (life) => await life.run()));
    for (let tries = 0, done = 0; done < count && tries < 3 * count; tries += 1) {
      const job = JOBS[tries % JOBS.length] ?? "backup";
      const { statements, after } = complete.get(job) ?? { statements: 1, after: "" };
      const isKilled = await inALife(job, backups, async (life) => {
        const before = await life.content();
        const killed = await life.run(1 + Math.floor(random() * statements), random() * LONGEST_DELAY_MS);
        if (!killed.isKilled) return false;
        const found = await life.content();
        if (found !== before && found !== after) outcome.problems.push(`${job}: half of it is there`);
        outcome.problems.push(...(await halfFiles(life.folder)));
        const again = await life.run();
        if (again.exitCode !== 0 && !(job === "forget" && found === after))
          outcome.problems.push(`${job} afterwards ended with ${again.exitCode}: ${again.stderr}`);
        if ((await life.content()) !== after)
          outcome.problems.push(`${job}: what came in the end is not what was to come`);
        return true;
      });
      if (!isKilled) continue;
      done += 1;
      outcome.kills.set(job, (outcome.kills.get(job) ?? 0) + 1);
    }
  } finally {
    folder.remove();
  }
  return outcome;
}

interface Backups {
  /** Of everything. */
  readonly whole: string;
  /** Without the newest days, and with other values. */
  readonly earlier: string;
}

async function makeBackups(folder: string): Promise<Backups> {
  const database = await createDatabase();
  try {
    await database.query(VERSION_0_1_0);
    await database.query(MORE_HOURS);
    const make = async (name: string) => {
      const settings = databaseSettings(database);
      const { exitCode, stderr } = await startProgram(["backup", name], settings, folder).ended;
      if (exitCode !== 0) throw new Error(stderr);
      return join(folder, name);
    };
    await startProgram(["status"], databaseSettings(database), folder).ended;
    const whole = await make("whole.tar.gz");
    await database.query(`
      DELETE FROM metering_point_hourly WHERE datetime > '2026-11-25';
      UPDATE metering_point_hourly SET kwh_total = kwh_total + 1, updated_at = '2026-10-01' WHERE datetime > '2026-11-22';
      DELETE FROM energy_hourly WHERE datetime > '2026-11-22'`);
    return { whole, earlier: await make("earlier.tar.gz") };
  } finally {
    await database.drop();
  }
}

interface Life {
  /** The working directory of the program. */
  readonly folder: string;
  content(): Promise<Content>;
  /** Runs the job to its end, or until some time after that statement, counted from 1. */
  run(killAt?: number, delayMs?: number): Promise<LifeRun>;
}

interface LifeRun {
  readonly isKilled: boolean;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly statements: number;
  readonly after: Content;
}

async function inALife<Result>(job: Job, backups: Backups, live: (life: Life) => Promise<Result>): Promise<Result> {
  const database = await createMigratedDatabase();
  const folder = workingDirectory();
  try {
    if (job !== "restore") await restore(database, job === "merge" ? backups.earlier : backups.whole);
    const content = async () => await contentOf(database, backups.whole);
    const words = wordsOf(job, backups);
    return await live({
      folder: folder.path,
      content,
      run: async (killAt = Number.POSITIVE_INFINITY, delayMs = 0) => {
        let kill = () => {};
        let statements = 0;
        const counter = await startStatementCounter(database.settings, () => {
          statements += 1;
          if (statements === killAt) setTimeout(() => kill(), delayMs);
        });
        try {
          const settings = databaseSettings({ ...database, settings: counter.settings });
          const program = startProgram(words, settings, folder.path);
          kill = () => void program.child.kill("SIGKILL");
          const ended = await program.ended;
          await connectionsEnd(database);
          return { ...ended, isKilled: ended.signal === "SIGKILL", statements, after: await content() };
        } finally {
          await counter.stop();
        }
      },
    });
  } finally {
    folder.remove();
    await database.drop();
  }
}

function wordsOf(job: Job, { whole }: Backups): string[] {
  if (job === "backup") return ["backup", "made.tar.gz", "--overwrite"];
  if (job === "forget") return ["forget", FORGOTTEN, "--yes"];
  return ["restore", whole, "--yes"];
}

/** A transaction whose program was killed goes on on the server until that notices. */
async function connectionsEnd(database: TestDatabase): Promise<void> {
  for (;;) {
    const rows = await database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    if (rows.length === 0) return;
    await delay(5);
  }
}

async function using<Result>({ settings }: TestDatabase, work: (database: Database) => Promise<Result>) {
  const database = new Database(settings, silentLogger);
  try {
    return await work(database);
  } finally {
    await database.stop();
  }
}

async function restore(into: TestDatabase, file: string): Promise<void> {
  const open = () => createReadStream(file);
  const manifest = await checkBackup(open(), signal);
  await using(into, (database) => database.restore({ manifest, open, onProgress: () => {} }, signal));
}

async function contentOf(database: TestDatabase, file: string): Promise<Content> {
  const manifest = await checkBackup(createReadStream(file), signal);
  const tables = manifest.tables.filter(({ name }) => name !== "sync_state");
  return JSON.stringify([...(await using(database, (one) => one.digests({ ...manifest, tables }, signal)))]);
}

/** A file with a name is whole; a draft is for nobody's eyes but its owner's. */
async function halfFiles(folder: string): Promise<string[]> {
  const problems: string[] = [];
  const made = join(folder, "made.tar.gz");
  if (existsSync(made))
    await checkBackup(createReadStream(made), signal).catch((error: unknown) => problems.push(String(error)));
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith(".draft")))
    if ((statSync(join(folder, name)).mode & 0o077) !== 0) problems.push(`${name} can be read by others`);
  return problems;
}
