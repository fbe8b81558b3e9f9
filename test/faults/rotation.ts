import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { inject } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, type Running, startProgram, workingDirectory } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { processesOn, tableDifferences } from "./kills.js";

/** What came of a rotation of faults. */
export interface Rotation {
  /** How often each fault was made, and the longest time to a good cycle after it was over, milliseconds. */
  readonly faults: Map<string, { times: number; slowestRecoveryMs: number }>;
  readonly problems: string[];
  readonly passwordPosts: number;
  /** How often the tables were compared with what Caruna+ shows. */
  readonly comparisons: number;
}

const INSTANCES = 3;
const FAULT_MS = 2_000;
const MOST_RECOVERY_MS = 240_000;

/** Lets a few instances run on one database in real time, with one fault after another, until a time is over. */
export async function liveThroughFaults(minutes: number, random: () => number): Promise<Rotation> {
  const [startDate = ""] = lastDates(Date.now(), 2);
  const simulator = await startSimulator({ publishHour: 0, meters: [{ startDate }, { startDate }] });
  const database = await createDatabase();
  const directories = Array.from({ length: INSTANCES }, () => workingDirectory());
  const rotation = new FaultRotation(
    simulator,
    database,
    directories.map(({ path }) => path),
    random,
  );
  try {
    return await rotation.live(performance.now() + minutes * 60_000);
  } finally {
    await rotation.end();
    await simulator.stop();
    await database.drop();
    for (const directory of directories) directory.remove();
  }
}

class FaultRotation {
  readonly #simulator: Simulator;
  readonly #database: TestDatabase;
  readonly #folders: readonly string[];
  readonly #random: () => number;
  readonly #programs: (Running | undefined)[] = [];
  readonly #problems: string[] = [];
  #revisions = 0;

  constructor(simulator: Simulator, database: TestDatabase, folders: readonly string[], random: () => number) {
    this.#simulator = simulator;
    this.#database = database;
    this.#folders = folders;
    this.#random = random;
  }

  async live(untilMs: number): Promise<Rotation> {
    const faults: Rotation["faults"] = new Map();
    let comparisons = 0;
    for (const index of this.#folders.keys()) this.#start(index);
    await this.#awaitTruth("the start");
    while (performance.now() < untilMs && this.#problems.length === 0) {
      for (const [name, make] of Object.entries(this.#faults)) {
        await make();
        this.#reviseAnHour();
        await this.#makeDue();
        const from = performance.now();
        await this.#awaitTruth(name);
        comparisons += 1;
        const known = faults.get(name) ?? { times: 0, slowestRecoveryMs: 0 };
        const slowestRecoveryMs = Math.max(known.slowestRecoveryMs, Math.round(performance.now() - from));
        faults.set(name, { times: known.times + 1, slowestRecoveryMs });
        if (performance.now() >= untilMs || this.#problems.length > 0) break;
      }
    }
    await this.#stopAll();
    const sessions = await this.#database.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    if (sessions.length > 0) this.#problems.push(`${sessions.length} connections are left`);
    this.#problems.push(...this.#folders.flatMap(processesOn).map((process) => `left running: ${process}`));
    return { faults, problems: this.#problems, comparisons, passwordPosts: this.#simulator.passwordPosts };
  }

  async end(): Promise<void> {
    for (const program of this.#programs) {
      program?.child.kill("SIGKILL");
      await program?.ended;
    }
  }

  get #faults(): Record<string, () => Promise<void>> {
    return {
      "an instance killed": () => this.#killOne(),
      "all instances killed": async () => {
        for (const index of this.#folders.keys()) await this.#restart(index, "SIGKILL");
      },
      "an instance ended by SIGTERM": () => this.#restart(this.#any(), "SIGTERM"),
      "an instance stopped for a while": async () => {
        const program = this.#programs[this.#any()];
        program?.child.kill("SIGSTOP");
        await this.#makeDue();
        await delay(FAULT_MS);
        program?.child.kill("SIGCONT");
      },
      "database connections cut": async () => {
        await this.#cutConnections();
      },
      "database away": async () => {
        await this.#asAdministrator(`ALTER DATABASE ${this.#database.settings.database} ALLOW_CONNECTIONS false`);
        await this.#cutConnections();
        await this.#makeDue().catch(() => {});
        await delay(FAULT_MS);
        await this.#asAdministrator(`ALTER DATABASE ${this.#database.settings.database} ALLOW_CONNECTIONS true`);
      },
      "Caruna+ in maintenance": async () => {
        this.#simulator.set({ maintenance: 503 });
        this.#simulator.expireTokens();
        await this.#makeDue();
        await delay(FAULT_MS);
        this.#simulator.set({ maintenance: false });
      },
      "Caruna+ cuts connections": async () => {
        this.#simulator.answerNext({ answer: "disconnect", times: 6 });
        await this.#makeDue();
        await delay(FAULT_MS);
      },
      "tokens refused": async () => this.#simulator.expireTokens(),
      "sessions forgotten": async () => {
        this.#simulator.forgetSessions();
        this.#simulator.expireTokens();
      },
    };
  }

  #start(index: number): void {
    const folder = this.#folders[index] ?? "";
    const [followed] = this.#simulator.household.meters;
    const settings = {
      ...accountSettings(this.#simulator),
      ...databaseSettings(this.#database),
      ...{ BACKFILL: "none", DAYS_TO_LOAD: "3", JOB_INTERVAL: "1", METERING_POINT: followed?.assetId ?? "" },
    };
    this.#programs[index] = startProgram(["start"], settings, folder);
  }

  #any(): number {
    return Math.floor(this.#random() * this.#folders.length);
  }

  async #killOne(): Promise<void> {
    await this.#restart(this.#any(), "SIGKILL");
  }

  async #restart(index: number, signal: NodeJS.Signals): Promise<void> {
    const program = this.#programs[index];
    program?.child.kill(signal);
    const ended = await program?.ended;
    if (signal === "SIGTERM" && ended?.exitCode !== 0)
      this.#problems.push(`SIGTERM ended it with ${ended?.exitCode}: ${ended?.stderr.slice(-500)}`);
    this.#start(index);
  }

  async #stopAll(): Promise<void> {
    for (const program of this.#programs) {
      program?.child.kill("SIGTERM");
      const ended = await program?.ended;
      if (ended?.exitCode !== 0) this.#problems.push(`at the end: ${ended?.exitCode} ${ended?.stderr.slice(-500)}`);
    }
  }

  /** So that each round has something to bring: another value for an hour, and its day due. */
  #reviseAnHour(): void {
    const { household } = this.#simulator;
    const [meter] = household.meters;
    const [date = ""] = lastDates(Date.now(), 1);
    const hours = meter === undefined ? [] : household.truthOfDay(meter.assetId, date);
    const hour = hours[Math.floor(this.#random() * hours.length)];
    this.#revisions += 1;
    if (meter !== undefined && hour !== undefined)
      household.revise(meter.assetId, hour.startEpochMs, hour.kwhTotal + this.#revisions / 100);
  }

  /** A good cycle may be an hour away otherwise. */
  async #makeDue(): Promise<void> {
    await this.#database.query(
      "UPDATE metering_point_period SET next_ask_at = now() - interval '1 day' WHERE span = 'day'",
    );
    // A program that was killed, or is stopped, would keep the others waiting for minutes.
    await this.#database.query("UPDATE writer_lease SET expires_at = least(expires_at, now() + interval '5 s')");
  }

  async #awaitTruth(after: string): Promise<void> {
    const until = performance.now() + MOST_RECOVERY_MS;
    for (let looks = 0; ; looks += 1) {
      const differences = await tableDifferences(this.#simulator, this.#database).catch((error: unknown) => [
        String(error),
      ]);
      if (differences.length === 0) return;
      if (performance.now() > until) {
        const logs = await Promise.all(this.#programs.map(async (program) => await lastWordsOf(program)));
        this.#problems.push(`after ${after}: ${differences.slice(0, 3).join("; ")}\n${logs.join("\n")}`);
        return;
      }
      // What failed is asked for again after a pause of its own; the test does not wait for that.
      if (looks % 20 === 19) await this.#makeDue();
      await delay(250);
    }
  }

  async #cutConnections(): Promise<void> {
    await this.#asAdministrator(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name <> ''",
      [this.#database.settings.kind === "server" ? this.#database.settings.database : ""],
    );
  }

  async #asAdministrator(text: string, values?: string[]): Promise<void> {
    const { host, port, user, password } = inject("postgresServer");
    const client = new pg.Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    try {
      await client.query(text, values);
    } finally {
      await client.end();
    }
  }
}

async function lastWordsOf(program: Running | undefined): Promise<string> {
  if (program === undefined) return "";
  const closed = once(program.child, "close");
  program.child.kill("SIGTERM");
  await Promise.race([closed, delay(10_000)]);
  program.child.kill("SIGKILL");
  return (await program.ended).stderr.slice(-1500);
}
