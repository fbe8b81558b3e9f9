import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { backUp, forget, inspectBackup, loadConfiguration, restore } from "../../src/app/index.js";
import { checkBackup, Database, type ServerSettings } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { writeOutputFile } from "../../src/shared/output-file.js";
import { startStatementCounter } from "../load/statement-counter.js";
import { createCopy, createDatabase, createMigratedDatabase, type TestDatabase } from "../support/postgres.js";
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
/** With years of hours a table has several parts to be killed between. */
const moreHours = (until: string) => `
  INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total, tariff, updated_at)
  SELECT id, datetime, random(), 'other_times', '2026-11-01'
  FROM metering_point, generate_series(timestamptz '2020-01-01', timestamptz '${until}', interval '1 hour') AS datetime`;
/** What the database was like before: without the newest days, and with other values. */
const EARLIER = `
  DELETE FROM metering_point_hourly WHERE datetime > '2026-11-25';
  UPDATE metering_point_hourly SET kwh_total = kwh_total + 1, updated_at = '2026-10-01' WHERE datetime > '2026-11-22';
  DELETE FROM energy_hourly WHERE datetime > '2026-11-22'`;
const FORGOTTEN = "FSK000227";
/** Longest wait from a statement to the kill: the job goes on meanwhile, and writes to its file. */
const LONGEST_DELAY_MS = 30;

/** The databases and the backup that every life begins with. */
interface Original {
  readonly whole: TestDatabase;
  readonly earlier: TestDatabase;
  /** A backup of `whole`. */
  readonly file: string;
}

/**
 * Digests of all tables that a backup has, but for the one in which it notes that it was made, and without the numbers of
 * `energy_hourly`, which the database counts out, those of undone rows too.
 */
type Content = string;

/**
 * Kills jobs at statements all over their work, each in turn, and looks at what they have left; then each comes to its end.
 *
 * @param until day up to which there are hours, from 2020-01-01 on.
 */
export async function killDataJobs(count: number, random: () => number, until: string): Promise<DataKills> {
  const outcome: DataKills = { kills: new Map(), problems: [] };
  const folder = workingDirectory();
  const original = await makeOriginal(folder.path, until);
  try {
    const complete = new Map<Job, { readonly statements: number; readonly after: Content }>();
    for (const job of JOBS) complete.set(job, await inALife(job, original, (life) => life.complete()));
    for (let tries = 0, done = 0; done < count && tries < 3 * count; tries += 1) {
      const job = JOBS[tries % JOBS.length] ?? "backup";
      const { statements, after } = complete.get(job) ?? { statements: 1, after: "" };
      const killAt = 1 + Math.floor(random() * statements);
      const delayMs = random() * LONGEST_DELAY_MS;
      const found = await inALife(job, original, (life) => problemsOfKill(life, killAt, delayMs, after));
      if (found === undefined) continue;
      done += 1;
      outcome.kills.set(job, (outcome.kills.get(job) ?? 0) + 1);
      outcome.problems.push(...found.map((problem) => `${job} at statement ${killAt} of ${statements}: ${problem}`));
    }
  } finally {
    await original.whole.drop();
    await original.earlier.drop();
    folder.remove();
  }
  return outcome;
}

/** Undefined where it came to its end before. */
async function problemsOfKill(life: Life, killAt: number, delayMs: number, after: Content) {
  const before = await life.content();
  if (!(await life.killedAt(killAt, delayMs))) return undefined;
  const problems = await halfFiles(life.folder);
  const found = await life.content();
  if (found !== before && found !== after) problems.push("half of it is there");
  // What is forgotten already cannot be forgotten again.
  const isDone = life.job === "forget" && found === after;
  const { after: end } = isDone ? { after: found } : await life.complete();
  if (end !== after) problems.push("what came in the end is not what was to come");
  return problems;
}

async function makeOriginal(folder: string, until: string): Promise<Original> {
  const whole = await createDatabase();
  await whole.query(VERSION_0_1_0);
  await whole.query(moreHours(until));
  await using(whole.settings, (database) => database.check(signal));
  const earlier = await createCopy(whole);
  await earlier.query(EARLIER);
  const file = join(folder, "whole.tar.gz");
  await runJob("backup", whole.settings, folder, file);
  return { whole, earlier, file };
}

interface Life {
  readonly job: Job;
  /** The working directory of the program. */
  readonly folder: string;
  content(): Promise<Content>;
  /** Does the job to its end, in this process. */
  complete(): Promise<{ readonly statements: number; readonly after: Content }>;
  /** Runs the program until some time after that statement, counted from 1; false where it ended before. */
  killedAt(statement: number, delayMs: number): Promise<boolean>;
}

async function inALife<Result>(
  job: Job,
  { whole, earlier, file }: Original,
  live: (life: Life) => Promise<Result>,
): Promise<Result> {
  const database = await (job === "restore" ? createMigratedDatabase() : createCopy(job === "merge" ? earlier : whole));
  const directory = workingDirectory();
  const folder = directory.path;
  const named = job === "backup" ? join(folder, "made.tar.gz") : file;
  const content = async () => await contentOf(database.settings, file);
  try {
    return await live({
      job,
      folder,
      content,
      async complete() {
        const counter = await startStatementCounter(database.settings);
        try {
          await runJob(job, counter.settings, folder, named);
          return { statements: counter.statements, after: await content() };
        } finally {
          await counter.stop();
        }
      },
      async killedAt(statement, delayMs) {
        let kill = () => {};
        let count = 0;
        const counter = await startStatementCounter(database.settings, () => {
          count += 1;
          if (count === statement) setTimeout(() => kill(), delayMs);
        });
        try {
          const settings = databaseSettings({ ...database, settings: counter.settings });
          const program = startProgram(wordsOf(job, named), settings, folder);
          kill = () => void program.child.kill("SIGKILL");
          const isKilled = (await program.ended).signal === "SIGKILL";
          await connectionsEnd(database);
          return isKilled;
        } finally {
          await counter.stop();
        }
      },
    });
  } finally {
    directory.remove();
    await database.drop();
  }
}

function wordsOf(job: Job, file: string): string[] {
  if (job === "backup") return ["backup", file, "--overwrite"];
  if (job === "forget") return ["forget", FORGOTTEN, "--yes"];
  return ["restore", file, "--yes"];
}

/** What the command of that name does. */
async function runJob(job: Job, settings: ServerSettings, folder: string, file: string): Promise<void> {
  const environment = { ...databaseSettings({ settings }), STATE_DIR: join(folder, "state") };
  const configuration = loadConfiguration({ environment, workingDirectory: folder, needsAccount: false });
  const onProgress = () => {};
  if (job === "backup") {
    const output = { kind: "file", path: file, before: undefined } as const;
    const write = (pieces: AsyncIterable<Uint8Array>) => writeOutputFile(output, pieces, signal, 0o600);
    await backUp(configuration, silentLogger, "test", write, onProgress, signal);
  } else if (job === "forget") {
    await forget(configuration, silentLogger, { kind: "metering point", named: FORGOTTEN }, async () => true, signal);
  } else {
    const { manifest } = await inspectBackup(configuration, silentLogger, file, signal);
    await restore(configuration, silentLogger, file, manifest, onProgress, signal);
  }
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

async function using<Result>(settings: ServerSettings, work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = new Database(settings, silentLogger);
  try {
    return await work(database);
  } finally {
    await database.stop();
  }
}

async function contentOf(settings: ServerSettings, file: string): Promise<Content> {
  const manifest = await checkBackup(createReadStream(file), signal);
  const tables = manifest.tables
    .filter(({ name }) => name !== "sync_state")
    .map((table) => {
      const columns = table.columns.filter((column) => table.name !== "energy_hourly" || column !== "id");
      return { ...table, columns };
    });
  const digests = await using(settings, (database) => database.digests({ ...manifest, tables }, signal));
  return JSON.stringify([...digests]);
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
