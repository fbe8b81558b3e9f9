import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { z } from "zod";
import { type MeterOptions, type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createMigratedDatabase, type TestDatabase } from "../support/postgres.js";
import { type Row, storedRows } from "../support/truth.js";
import { DAY_MS, HOUR_MS } from "./engine-world.js";
import { differences, type MeteredRow, meteredRows, publishedRows } from "./truth.js";

export interface YearOptions {
  /** The same seed makes the same year, but for the instant within a cycle at which a program dies. */
  readonly seed: number;
  readonly startEpochMs: number;
  /** How long it is: a year, or a part of one. */
  readonly days: number;
  readonly meters: readonly MeterOptions[];
  readonly kills: number;
  readonly databaseAbsences: number;
  /** The shortest and the longest time between two cycles. */
  readonly stepHours: readonly [number, number];
}

/** What became of a year. */
export interface YearOutcome {
  /** Where the tables are not what Caruna+ shows. */
  readonly differences: readonly string[];
  readonly hours: number;
  readonly revised: number;
  readonly late: number;
  /** Each of them cut a cycle off. */
  readonly kills: number;
  readonly cycles: number;
  /** Names of the errors that cycles ended with, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Cycles that failed although everything was in order. */
  readonly unexplained: readonly string[];
}

/** What the program tells of a cycle. */
const OUTCOME = z.object({
  error: z.object({ name: z.string(), message: z.string() }).optional(),
  verified: z.array(z.string()).optional(),
});

/** Every year has its day of the week, days are read again at two weeks, and what was late came within five days. */
const QUIET_DAYS = 16;
const AWAY_DAYS = 21;

interface Fault {
  readonly fromEpochMs: number;
  readonly toEpochMs: number;
}
interface Revision {
  readonly meter: string;
  readonly hourEpochMs: number;
  readonly atEpochMs: number;
  readonly moreKwh: number;
}
interface Delay extends Fault {
  readonly meter: string;
  readonly hours: readonly number[];
}

/** Lives through a year of hours that come late or are revised, of absences, clock changes and sudden deaths. */
export async function liveThroughAYear(options: YearOptions): Promise<YearOutcome> {
  const clock = { nowEpochMs: options.startEpochMs };
  let answers = 0;
  let onAnswer = (_: number) => {};
  const now = () => {
    onAnswer(++answers);
    return clock.nowEpochMs;
  };
  // A token of a week: to log in anew for every cycle is another test's matter, and takes its time.
  const simulator = await startSimulator({ meters: options.meters, now, tokenLifetimeSeconds: 7 * 24 * 3600 });
  const database = await createMigratedDatabase();
  const year = new Year(options, simulator, database, clock);
  onAnswer = (count) => year.onAnswer(count);
  try {
    return await year.live();
  } finally {
    await year.end();
    await simulator.stop();
    await database.drop();
  }
}

class Year {
  readonly #options: YearOptions;
  readonly #simulator: Simulator;
  readonly #database: TestDatabase;
  readonly #clock: { nowEpochMs: number };
  readonly #random: () => number;
  readonly #endEpochMs: number;
  readonly #revisions: readonly Revision[];
  readonly #delays: readonly Delay[];
  readonly #carunaAway: readonly Fault[];
  readonly #databaseAway: readonly Fault[];
  readonly #killsAt: number[];
  #revised = 0;
  #child: ChildProcess | undefined;
  /** The program dies when it was answered so often. */
  #killAtAnswer = Number.POSITIVE_INFINITY;
  #answers = 0;
  #isCarunaAway = false;
  #isDatabaseAway = false;

  constructor(options: YearOptions, simulator: Simulator, database: TestDatabase, clock: { nowEpochMs: number }) {
    this.#options = options;
    this.#simulator = simulator;
    this.#database = database;
    this.#clock = clock;
    this.#random = seededRandom(options.seed);
    this.#endEpochMs = options.startEpochMs + options.days * DAY_MS;
    this.#revisions = this.#planRevisions();
    this.#delays = this.#planDelays();
    this.#carunaAway = [this.#fault(AWAY_DAYS * DAY_MS), this.#fault(2 * DAY_MS), this.#fault(DAY_MS)];
    this.#databaseAway = Array.from({ length: options.databaseAbsences }, () =>
      this.#fault(this.#between(0.3, 4) * DAY_MS),
    );
    this.#killsAt = Array.from({ length: options.kills }, () => this.#someTime()).sort((one, other) => other - one);
  }

  async live(): Promise<YearOutcome> {
    const failures: Record<string, number> = {};
    const unexplained: string[] = [];
    let cycles = 0;
    let kills = 0;
    this.#answerByTheState();
    const end = this.#endEpochMs + QUIET_DAYS * DAY_MS;
    const { startEpochMs, stepHours } = this.#options;
    for (let time = startEpochMs; time < end; time += this.#stepMs(time, stepHours)) {
      await this.#letTimePass(time);
      const isToDie = (this.#killsAt.at(-1) ?? Number.POSITIVE_INFINITY) <= time;
      const error = await this.#cycle(isToDie);
      cycles += 1;
      if (error === undefined) continue;
      failures[error.name] = (failures[error.name] ?? 0) + 1;
      if (error.name === "Killed") {
        // A cycle that was over too soon leaves the kill to the next one.
        this.#killsAt.pop();
        kills += 1;
      }
      // A request that failed while Caruna+ was away says so, and no cycle after it.
      const isExplained = error.name === "Killed" || this.#isCarunaAway || this.#isDatabaseAway;
      if (!isExplained) unexplained.push(`${new Date(time).toISOString()} ${error.name}: ${error.message}`);
    }
    return {
      differences: await this.#differences(),
      hours: (await meteredRows(this.#database)).length,
      revised: this.#revised,
      late: this.#delays.reduce((count, { hours }) => count + hours.length, 0),
      ...{ kills, cycles, failures, unexplained },
    };
  }

  async end(): Promise<void> {
    await this.#kill();
  }

  onAnswer(count: number): void {
    this.#answers = count;
    // The next statement of the program, or the one after.
    if (count === this.#killAtAnswer) setTimeout(() => this.#child?.kill("SIGKILL"), this.#between(0, 12));
  }

  /** In the quiet at the end every step is long; a cycle comes at any hour of the day. */
  #stepMs(time: number, [shortest, longest]: readonly [number, number]): number {
    return time > this.#endEpochMs ? longest * HOUR_MS : Math.round(this.#between(shortest, longest) * HOUR_MS);
  }

  async #letTimePass(time: number): Promise<void> {
    const { household } = this.#simulator;
    const before = this.#clock.nowEpochMs;
    this.#clock.nowEpochMs = time;
    household.release();
    for (const { meter, hours, toEpochMs } of this.#delays) if (toEpochMs > time) household.withhold(meter, hours);
    for (const { meter, hourEpochMs, atEpochMs, moreKwh } of this.#revisions) {
      if (atEpochMs <= before || atEpochMs > time) continue;
      this.#revised += 1;
      household.revise(meter, hourEpochMs, household.truthOfHour(meter, hourEpochMs).kwhTotal + moreKwh);
    }
    this.#isCarunaAway = isWithinAny(time, this.#carunaAway);
    const isAway = isWithinAny(time, this.#databaseAway);
    if (isAway !== this.#isDatabaseAway) await this.#setDatabaseAway(isAway);
    this.#isDatabaseAway = isAway;
  }

  /** One interception for as long as the year lasts: whether it matches goes by the state of the world. */
  #answerByTheState(): void {
    const isAway = () => this.#isCarunaAway;
    this.#simulator.answerNext({
      get pathIncludes() {
        return isAway() ? "" : "no such path";
      },
      times: Number.POSITIVE_INFINITY,
      answer: "disconnect",
    });
  }

  async #cycle(isToDie: boolean): Promise<{ name: string; message: string } | undefined> {
    const child = this.#child ?? this.#start();
    this.#child = child;
    this.#killAtAnswer = isToDie ? this.#answers + Math.ceil(10 ** this.#between(0, 3.2)) : Number.POSITIVE_INFINITY;
    const heard = new AbortController();
    const ended = once(child, "exit", { signal: heard.signal }).then(([code, signal]) => ({
      error: { name: "Killed", message: `${code} ${signal}` },
    }));
    ended.catch(() => {});
    const answered = once(child, "message", { signal: heard.signal }).then(([message]) => OUTCOME.parse(message));
    answered.catch(() => {});
    child.send({ nowEpochMs: this.#clock.nowEpochMs });
    const { error } = await Promise.race([answered, ended]);
    heard.abort();
    this.#killAtAnswer = Number.POSITIVE_INFINITY;
    if (error?.name === "Killed" && !isToDie) throw new Error(`the program ended by itself (${error.message})`);
    if (error?.name === "Killed") this.#child = undefined;
    return error;
  }

  #start(): ChildProcess {
    const [followed] = this.#simulator.household.meters;
    const { plusUrl, authUrl } = this.#simulator;
    const parameters = {
      ...{ settings: this.#database.settings, plusUrl },
      authHost: new URL(authUrl).host,
      meteringPoint: followed?.assetId,
    };
    return fork(resolve(import.meta.dirname, "engine-process.mjs"), [JSON.stringify(parameters)], { execArgv: [] });
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Refuses new connections and cuts those that there are; or lets them in again. */
  async #setDatabaseAway(isAway: boolean): Promise<void> {
    const { host, port, user, password } = inject("postgresServer");
    const client = new pg.Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    const { database } = this.#database.settings;
    await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS ${!isAway}`);
    if (isAway)
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [database]);
    await client.end();
  }

  async #differences(): Promise<string[]> {
    const truth = publishedRows(this.#simulator, this.#clock.nowEpochMs);
    const [followed] = this.#simulator.household.meters;
    const ofFollowed = truth.filter(({ meter }) => meter === followed?.assetId);
    return [
      ...(await this.#verified()),
      ...differences(await meteredRows(this.#database), truth),
      ...energyHourlyDifferences(await storedRows(this.#database), ofFollowed),
    ];
  }

  /** What the program's own `verify` says of the same. */
  async #verified(): Promise<string[]> {
    const child = this.#child ?? this.#start();
    this.#child = child;
    const answered = once(child, "message");
    child.send({ nowEpochMs: this.#clock.nowEpochMs, verify: true });
    const [message] = await answered;
    return OUTCOME.parse(message).verified ?? ["verify gave no answer"];
  }

  /** 2 % of the hours become more within two months of theirs, so that no two revisions of a day cancel out. */
  #planRevisions(): Revision[] {
    return this.#hours(0.02).map(({ meter, hourEpochMs }) => ({
      ...{ meter, hourEpochMs },
      atEpochMs: Math.min(hourEpochMs + this.#between(0.5, 60) * DAY_MS, this.#endEpochMs),
      moreKwh: Math.ceil(this.#between(0, 300)) / 100,
    }));
  }

  /** Every tenth day some of the hours are late, by up to five days. */
  #planDelays(): Delay[] {
    const delays: Delay[] = [];
    for (const { assetId: meter } of this.#simulator.household.meters) {
      for (let day = this.#options.startEpochMs; day < this.#endEpochMs - 6 * DAY_MS; day += DAY_MS) {
        if (this.#random() > 0.1) continue;
        const first = Math.floor(day / HOUR_MS) * HOUR_MS;
        const count = Math.ceil(this.#between(0, 30));
        const hours = Array.from({ length: count }, (_, index) => first + index * HOUR_MS);
        const toEpochMs = first + this.#between(1.5, 6) * DAY_MS;
        delays.push({ meter, hours, fromEpochMs: first, toEpochMs });
      }
    }
    return delays;
  }

  #hours(share: number): { meter: string; hourEpochMs: number }[] {
    const first = Math.floor(this.#options.startEpochMs / HOUR_MS) * HOUR_MS;
    const chosen: { meter: string; hourEpochMs: number }[] = [];
    for (const { assetId: meter } of this.#simulator.household.meters) {
      for (let hourEpochMs = first; hourEpochMs < this.#endEpochMs - DAY_MS; hourEpochMs += HOUR_MS) {
        if (this.#random() < share) chosen.push({ meter, hourEpochMs });
      }
    }
    return chosen;
  }

  #fault(lengthMs: number): Fault {
    const fromEpochMs = this.#someTime();
    return { fromEpochMs, toEpochMs: fromEpochMs + lengthMs };
  }

  #someTime(): number {
    return this.#options.startEpochMs + this.#between(0, this.#options.days - AWAY_DAYS) * DAY_MS;
  }

  #between(least: number, most: number): number {
    return least + this.#random() * (most - least);
  }
}

function isWithinAny(time: number, faults: readonly Fault[]): boolean {
  return faults.some(({ fromEpochMs, toEpochMs }) => time >= fromEpochMs && time < toEpochMs);
}

/** What `energy_hourly` holds but for what it ought to; nothing where all is well. `truth`: of the metering point it follows. */
export function energyHourlyDifferences(stored: readonly Row[], truth: readonly MeteredRow[]): string[] {
  const shown = ({ epochMs, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff }: Row) =>
    JSON.stringify([epochMs, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff]);
  const there = new Set(stored.map(shown));
  const wanted = new Set(truth.map(shown));
  return [
    ...(there.size === stored.length ? [] : ["energy_hourly has rows twice"]),
    ...[...wanted].filter((row) => !there.has(row)).map((row) => `energy_hourly lacks ${row}`),
    ...[...there].filter((row) => !wanted.has(row)).map((row) => `energy_hourly has ${row} too much`),
  ];
}

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
