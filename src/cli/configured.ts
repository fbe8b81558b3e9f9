import { App, type Configuration, type LookBackProgress, loadConfiguration } from "../app.js";
import type { Logger } from "../logger.js";
import { createLogger } from "./logging.js";
import { StatusLine } from "./status-line.js";
import { version } from "./version.js";

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
  const statusLine = new StatusLine(process.stderr, configuration.logFormat !== "json");
  const logger = statusLine.before(createLogger(configuration));
  for (const warning of configuration.warnings) logger.warn({}, warning);
  const onLookBack = (progress: LookBackProgress) => statusLine.show(progress);
  return {
    app: new App({ configuration, logger, keyboard: process.stdin, onLookBack, version: version() }),
    logger,
  };
}
