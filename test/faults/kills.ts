import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { startStatementCounter } from "../load/statement-counter.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, type Ended, startProgram, workingDirectory } from "../support/program.js";
import { lastDates, storedRows } from "../support/truth.js";
import { energyHourlyDifferences } from "../sync/simulated-year.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

/** What a program was at when it was killed. */
export const STAGES = [
  "migration",
  "before the login",
  "in the login",
  "asking for the list",
  "asking for hours",
  "in a transaction",
  "storing",
  "verify",
] as const;
export type Stage = (typeof STAGES)[number];

/** What a program was at when it was killed on its embedded database. */
export const EMBEDDED_STAGES = ["making its database", "starting its server", "running", "stopping"] as const;
export type EmbeddedStage = (typeof EMBEDDED_STAGES)[number];

export interface Kills<Name extends string> {
  /** How often at each stage. */
  readonly kills: Map<Name, number>;
  /** Whatever was not as it ought to be after the next start. */
  readonly problems: string[];
  /** The longest that the start after a kill took to its good end, milliseconds. */
  slowestRecoveryMs: number;
}

interface Life {
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  readonly folder: string;
  readonly settings: Record<string, string>;
}

/** Runs a program, tells what it is at with each request and each statement, and kills it at one of them. */
class Watched {
  stages: Stage[] = [];
  #killAt = Number.POSITIVE_INFINITY;
  #kill = () => {};
  #tokensBefore = 0;
  #requestsBefore = 0;
  #hadSession = false;
  #isVerify = false;
  #transactions = 0;
  readonly #simulator: () => Simulator;

  constructor(simulator: () => Simulator) {
    this.#simulator = simulator;
  }

  readonly onStatement = (text: string) => {
    if (text.startsWith("BEGIN")) this.#transactions += 1;
    const { requests } = this.#simulator();
    const hasAsked = requests.length > this.#requestsBefore;
    if (this.#isVerify) this.#note("verify");
    else if (!hasAsked) this.#note(this.#transactions > 0 ? "migration" : "before the login");
    else if (!this.#isInside()) this.#note("in the login");
    else this.#note(this.#transactions > 0 ? "in a transaction" : "storing");
    if (text.startsWith("COMMIT") || text.startsWith("ROLLBACK")) this.#transactions -= 1;
  };

  readonly onRequest = () => {
    if (this.#isVerify) return this.#note("verify");
    if (!this.#isInside()) return this.#note("in the login");
    const path = this.#simulator().requests.at(-1)?.path ?? "";
    this.#note(path.endsWith("/energy") ? "asking for hours" : "asking for the list");
  };

  #isInside(): boolean {
    return this.#simulator().tokensIssued > this.#tokensBefore || this.#hadSession;
  }
  #note(stage: Stage): void {
    this.stages.push(stage);
    if (this.stages.length === this.#killAt) this.#kill();
  }

  /** @param killAt at which of its requests and statements, counted from 1. */
  async run(parameters: readonly string[], life: Life, killAt = Number.POSITIVE_INFINITY): Promise<Ended> {
    const simulator = this.#simulator();
    this.stages = [];
    this.#transactions = 0;
    this.#tokensBefore = simulator.tokensIssued;
    this.#requestsBefore = simulator.requests.length;
    this.#isVerify = parameters[0] === "verify";
    this.#hadSession = readdirSync(life.folder, { recursive: true }).some((name) =>
      String(name).endsWith("session.json"),
    );
    this.#killAt = killAt;
    const program = startProgram(parameters, life.settings, life.folder);
    this.#kill = () => void program.child.kill("SIGKILL");
    return await program.ended;
  }
}

/** Kills a program at requests and statements all over its work: two loads and a check in each life, each life a new database. */
export async function killAllOver(count: number, random: () => number): Promise<Kills<Stage>> {
  const outcome: Kills<Stage> = { kills: new Map(), problems: [], slowestRecoveryMs: 0 };
  let simulator: Simulator | undefined;
  const watched = new Watched(() => {
    if (simulator === undefined) throw new Error("no simulator");
    return simulator;
  });
  const complete = await inALife(
    watched,
    (made) => {
      simulator = made;
    },
    async (life) => {
      await watched.run(["start", "--once"], life);
      const load = watched.stages;
      await watched.run(["verify"], life);
      return { load, verify: watched.stages };
    },
  );
  const total = () => [...outcome.kills.values()].reduce((sum, kills) => sum + kills, 0);
  for (let tries = 0; total() < count && tries < 2 * count; tries += 1) {
    await inALife(
      watched,
      (made) => {
        simulator = made;
      },
      async (life) => {
        const kill = async (parameters: readonly string[], at: number) => {
          const { signal } = await watched.run(parameters, life, at);
          const stage = watched.stages.at(at - 1);
          // A program that goes on from where another died may be through before.
          if (signal === "SIGKILL" && stage !== undefined)
            outcome.kills.set(stage, (outcome.kills.get(stage) ?? 0) + 1);
        };
        for (let run = 0; run < 2 && total() < count; run += 1)
          await kill(["start", "--once"], momentOf(complete.load, tries * 2 + run, random));
        const from = performance.now();
        const { exitCode, stderr } = await watched.run(["start", "--once"], life);
        outcome.slowestRecoveryMs = Math.max(outcome.slowestRecoveryMs, performance.now() - from);
        if (exitCode !== 0) outcome.problems.push(`after a kill it ended with ${exitCode}: ${stderr}`);
        if (total() < count) await kill(["verify"], momentOf(complete.verify, tries, random));
        outcome.problems.push(...(await problemsOf(life)));
      },
    );
  }
  return outcome;
}

/** Some moment of a stage, the stages in turn: those with few statements are met as often as those with many. */
function momentOf(stages: readonly Stage[], turn: number, random: () => number): number {
  const met = STAGES.filter((stage) => stages.includes(stage));
  const stage = met[turn % met.length];
  const moments = stages.flatMap((other, index) => (other === stage ? [index + 1] : []));
  return moments[Math.floor(random() * moments.length)] ?? 1;
}

async function inALife<Result>(
  watched: Watched,
  made: (simulator: Simulator) => void,
  live: (life: Life) => Promise<Result>,
): Promise<Result> {
  let isMade = false;
  const simulator = await startSimulator({
    ...simulated(),
    now: () => {
      if (isMade) watched.onRequest();
      return Date.now();
    },
  });
  made(simulator);
  isMade = true;
  const database = await createDatabase();
  const counter = await startStatementCounter(database.settings, watched.onStatement);
  const directory = workingDirectory();
  const settings = { ...loadSettings(simulator), ...databaseSettings({ ...database, settings: counter.settings }) };
  try {
    return await live({ simulator, database, folder: directory.path, settings });
  } finally {
    await counter.stop();
    await simulator.stop();
    await database.drop();
    directory.remove();
  }
}

const DAYS = 2;

function simulated() {
  const [startDate = ""] = lastDates(Date.now(), DAYS);
  return { publishHour: 0, meters: [{ startDate }, { startDate }] };
}

function loadSettings(simulator: Simulator): Record<string, string> {
  const [followed] = simulator.household.meters;
  const days = { BACKFILL: "none", DAYS_TO_LOAD: String(DAYS + 1) };
  return { ...accountSettings(simulator), ...days, METERING_POINT: followed?.assetId ?? "" };
}

async function problemsOf({ simulator, database, folder }: Life): Promise<string[]> {
  return [...(await tableDifferences(simulator, database)), ...guardProblems(simulator), ...draftsIn(folder)];
}

/** Where the two tables of hours are not what Caruna+ shows. */
export async function tableDifferences(simulator: Simulator, database: Pick<TestDatabase, "query">): Promise<string[]> {
  const truth = publishedRows(simulator, Date.now());
  const [followed] = simulator.household.meters;
  return [
    ...differences(await meteredRows(database), truth),
    ...energyHourlyDifferences(
      await storedRows(database),
      truth.filter(({ meter }) => meter === followed?.assetId),
    ),
  ];
}

/** Two tries without an outcome are forgiven, the third is the one that leads in. */
function guardProblems({ passwordPosts }: Simulator): string[] {
  return passwordPosts <= 3 ? [] : [`${passwordPosts} password posts`];
}

/** A draft that was left by a program that died stands in nobody's way; what has a name must be whole. */
function draftsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      try {
        JSON.parse(readFileSync(join(folder, name), "utf8"));
        return [];
      } catch {
        return [`${name} is not whole`];
      }
    });
}

/** Kills a program that keeps its own database, at any time from its first start to its end. */
export async function killOnEmbedded(count: number, random: () => number): Promise<Kills<EmbeddedStage>> {
  const outcome: Kills<EmbeddedStage> = { kills: new Map(), problems: [], slowestRecoveryMs: 0 };
  for (let done = 0, lives = 0; done < count && lives < count; lives += 1) {
    const simulator = await startSimulator(simulated());
    const directory = workingDirectory();
    const settings = loadSettings(simulator);
    try {
      const kills = Math.min(EMBEDDED_STAGES.length, count - done);
      for (const stage of EMBEDDED_STAGES.slice(0, kills)) {
        const at = await killInStage(stage, settings, directory.path, random);
        if (at === undefined) continue;
        outcome.kills.set(at, (outcome.kills.get(at) ?? 0) + 1);
        done += 1;
      }
      const from = performance.now();
      const { exitCode, stderr } = await startProgram(["start", "--once"], settings, directory.path).ended;
      outcome.slowestRecoveryMs = Math.max(outcome.slowestRecoveryMs, performance.now() - from);
      if (exitCode !== 0) outcome.problems.push(`after a kill it ended with ${exitCode}: ${stderr}`);
      outcome.problems.push(...(await embeddedProblems(simulator, directory.path)));
    } finally {
      await simulator.stop();
      directory.remove();
    }
  }
  return outcome;
}

/** A random time after what tells that it is there, and what it was at then; undefined where it was through before. */
async function killInStage(
  stage: EmbeddedStage,
  settings: Record<string, string>,
  folder: string,
  random: () => number,
): Promise<EmbeddedStage | undefined> {
  const program = startProgram(["start", "--once"], settings, folder);
  const has = { isUp: false, isLoaded: false };
  const isMade = () => existsSync(join(folder, "state", "postgres"));
  const isUp = program.says("PostgreSQL is up").then(() => {
    has.isUp = true;
  });
  const isLoaded = program.says('"unpublished"').then(() => {
    has.isLoaded = true;
  });
  // Where it dies before, nobody may be listening yet.
  void Promise.allSettled([isUp, isLoaded]);
  const begins = {
    "making its database": () => program.says("state is kept"),
    "starting its server": async () => {
      for (let looks = 0; looks < 2000 && !isMade(); looks += 1) await delay(10);
    },
    running: () => isUp,
    stopping: () => isLoaded,
  };
  await begins[stage]();
  const longestMs = { "making its database": 2000, "starting its server": 500, running: 800, stopping: 500 }[stage];
  const { child, ended } = program;
  await Promise.race([delay(random() * longestMs), ended]);
  child.kill("SIGKILL");
  const at = has.isLoaded
    ? "stopping"
    : has.isUp
      ? "running"
      : isMade()
        ? "starting its server"
        : "making its database";
  await Promise.allSettled([isUp, isLoaded]);
  return (await ended).signal === "SIGKILL" ? at : undefined;
}

async function embeddedProblems(simulator: Simulator, folder: string): Promise<string[]> {
  const state = join(folder, "state");
  const left = processesOn(folder);
  const half = readdirSync(state).filter((name) => name.includes(".new-"));
  const database = new Database({ kind: "embedded", directory: join(state, "postgres") }, silentLogger);
  try {
    await database.start();
    const [, port, , , password] = readFileSync(join(state, "postgres", "pgpass"), "utf8")
      .trim()
      .split(":");
    const client = new pg.Client({
      host: "127.0.0.1",
      port: Number(port),
      user: "caruna",
      password,
      database: "energy",
    });
    await client.connect();
    try {
      const query = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
      return [
        ...left.map((process) => `left running: ${process}`),
        ...half.map((name) => `left half made: ${name}`),
        ...(await tableDifferences(simulator, { query })),
        ...guardProblems(simulator),
        ...draftsIn(state),
      ];
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
  }
}

/** Processes that work in a folder, or were told of it. */
export function processesOn(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((id) => {
      try {
        const command = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const works = readlinkSync(`/proc/${id}/cwd`);
        return command !== "" && `${command} ${works}`.includes(folder) ? [`${id} ${command}`] : [];
      } catch {
        return [];
      }
    });
}
