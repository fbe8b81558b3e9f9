import type { Logger } from "pino";
import { App, type Configuration, loadConfiguration } from "../app.js";
import { createLogger } from "./logging.js";

/** The settings of this process. Throws `ConfigurationError`. */
export function configuration(): Configuration {
  return loadConfiguration({ environment: process.env, workingDirectory: process.cwd() });
}

/** The program as it is set up. Throws `ConfigurationError`. */
export function configuredApp(): App {
  return appOf(configuration()).app;
}

/** Opens the log, tells what is odd, and builds the program; a key of the terminal ends it. */
export function appOf(configuration: Configuration): { app: App; logger: Logger } {
  const logger = createLogger(configuration);
  for (const warning of configuration.warnings) logger.warn({}, warning);
  return { app: new App({ configuration, logger, keyboard: process.stdin }), logger };
}
