import { afterEach, beforeEach } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../src/simulator/index.js";
import { runCommand } from "./command.js";
import { createMigratedDatabase, type TestDatabase } from "./postgres.js";
import { accountSettings, databaseSettings, type Ended, workingDirectory } from "./program.js";

/** What a test of the whole program needs: a Caruna+, a database and a working directory, new for every test. */
export interface World {
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  /** The working directory. */
  readonly folder: string;
  /** The settings that lead the program to this Caruna+ and this database. */
  readonly settings: Record<string, string>;
  /** Asset id of the first metering point. */
  readonly meter: string;
  /** One cycle, with these settings changed or added. */
  once(changes?: Record<string, string>): Promise<Ended>;
}

/**
 * Makes a world for each test of the file. Hours are published at midnight, so that yesterday is complete at any time.
 * Its database has the program's tables already, unless `createDatabase` makes another.
 */
export function newWorlds(
  options: SimulatorOptions = {},
  createDatabase: () => Promise<TestDatabase> = createMigratedDatabase,
): World {
  let simulator: Simulator;
  let database: TestDatabase;
  let directory: ReturnType<typeof workingDirectory>;
  beforeEach(async () => {
    simulator = await startSimulator({ publishHour: 0, ...options });
    database = await createDatabase();
    directory = workingDirectory();
  });
  afterEach(async () => {
    await simulator.stop();
    await database.drop();
    directory.remove();
  });
  return {
    get simulator() {
      return simulator;
    },
    get database() {
      return database;
    },
    get folder() {
      return directory.path;
    },
    get settings() {
      return { ...accountSettings(simulator), ...databaseSettings(database) };
    },
    get meter() {
      return simulator.household.meters[0]?.assetId ?? "";
    },
    once(changes = {}) {
      return runCommand(["start", "--once"], { ...this.settings, ...changes }, this.folder);
    },
  };
}
