import { CredentialsRejected, type LoginPause, LoginPaused, memorySessionStore } from "../caruna/index.js";
import { type Account, type Configuration, prepareStateDirectory } from "../config/index.js";
import { Database } from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { type ListedMeteringPoint, Listing, NoMeteringPoint } from "../sync/index.js";
import { carunaClient, databaseSettings, keptSession, loginGuard } from "./state.js";

/** What came of an account that a person has just typed in. */
export type TriedAccount =
  /** With its metering points, one at least. */
  | { readonly kind: "accepted"; readonly listed: readonly ListedMeteringPoint[] }
  /** With Caruna's own words, where it gave some, and what the password itself shows of a possible cause. */
  | { readonly kind: "rejected"; readonly reason: string | undefined; readonly hint: string | undefined }
  /** The login is paused, and Caruna+ was not asked. */
  | { readonly kind: "paused"; readonly pause: LoginPause; readonly hint: string | undefined };

/** Tries accounts before they are kept. The login guard records every password that is posted, and may pause the login. */
export class AccountTrial {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  readonly #database: Database;
  #sessions = memorySessionStore();

  constructor(configuration: Configuration, logger: Logger) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#database = new Database(databaseSettings(configuration), logger);
  }

  /**
   * Logs in with this account, and lists the metering points that the settings let it load. Throws what the client and
   * the database throw, `NoMeteringPoint`, or the signal's reason.
   *
   * @param force even while the login is paused: the person knows, and wants it.
   */
  async try(account: Account, force: boolean, signal: AbortSignal): Promise<TriedAccount> {
    const { customers } = this.#configuration.caruna;
    prepareStateDirectory(this.#configuration.stateDir);
    await this.#database.check(signal);
    this.#sessions = memorySessionStore();
    const caruna = carunaClient(this.#configuration, account, {
      ...{ sessionStore: this.#sessions, logger: this.#logger },
      guard: loginGuard(this.#database, this.#configuration, account, Date.now),
      // A person waits: what fails now may be told now.
      retries: 1,
    });
    try {
      if (force) await caruna.logIn({ signal, force });
      const listed = await new Listing(caruna, customers, this.#logger).read(signal);
      if (listed.length === 0) throw new NoMeteringPoint();
      return { kind: "accepted", listed };
    } catch (error) {
      if (error instanceof CredentialsRejected) return { kind: "rejected", reason: error.reason, hint: error.hint };
      if (error instanceof LoginPaused) return { kind: "paused", pause: error.pause, hint: error.hint };
      throw error;
    } finally {
      caruna.close();
    }
  }

  /** Keeps the session of the account that was tried last, so that the program need not log in again. */
  async keepSession(): Promise<void> {
    const session = await this.#sessions.load();
    if (session !== undefined) await keptSession(this.#configuration, this.#logger).save(session);
  }

  /** Stops the embedded database, if it runs. */
  async stop(): Promise<void> {
    await this.#database.stop();
  }
}
