import { App, type Clocks, loadConfiguration } from "../../src/app/index.js";
import { atTheEnd, collectedLog } from "../support/caruna.js";
import type { World } from "../support/world.js";

/** The whole program, in the process of the test. */
export interface RunningApp {
  readonly log: ReturnType<typeof collectedLog>;
  /** Asks the program to end, as a service manager does. */
  signal(name?: "SIGTERM" | "SIGINT" | "SIGHUP"): void;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number>;
}

/** Starts the program, with clocks of the test's own where it has some; a test that fails leaves none behind. */
export function startApp(
  world: World,
  changes: Readonly<Record<string, string>> = {},
  clocks: { readonly clocks?: Clocks } = {},
): RunningApp {
  const log = collectedLog();
  const environment = { ...world.settings, HTTP_PORT: "0", ...changes };
  const configuration = loadConfiguration({ environment, workingDirectory: world.folder });
  const app = new App({ configuration, logger: log, keyboard: undefined, version: "1.2.3", ...clocks });
  const ended = app.runUntilEnded();
  // Node.js hands a signal to those who listen, and so does this.
  const signal = (name: NodeJS.Signals = "SIGTERM") => void process.emit(name, name);
  atTheEnd(async () => {
    signal();
    await ended;
  });
  return { log, signal, ended };
}
