import { type CallOptions, CarunaClient, type CarunaClientOptions, type EnergyQuery } from "../src/caruna/index.js";
import { AccountIdentity, Database, type ServerSettings } from "../src/database/index.js";
import { silentLogger } from "../src/shared/logger.js";
import { Engine } from "../src/sync/index.js";
import { ACCOUNT, type SimulatorAddresses } from "./simulator.js";

const NEVER = new AbortController().signal;

/** A client that remembers what it was asked for. */
class RecordingClient extends CarunaClient {
  readonly asked: EnergyQuery[] = [];

  override async energyAnswer(query: EnergyQuery, options?: CallOptions) {
    this.asked.push(query);
    return await super.energyAnswer(query, options);
  }
}

/** Client, database and engine, wired as the program wires them, but for the clock, and with no pause in the look back. */
export class Ours {
  readonly caruna: RecordingClient;
  readonly database: Database;
  readonly #engine: Engine;

  constructor({ plusUrl, authUrl }: SimulatorAddresses, server: ServerSettings, now: () => number = Date.now) {
    const logger = silentLogger;
    this.database = new Database(server, logger);
    const guard = this.database.loginGuard([plusUrl, ACCOUNT.username, ACCOUNT.password], now);
    const hosts: Pick<CarunaClientOptions, "baseUrl" | "allowedHosts"> = {
      baseUrl: plusUrl,
      allowedHosts: [new URL(authUrl).host],
    };
    this.caruna = new RecordingClient({ ...ACCOUNT, ...hosts, guard, logger, now });
    this.#engine = new Engine({
      account: new AccountIdentity(plusUrl, ACCOUNT.username),
      ...{ caruna: this.caruna, database: this.database, meteringPoint: undefined, customers: "all", logger, now },
      plan: { daysToLoad: 7, askFromMinutes: 8 * 60, backfill: "all" },
      sleep: async () => {
        throw new Error("nothing that is measured waits for another program");
      },
      historyPaceMs: 0,
      onRound: async () => {},
    });
  }

  /** What is due now; with the look back too where it is asked for. */
  async cycle(withHistory = false): Promise<void> {
    await this.#engine.cycle({ withHistory }, NEVER);
  }

  /** As the daemon does it every hour: what is due first, then the look back, if any is left. */
  async hour(): Promise<void> {
    await this.cycle();
    await this.cycle(true);
  }

  async end(): Promise<void> {
    this.caruna.close();
    await this.database.stop();
  }
}
