import { setTimeout as delay } from "node:timers/promises";
import type { Temporal } from "temporal-polyfill";
import { type CarunaClient, type LoginGuard, LoginPaused } from "../caruna/index.js";
import { type Configuration, prepareStateDirectory, requireAccount } from "../config/index.js";
import { type ClockOptions, ElapsedTime, Ending, LONGEST_LOOK_MS, runOnTheClock } from "../daemon/index.js";
import { AccountIdentity, Database } from "../database/index.js";
import { type Amounts, amountsOf, localDay } from "../energy/index.js";
import { EXIT_CODES } from "../shared/exit-codes.js";
import type { Logger } from "../shared/logger.js";
import {
  chosenMeteringPoint,
  Engine,
  isFixable,
  LookBackMeter,
  type LookBackProgress,
  SomeFailed,
  type Verification,
  Verifier,
  type VerifyChoice,
} from "../sync/index.js";
import type { Metrics } from "../web/index.js";
import { type CycleHalf, CycleHealth } from "./cycle-health.js";
import { type EnergyShown, type EnergyWish, latest, MOST_REQUESTS_SHOWN, requestsFor, TooMuchAsked } from "./energy.js";
import { causeOf, exitCodeOf, isExpected, messageOf, nextStepOf } from "./exit-codes.js";
import { FailedCycles } from "./failed-cycles.js";
import { carunaClient, databaseSettings, healthFile, keptSession, loginGuard } from "./state.js";

/** Longest time from the wish to end to the end, in milliseconds; a service manager is told 5 s. */
const ENDING_TIMEOUT_MS = 4_500;

/** The look back asks so often at the most, so that years of days are no burden to Caruna+: 4 requests a second. */
const HISTORY_PACE_MS = 250;

/** The clocks of the machine, and waiting. */
export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** Milliseconds; never set by anybody. */
  readonly monotonicNow: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const REAL_CLOCKS: Clocks = {
  wallNow: Date.now,
  monotonicNow: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
};

export interface AppOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** The keyboard that ends the daemon; undefined where no key shall. */
  readonly keyboard: NodeJS.ReadStream | undefined;
  /** Told how far looking back has come, while it goes on. */
  readonly onLookBack?: (progress: LookBackProgress) => void;
  /** Of this program, for the page. */
  readonly version: string;
  /** By default those of the machine. */
  readonly clocks?: Clocks;
}

/** What `verify` has found. */
export interface VerifyReport {
  readonly found: Verification;
  /** After the days that differ were loaded again; undefined where nothing was to be loaded. */
  readonly fixed: { readonly days: number; readonly left: Verification } | undefined;
}

/** The program, wired. */
export class App {
  readonly #options: AppOptions;
  readonly #database: Database;
  readonly #caruna: CarunaClient;
  readonly #account: AccountIdentity;
  readonly #engine: Engine;
  readonly #guard: ReturnType<Database["loginGuard"]>;
  readonly #clocks: Clocks;
  readonly #time: ElapsedTime;
  #lookBack: LookBackMeter;
  readonly #health: CycleHealth;
  /** While the page is served. */
  #metrics: Metrics | undefined;

  /** Throws `ConfigurationError` where the account is not set or the state directory cannot be written. */
  constructor(options: AppOptions) {
    const { configuration, logger } = options;
    const account = requireAccount(configuration);
    prepareStateDirectory(configuration.stateDir);
    logger.info({}, `state is kept in ${configuration.stateDir}`);
    const { baseUrl, requestsAtOnce } = configuration.caruna;
    this.#options = options;
    this.#clocks = options.clocks ?? REAL_CLOCKS;
    const { wallNow: now, sleep } = this.#clocks;
    this.#time = new ElapsedTime(this.#clocks);
    this.#lookBack = new LookBackMeter(now);
    this.#database = new Database(databaseSettings(configuration), logger);
    this.#guard = loginGuard(this.#database, configuration, account, now);
    const { jobIntervalSeconds } = configuration;
    this.#health = new CycleHealth({
      ...{ file: healthFile(configuration), jobIntervalSeconds, now, time: this.#time, logger },
    });
    const guard = startedFirst(this.#database, this.#guard);
    const sessionStore = keptSession(configuration, logger);
    this.#caruna = carunaClient(configuration, account, {
      ...{ requestsAtOnce, sessionStore, guard, logger, now, sleep },
      onEvent: (event) => this.#metrics?.onClientEvent(event),
    });
    this.#account = new AccountIdentity(baseUrl, account.username);
    this.#engine = this.#engineFor(configuration.backfill, HISTORY_PACE_MS);
  }

  #engineFor(backfill: Configuration["backfill"], historyPaceMs: number): Engine {
    const { configuration, logger, onLookBack } = this.#options;
    const { meteringPoint, customers } = configuration.caruna;
    const { daysToLoad, askFromMinutes } = configuration;
    return new Engine({
      ...{ caruna: this.#caruna, account: this.#account, database: this.#database, meteringPoint, customers, logger },
      plan: { daysToLoad, askFromMinutes, backfill },
      now: this.#clocks.wallNow,
      sleep: this.#clocks.sleep,
      historyPaceMs,
      onRound: async (round) => {
        const progress = this.#lookBack.after(round);
        if (progress !== undefined) onLookBack?.(progress);
        this.#metrics?.onStored(round.stored);
        await this.#health.progress();
      },
    });
  }

  /** Cycles until a key or a signal ends it. A failed cycle is logged, and the next comes on time. Returns the exit code. */
  async runUntilEnded(): Promise<number> {
    const { configuration, logger } = this.#options;
    const failed = new FailedCycles({ logger, time: this.#time, pausedUntil: () => this.#caruna.pausedUntilEpochMs });
    const clock: ClockOptions = {
      intervalSeconds: configuration.jobIntervalSeconds,
      time: this.#time,
      sleep: this.#clocks.sleep,
      retryAfterMs: (error) => failed.retryAfterMs(error, this.#clocks.wallNow()),
      onFailure: (error, nextInMs) => failed.log(error, nextInMs),
      onRecovery: (count) => failed.end(count),
      onWait: (milliseconds) => this.#health.waits(milliseconds),
    };
    return await this.#untilEnded(
      async (signal) => {
        const closePage = await this.#openPage();
        // While a cycle takes its time, nobody else looks at the clocks.
        const look = setInterval(() => this.#time.awakeMs, LONGEST_LOOK_MS);
        try {
          await runOnTheClock((running) => this.#cycle(["due", "backfill"], running), clock, signal);
        } finally {
          clearInterval(look);
          await closePage();
        }
      },
      { onListening: () => logger.info({}, "press any key to end") },
    );
  }

  /** One cycle. Returns the exit code. */
  async runOnce(): Promise<number> {
    return await this.#untilEnded(async (signal) => void (await this.#cycle(["due"], signal)));
  }

  /** Loads those local days. Returns the exit code. */
  async load(days: readonly Temporal.PlainDate[]): Promise<number> {
    return await this.#untilEnded(async (signal) => void (await this.#engine.load(days, signal)));
  }

  /**
   * Looks back until nothing is left, as fast as Caruna+ answers: to `from`, or as far as the settings say; where those
   * say not at all, to the beginning. Returns the exit code.
   */
  async backfill(from: Temporal.PlainDate | undefined): Promise<number> {
    const { backfill } = this.#options.configuration;
    const engine = this.#engineFor(from ?? (backfill === "none" ? "all" : backfill), 0);
    this.#lookBack = new LookBackMeter(this.#clocks.wallNow);
    return await this.#untilEnded(async (signal) => void (await engine.lookBack(signal)));
  }

  /**
   * Compares what is stored with what Caruna+ shows; with `fix` loads the days that differ, and compares them once more.
   * What was found is reported at the end. Returns the exit code; that of a comparison which was ended early is not 0, and
   * that Caruna+ contradicts itself is no difference.
   */
  async verify(choice: VerifyChoice, fix: boolean, report: (report: VerifyReport) => void): Promise<number> {
    const { caruna: settings, daysToLoad, askFromMinutes, backfill } = this.#options.configuration;
    const verifier = new Verifier({
      ...{ caruna: this.#caruna, database: this.#database, customers: settings.customers },
      plan: { daysToLoad, askFromMinutes, backfill },
      now: this.#clocks.wallNow,
      logger: this.#options.logger,
    });
    const task = async (signal: AbortSignal) => {
      const found = await verifier.verify(choice, signal);
      const days = (fix ? found.differences.filter(isFixable) : []).map(({ meteringPointId, startsOn }) => {
        return { meteringPointId, day: startsOn };
      });
      if (days.length > 0) await this.#engine.loadDays(days, signal);
      const left = days.length > 0 ? await verifier.verifyAgain(found.differences, signal) : found;
      report({ found, fixed: days.length > 0 ? { days: days.length, left } : undefined });
      return left.differences.length === 0 ? EXIT_CODES.done : EXIT_CODES.differs;
    };
    return await this.#untilEnded(task, { exitCodeWhenEnded: EXIT_CODES.other });
  }

  /**
   * Has `energy_hourly` mirror the metering point of the settings from now on, and keeps its rows of before in a table of
   * their own. What was done is reported in plain words. Returns the exit code.
   */
  async switchMeteringPoint(report: (sentence: string) => void): Promise<number> {
    return await this.#untilEnded(async (signal) => {
      const switched = await this.#engine.switchMeteringPoint(signal);
      if (switched === undefined) {
        report("energy_hourly mirrors that metering point already; nothing was changed.");
        return EXIT_CODES.done;
      }
      const { meteringPointId, keptIn, kept, written } = switched;
      const rows =
        keptIn === null ? "It was empty before." : `Its ${kept} rows of before are in the table ${keptIn} now.`;
      report(
        `energy_hourly mirrors metering point ${meteringPointId}: ${written} stored hours were copied there. ${rows}`,
      );
      return EXIT_CODES.done;
    });
  }

  /**
   * Logs in with the password now, and keeps the session. What came of it is told in plain words. Returns the exit code.
   *
   * @param options.force even while the login is paused.
   * @param options.onPaused told that it is paused, and nothing was posted.
   */
  async logIn(options: LogInOptions, tell: (sentence: string) => void): Promise<number> {
    const task = async (signal: AbortSignal) => {
      await this.#database.check(signal);
      await this.#caruna.logIn({ signal, force: options.force });
      tell("Caruna+ accepted the user name and the password. The session is kept; the next cycles load again.");
      return EXIT_CODES.done;
    };
    const onFailure = (error: unknown) => {
      if (error instanceof LoginPaused) options.onPaused?.();
      if (!isExpected(error)) this.#options.logger.error(causeOf(error), messageOf(error));
      tell(messageOf(error));
    };
    return await this.#untilEnded(task, { onFailure });
  }

  /**
   * Asks Caruna+ for something that is only to be shown. While the kept session is good the database is not touched; a
   * login begins with it, since it remembers rejected passwords. Throws what `task` throws; returns the exit code.
   */
  async ask(task: (caruna: CarunaClient, signal: AbortSignal) => Promise<void>): Promise<number> {
    const onFailure = (error: unknown) => {
      throw error;
    };
    const asked = async (signal: AbortSignal) => {
      await task(this.#caruna, signal);
      return EXIT_CODES.done;
    };
    return await this.#untilEnded(asked, { onFailure, exitCodeWhenEnded: EXIT_CODES.other });
  }

  /**
   * Asks Caruna+ for the energy of a metering point and shows it. Throws `MeteringPointNotChosen`, `TooMuchAsked` and the
   * client's errors; returns the exit code.
   */
  async energy(wish: EnergyWish, show: (energy: EnergyShown) => void): Promise<number> {
    const { configuration, logger } = this.#options;
    const { from, resolution } = wish;
    const to = wish.to ?? latest(from, localDay(this.#clocks.wallNow()).subtract({ days: 1 }));
    const requests = requestsFor({ from, to, resolution });
    if (requests > MOST_REQUESTS_SHOWN) throw new TooMuchAsked(requests, resolution);
    return await this.ask(async (caruna, signal) => {
      const points = (await caruna.meteringPoints({ signal })).map((point) => {
        return { ...point, id: point.assetId, product: point.productDescription };
      });
      const meteringPoint = chosenMeteringPoint(points, {
        wanted: wish.meteringPoint ?? configuration.caruna.meteringPoint,
        namedBy: wish.meteringPoint === undefined ? "METERING_POINT" : "--metering-point",
      });
      const rows = caruna.energy({ meteringPoint, from, to, resolution, signal });
      const energy: Amounts[] = [];
      const onProblem = (problem: string) => logger.warn({ problem }, "a part of the answer was not understood");
      for await (const amounts of amountsOf(rows, resolution, onProblem)) energy.push(amounts);
      show({ meteringPoint: meteringPoint.assetId, resolution, energy });
    });
  }

  /**
   * What is due goes first; the backfill takes the time until the next cycle. A half that fails ends the cycle, unless only some
   * of its requests failed: what one metering point is refused must not keep the others from their backfill.
   */
  async #cycle(halves: readonly CycleHalf[], signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    let dueMs: number | undefined;
    let succeeded = false;
    let someFailed: SomeFailed | undefined;
    this.#health.begin();
    try {
      for (const half of halves) {
        try {
          await this.#half(half, signal);
        } catch (error) {
          if (!(error instanceof SomeFailed)) throw error;
          someFailed ??= error;
        }
        dueMs ??= performance.now() - startedAt;
      }
      if (someFailed !== undefined) throw someFailed;
      succeeded = true;
    } finally {
      const milliseconds = dueMs ?? performance.now() - startedAt;
      if (!signal.aborted) this.#metrics?.onCycle({ milliseconds, succeeded });
    }
  }

  async #half(half: CycleHalf, signal: AbortSignal): Promise<void> {
    if (half === "backfill") this.#lookBack = new LookBackMeter(this.#clocks.wallNow);
    try {
      await this.#engine.cycle({ withHistory: half === "backfill" }, signal);
      await this.#health.end(half, undefined);
    } catch (error) {
      if (!signal.aborted) await this.#health.end(half, { message: messageOf(error), nextStep: nextStepOf(error) });
      throw error;
    }
  }

  /** Serves the page where one is wanted. Without it loading goes on all the same. Returns what ends it. */
  async #openPage(): Promise<() => Promise<void>> {
    const { configuration, logger, version } = this.#options;
    const { host, port, token } = configuration.http;
    if (port === 0) return async () => {};
    // The other commands need not wait for what only the page needs.
    const { Metrics, PageData, WebServer, WebServerFailed } = await import("../web/index.js");
    const metrics = new Metrics();
    const told = { cycles: () => this.#health.cycles, now: this.#clocks.wallNow };
    const data = new PageData({ database: this.#database, guard: this.#guard, version, ...told });
    const server = new WebServer({ host, port, token, data, metrics, logger, ...told });
    try {
      const { url } = await server.start();
      this.#metrics = metrics;
      this.#health.servedAt(url, metrics);
      const hint = token === undefined ? "" : " (the first time with ?token= and the value of HTTP_TOKEN at its end)";
      logger.info({}, `look at your hours at ${url}${hint}`);
    } catch (error) {
      const cause = error instanceof WebServerFailed ? {} : causeOf(error);
      logger.warn(cause, `${messageOf(error)} Loading goes on without it.`);
    }
    return () => server.stop();
  }

  /** Runs a task that a key or a signal may end, releases everything after it in reverse order, and tells the exit code. */
  async #untilEnded(
    task: (signal: AbortSignal) => Promise<number | undefined>,
    { onFailure, onListening = () => {}, exitCodeWhenEnded = EXIT_CODES.done }: UntilEndedOptions = {},
  ): Promise<number> {
    const { keyboard, logger } = this.#options;
    const onTimeout = () => {
      logger.warn({}, "something did not end in time; leaving all the same");
      ending.stop();
      process.exit(exitCodeWhenEnded);
    };
    const ending = new Ending({ keyboard, onListening, logger, onTimeout, timeoutMs: ENDING_TIMEOUT_MS });
    ending.start();
    try {
      return (await task(ending.signal)) ?? EXIT_CODES.done;
    } catch (error) {
      if (ending.signal.aborted) return exitCodeWhenEnded;
      if (onFailure === undefined) logger.error(causeOf(error), messageOf(error));
      else onFailure(error);
      return exitCodeOf(error);
    } finally {
      this.#caruna.close();
      await this.#database.stop();
      ending.stop();
    }
  }
}

export interface LogInOptions {
  readonly force: boolean;
  readonly onPaused?: () => void;
}

interface UntilEndedOptions {
  /** Called when a key would end the task. */
  readonly onListening?: () => void;
  /** Told of an error that ended the task, which it may throw on; by default it is logged. */
  readonly onFailure?: (error: unknown) => void;
  /** Where a key or a signal ended the task; by default that is as good as done. */
  readonly exitCodeWhenEnded?: number;
}

/** A guard that makes sure of the database before it looks at what is remembered; no password is posted without it. */
function startedFirst(database: Database, guard: LoginGuard): LoginGuard {
  return {
    check: async (signal) => {
      await database.check(signal);
      return await guard.check(signal);
    },
    begin: (signal, force) => guard.begin(signal, force),
    needsBrowser: async (signal) => (await guard.needsBrowser?.(signal)) ?? false,
  };
}
