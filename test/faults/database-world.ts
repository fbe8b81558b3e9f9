import pg from "pg";
import { expect } from "vitest";
import { CarunaClient } from "../../src/caruna/index.js";
import { AccountIdentity, Database, type DatabaseSettings, type ServerSettings } from "../../src/database/index.js";
import type { Logger } from "../../src/shared/logger.js";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { type CycleResult, Engine } from "../../src/sync/index.js";
import { at, DAY_MS, type Said } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

/** The engine as a running program has it, login guard included. */
export interface FaultyProgram {
  readonly database: Database;
  readonly said: readonly Said[];
  /** What is due, with the look back. */
  cycle(signal?: AbortSignal): Promise<CycleResult>;
  stop(): Promise<void>;
}

/** What a test may do after each round of requests. */
type OnRound = () => Promise<void>;

/** One Caruna+, one clock, and programs on a database that is to fail. */
export class DatabaseWorld {
  readonly simulator: Simulator;
  /** Told of every wait of a program. */
  onSleep: () => Promise<void> = async () => {};
  onRound: OnRound = async () => {};
  readonly #clock: { nowEpochMs: number };
  readonly #programs: FaultyProgram[] = [];

  private constructor(simulator: Simulator, clock: { nowEpochMs: number }) {
    this.simulator = simulator;
    this.#clock = clock;
  }

  /** Yesterday is published at midnight; the contract began nine days ago, so that there is a little history. */
  static async create(startsAt = "2026-11-20T10:10"): Promise<DatabaseWorld> {
    const clock = { nowEpochMs: at(startsAt) };
    const startDate = new Date(clock.nowEpochMs - 9 * DAY_MS).toISOString().slice(0, 10);
    const simulator = await startSimulator({
      publishHour: 0,
      meters: [{ startDate }],
      now: () => clock.nowEpochMs,
    });
    return new DatabaseWorld(simulator, clock);
  }

  get nowEpochMs(): number {
    return this.#clock.nowEpochMs;
  }
  set nowEpochMs(epochMs: number) {
    this.#clock.nowEpochMs = epochMs;
  }

  /** Builds a program; its first cycle reaches the database. Its logins take longer where they are guarded. */
  program(settings: DatabaseSettings, { isGuarded = false } = {}): FaultyProgram {
    const program = buildProgram(this, settings, isGuarded);
    this.#programs.push(program);
    return program;
  }

  /** Every table tells what Caruna+ shows now, no hour twice. */
  async expectTruth(database: { query(text: string): Promise<Record<string, unknown>[]> }): Promise<void> {
    expect(differences(await meteredRows(database), publishedRows(this.simulator, this.nowEpochMs))).toEqual([]);
    const columns = ["kwh_total", "kwh_day", "kwh_night", "kwh_night_winter", "tariff"];
    const of = (table: string) => columns.map((column) => `${table}.${column}`).join(", ");
    const others = await database.query(
      `SELECT datetime FROM energy_hourly AS one FULL JOIN metering_point_hourly AS other USING (datetime)
       WHERE (${of("one")}) IS DISTINCT FROM (${of("other")})`,
    );
    expect(others).toEqual([]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    await this.simulator.stop();
  }
}

function buildProgram(world: DatabaseWorld, settings: DatabaseSettings, isGuarded: boolean): FaultyProgram {
  const said: Said[] = [];
  const log = (level: Said["level"]) => (fields: object, message: string) => void said.push({ level, fields, message });
  const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const now = () => world.nowEpochMs;
  const sleep = async (_: number, signal: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve));
    await world.onSleep();
    signal.throwIfAborted();
  };
  const database = new Database(settings, logger);
  const account = { username: "demo@example.com", password: "demo", baseUrl: world.simulator.plusUrl };
  const caruna = new CarunaClient({
    ...account,
    allowedHosts: [new URL(world.simulator.authUrl).host],
    ...(isGuarded ? { guard: database.loginGuard([account.baseUrl, account.username, account.password], now) } : {}),
    ...{ now, sleep, logger },
  });
  const engine = new Engine({
    account: new AccountIdentity(account.baseUrl, account.username),
    ...{ caruna, database, logger, now, sleep, meteringPoint: undefined, customers: "all", historyPaceMs: 0 },
    onRound: () => world.onRound(),
    plan: { daysToLoad: 7, askFromMinutes: 480, backfill: "all" },
  });
  return {
    database,
    said,
    cycle: (signal = new AbortController().signal) => engine.cycle({ withHistory: true }, signal),
    async stop() {
      caruna.close();
      await database.stop();
    },
  };
}

/** Runs SQL as an administrator would, on a server that may be anywhere. */
export async function queryOn(settings: ServerSettings, text: string): Promise<Record<string, unknown>[]> {
  const { host, port, user, password, database, sslmode } = settings;
  const ssl = sslmode === "require" && { rejectUnauthorized: false };
  const client = new pg.Client({ host, port, user, password, database, ssl });
  // A server that is stopped ends it in its own way.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A session of somebody else's that stays in a transaction until it is ended. */
export async function openSession(
  settings: ServerSettings,
  text: string,
): Promise<{ pid: number; end(): Promise<void> }> {
  const { host, port, user, password, database } = settings;
  const client = new pg.Client({ host, port, user, password, database, application_name: "psql" });
  // It may be ended by an administrator.
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  await client.query(`BEGIN; ${text}`);
  return { pid: rows[0]?.pid ?? 0, end: () => client.end() };
}

/** Resolves when no connection of a program is left; the server needs a moment to see that one is gone. */
export async function allConnectionsGone(settings: ServerSettings): Promise<void> {
  const text = `SELECT pid FROM pg_stat_activity WHERE application_name = 'caruna-integration' AND datname = '${settings.database}'`;
  while ((await queryOn(settings, text)).length > 0);
}

/** The message of the error that a cycle ends with. */
export async function failureOf(cycle: Promise<unknown>): Promise<string> {
  return await cycle.then(
    () => "none",
    (error: unknown) => String(error),
  );
}
