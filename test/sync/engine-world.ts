import { CarunaClient, type CarunaClientOptions } from "../../src/caruna/index.js";
import { AccountIdentity, Database, type ServerSettings } from "../../src/database/index.js";
import type { Logger } from "../../src/shared/logger.js";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../src/simulator/index.js";
import {
  type CycleResult,
  Engine,
  type EngineOptions,
  SomeFailed,
  type Verification,
  Verifier,
  type VerifyChoice,
} from "../../src/sync/index.js";
import { createMigratedDatabase, type TestDatabase } from "../support/postgres.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** What the program said. */
export interface Said {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

/** What a test may change of the engine. */
export type ProgramOptions = Partial<
  Pick<EngineOptions, "customers" | "historyPaceMs" | "meteringPoint" | "onRound" | "sleep"> & {
    readonly plan: Partial<EngineOptions["plan"]>;
    /** How it reaches the database, where that is not the usual way. */
    readonly settings: ServerSettings;
    /** How long and how much one request to Caruna+ may take. */
    readonly limits: CarunaClientOptions["limits"];
    /** How the client waits before it tries again; by default not at all. */
    readonly carunaSleep: NonNullable<CarunaClientOptions["sleep"]>;
    readonly retries: number;
    readonly requestsAtOnce: number;
    /** Whether the login guard of the database is asked, as the program does; logins then take longer. */
    readonly isGuarded: boolean;
    /** Tells accounts apart; by default it is one and the same, whatever the address of the simulator. */
    readonly username: string;
  }
>;

/** The engine with its client and its connections, as one running program has them. */
export interface Program {
  readonly engine: Engine;
  readonly database: Database;
  readonly said: readonly Said[];
  /** What a cycle of the daemon does: what is due first, then the look back. */
  cycle(): Promise<CycleResult>;
  /** What `sync` does, as a scheduler starts it: an engine that remembers nothing, and what is due alone. */
  sync(): Promise<CycleResult>;
  /** Compares everything, or what is chosen, with Caruna+, and writes nothing. */
  verify(choice?: VerifyChoice): Promise<Verification>;
  /** Forgets what it has said. */
  forget(): void;
  stop(): Promise<void>;
}

/** A Caruna+ and a database with one clock, and the programs that are run on them. */
export class EngineWorld {
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  /** By how much the program's clock is wrong. */
  clockOffsetMs = 0;
  readonly #clock: { nowEpochMs: number };
  readonly #programs: Program[] = [];
  readonly #later: Simulator[] = [];

  private constructor(simulator: Simulator, database: TestDatabase, clock: { nowEpochMs: number }) {
    this.simulator = simulator;
    this.database = database;
    this.#clock = clock;
  }

  /** What the clock on the wall shows, to Caruna+ and, but for the offset, to the program. */
  get nowEpochMs(): number {
    return this.#clock.nowEpochMs;
  }
  set nowEpochMs(epochMs: number) {
    this.#clock.nowEpochMs = epochMs;
  }

  /** On a migrated database, or on another one. */
  static async create(startsAt: string, options: SimulatorOptions = {}, database?: TestDatabase): Promise<EngineWorld> {
    const clock = { nowEpochMs: at(startsAt) };
    const simulator = await startSimulator({ ...options, now: () => clock.nowEpochMs });
    return new EngineWorld(simulator, database ?? (await createMigratedDatabase()), clock);
  }

  /** Caruna+ as it is on a later day, on the world's clock: with other metering points, say. Ends with the world. */
  async later(options: SimulatorOptions): Promise<Simulator> {
    const simulator = await startSimulator({ ...options, now: () => this.nowEpochMs });
    this.#later.push(simulator);
    return simulator;
  }

  /** Starts a program. Another Caruna+ than the world's own may be named. */
  async start(options: ProgramOptions = {}, simulator = this.simulator): Promise<Program> {
    const program = await startProgram(this, options, simulator);
    this.#programs.push(program);
    return program;
  }

  /** Cycles every hour until an instant, now and then included. Returns how many requests came in. */
  async hourly(program: Pick<Program, "cycle">, untilEpochMs: number, stepMs = HOUR_MS): Promise<number> {
    const before = this.simulator.requests.length;
    for (; this.nowEpochMs < untilEpochMs; this.nowEpochMs += stepMs) await program.cycle();
    this.nowEpochMs = untilEpochMs;
    await program.cycle();
    return this.simulator.requests.length - before;
  }

  /** Requests to the API since a number of requests, without those that only log in. */
  apiPathsSince(requests: number): string[] {
    return this.simulator.requests
      .slice(requests)
      .filter(({ path }) => path.startsWith("/api/customers/"))
      .map(({ path, kind }) => kind ?? path);
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    await Promise.all([this.simulator, ...this.#later].map((simulator) => simulator.stop()));
    await this.database.drop();
  }
}

/** The error of a cycle; undefined where it was good. */
export async function problemOf(program: Pick<Program, "cycle">): Promise<Error | undefined> {
  try {
    await program.cycle();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** An instant by the wall clock in Finland, e.g. `at("2026-11-23T08:00")`. */
export function at(wallTime: string): number {
  const utc = Date.parse(`${wallTime}Z`);
  const shown = (epochMs: number) => helsinki.format(epochMs).replace(" ", "T");
  return [utc - 2 * HOUR_MS, utc - 3 * HOUR_MS].find((epochMs) => shown(epochMs) === wallTime) ?? utc - 2 * HOUR_MS;
}

const helsinki = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Europe/Helsinki",
  dateStyle: "short",
  timeStyle: "short",
});

/** Never sleeps: lets whatever else is under way go on. */
const noSleep = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    setImmediate(() => (signal.aborted ? reject(signal.reason) : resolve()));
  });

async function startProgram(world: EngineWorld, options: ProgramOptions, simulator: Simulator): Promise<Program> {
  const said: Said[] = [];
  const logger = loggerTo(said);
  const now = () => world.nowEpochMs + world.clockOffsetMs;
  const {
    plan,
    limits,
    settings = world.database.settings,
    isGuarded = false,
    carunaSleep = noSleep,
    retries,
    requestsAtOnce,
    username = "demo@example.com",
    ...rest
  } = options;
  const database = new Database(settings, logger);
  await database.start();
  const account = { username: "demo@example.com", password: "demo", baseUrl: simulator.plusUrl };
  const caruna = new CarunaClient({
    ...account,
    allowedHosts: [new URL(simulator.authUrl).host],
    ...(isGuarded && { guard: database.loginGuard([account.baseUrl, account.username, account.password], now) }),
    ...{ now, limits, sleep: carunaSleep, retries, requestsAtOnce, logger },
  });
  const shared = {
    ...{ caruna, database, logger, now },
    customers: "all",
    plan: { daysToLoad: 7, askFromMinutes: 480, backfill: "all", ...plan },
  } as const;
  // One for all engines: to find an account by its digest takes a while, on purpose.
  const identity = new AccountIdentity("https://plus.example.com", username);
  const newEngine = () =>
    new Engine({
      account: identity,
      ...{ ...shared, sleep: noSleep, meteringPoint: undefined, historyPaceMs: 0 },
      onRound: async () => {},
      ...rest,
    });
  const engine = newEngine();
  const { signal } = new AbortController();
  return {
    engine,
    database,
    said,
    async cycle() {
      const first = await engine.cycle({ withHistory: false }, signal).catch(unlessSomeFailed);
      const second = await engine.cycle({ withHistory: true }, signal);
      if (first instanceof SomeFailed) throw first;
      return sum(first, second);
    },
    async sync() {
      return await newEngine().cycle({ withHistory: false }, signal);
    },
    async verify(choice = {}) {
      return await new Verifier({ ...shared, ...rest }).verify(choice, signal);
    },
    forget() {
      said.length = 0;
    },
    async stop() {
      caruna.close();
      await database.stop();
    },
  };
}

/** Where only some requests failed, the daemon goes on with the backfill. */
function unlessSomeFailed(error: unknown): SomeFailed {
  if (error instanceof SomeFailed) return error;
  throw error;
}

function sum(one: CycleResult, other: CycleResult): CycleResult {
  return {
    days: one.days + other.days,
    months: one.months + other.months,
    years: one.years + other.years,
    inserted: one.inserted + other.inserted,
    changed: one.changed + other.changed,
    unchanged: one.unchanged + other.unchanged,
    unpublished: one.unpublished + other.unpublished,
  };
}

function loggerTo(said: Said[]): Logger {
  const log = (level: Said["level"]) => (fields: object, message: string) => void said.push({ level, fields, message });
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}
