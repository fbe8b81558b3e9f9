import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Temporal } from "temporal-polyfill";
import {
  CarunaClient,
  CarunaError,
  CredentialsRejected,
  fileSessionStore,
  SecondFactorRequired,
} from "./caruna/index.js";
import { type Configuration, ConfigurationError, prepareStateDirectory, requireAccount } from "./config/index.js";
import { ailment, Ending, runOnTheClock, writeHealth } from "./daemon/index.js";
import { Database, DatabaseError, type DatabaseSettings } from "./database/index.js";
import type { Logger } from "./logger.js";
import { DaysFailed, MeteringPointNotFound, NoMeteringPoint, Sync } from "./sync/index.js";

export { type Configuration, loadConfiguration } from "./config/index.js";

/** Longest time from the wish to end to the end, in milliseconds; a service manager is told 5 s. */
const ENDING_TIMEOUT_MS = 4_500;

/** A cycle that takes longer than this after it was due is overdue, in milliseconds. */
const LONGEST_CYCLE_MS = 15 * 60_000;

export interface AppOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** The keyboard that ends the daemon; undefined where no key shall. */
  readonly keyboard: NodeJS.ReadStream | undefined;
}

/** The program, wired. */
export class App {
  readonly #options: AppOptions;
  readonly #database: Database;
  readonly #caruna: CarunaClient;
  readonly #sync: Sync;

  /** Throws `ConfigurationError` where the account is not set or the state directory cannot be written. */
  constructor(options: AppOptions) {
    const { configuration, logger } = options;
    const account = requireAccount(configuration);
    prepareStateDirectory(configuration.stateDir);
    logger.info({}, `state is kept in ${configuration.stateDir}`);
    const { baseUrl, allowedHosts, meteringPoint } = configuration.caruna;
    const sessionStore = fileSessionStore(join(configuration.stateDir, "session.json"), logger);
    this.#options = options;
    this.#database = new Database(databaseSettings(configuration), logger);
    this.#caruna = new CarunaClient({ ...account, baseUrl, allowedHosts, sessionStore, logger });
    this.#sync = new Sync({
      caruna: this.#caruna,
      database: this.#database,
      meteringPoint,
      daysToLoad: configuration.daysToLoad,
      now: Date.now,
      logger,
    });
  }

  /** Cycles until a key or a signal ends it. A failed cycle is logged, and the next comes on time. Returns the exit code. */
  async runUntilEnded(): Promise<number> {
    const { configuration, logger } = this.#options;
    const clock = {
      intervalSeconds: configuration.jobIntervalSeconds,
      now: () => performance.now(),
      sleep: (milliseconds: number, signal: AbortSignal) => delay(milliseconds, undefined, { signal }),
      onFailure: (error: unknown) => logger.error(causeOf(error), `this cycle failed: ${messageOf(error)}`),
    };
    return await this.#untilEnded(async (signal) => {
      if (this.#options.keyboard?.isTTY) logger.info({}, "press any key to end");
      await runOnTheClock((running) => this.#cycle(running), clock, signal);
    });
  }

  /** One cycle. Returns the exit code. */
  async runOnce(): Promise<number> {
    return await this.#untilEnded((signal) => this.#cycle(signal));
  }

  /** Loads those local days. Returns the exit code. */
  async load(days: readonly Temporal.PlainDate[]): Promise<number> {
    return await this.#untilEnded(async (signal) => void (await this.#sync.load(days, signal)));
  }

  /** One cycle, whose end those who ask after the program's health are told. */
  async #cycle(signal: AbortSignal): Promise<void> {
    try {
      await this.#sync.cycle(signal);
      await this.#tellHealth(null);
    } catch (error) {
      if (!signal.aborted) await this.#tellHealth(messageOf(error));
      throw error;
    }
  }

  async #tellHealth(problem: string | null): Promise<void> {
    const { configuration, logger } = this.#options;
    const endedEpochMs = Date.now();
    const nextDueEpochMs = endedEpochMs + configuration.jobIntervalSeconds * 1000 + LONGEST_CYCLE_MS;
    await writeHealth(healthFile(configuration), { endedEpochMs, nextDueEpochMs, problem }).catch((error: unknown) => {
      logger.warn({ problem: messageOf(error) }, "the health of this cycle cannot be kept in the state directory");
    });
  }

  /** Runs a task that a key or a signal may end, releases everything after it in reverse order, and tells the exit code. */
  async #untilEnded(task: (signal: AbortSignal) => Promise<void>): Promise<number> {
    const { keyboard, logger } = this.#options;
    const onTimeout = () => {
      logger.warn({}, "something did not end in time; leaving all the same");
      ending.stop();
      process.exit(0);
    };
    const ending = new Ending({ keyboard, logger, onTimeout, timeoutMs: ENDING_TIMEOUT_MS });
    ending.start();
    try {
      await task(ending.signal);
      return EXIT_CODES.done;
    } catch (error) {
      if (ending.signal.aborted) return EXIT_CODES.done;
      logger.error(causeOf(error), messageOf(error));
      return exitCodeOf(error);
    } finally {
      this.#caruna.close();
      await this.#database.stop();
      ending.stop();
    }
  }
}

/** What ails the running program that these settings belong to, in one line; undefined where it is well. */
export async function askHealth(configuration: Configuration): Promise<string | undefined> {
  return await ailment(healthFile(configuration), Date.now());
}

function healthFile({ stateDir }: Configuration): string {
  return join(stateDir, "health.json");
}

function databaseSettings({ database, stateDir }: Configuration): DatabaseSettings {
  return database.kind === "embedded" ? { kind: "embedded", directory: join(stateDir, "postgres") } : database;
}

/** Exit codes, as `--help` tells them. */
export const EXIT_CODES = {
  done: 0,
  other: 1,
  configuration: 2,
  credentials: 3,
  caruna: 4,
  database: 5,
} as const;

/** The exit code that an error ends the program with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigurationError || error instanceof MeteringPointNotFound) return EXIT_CODES.configuration;
  if (error instanceof CredentialsRejected || error instanceof SecondFactorRequired) return EXIT_CODES.credentials;
  if (error instanceof CarunaError || error instanceof DaysFailed || error instanceof NoMeteringPoint)
    return EXIT_CODES.caruna;
  if (error instanceof DatabaseError) return EXIT_CODES.database;
  return EXIT_CODES.other;
}

/** True for errors whose message is meant for the user, so that no stack trace is of use. */
export function isExpected(error: unknown): boolean {
  return exitCodeOf(error) !== EXIT_CODES.other;
}

/** What a person reads of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a log keeps of an error beside its message: its name, and the stack of one that nobody foresaw. */
export function causeOf(error: unknown): object {
  if (!(error instanceof Error)) return {};
  return isExpected(error) ? { error: error.name } : { error: error.name, stack: error.stack };
}
