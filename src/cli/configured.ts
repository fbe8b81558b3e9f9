import { App, type Configuration, type LookBackProgress, loadConfiguration } from "../app/index.js";
import { onShutdownSignal } from "../shared/hangup.js";
import type { Logger } from "../shared/logger.js";
import { version } from "../shared/version.js";
import { Interrupted } from "./interrupted.js";
import { createLogger } from "./logging.js";
import { StatusLine } from "./status-line.js";

/**
 * The settings of this process. Throws `ConfigurationError`; where other settings are wrong too, a missing account is
 * listed with them unless the command can do without.
 */
export function configuration({ needsAccount = true }: { needsAccount?: boolean } = {}): Configuration {
  return loadConfiguration({ environment: process.env, workingDirectory: process.cwd(), needsAccount });
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

/**
 * The program for a command that shows what it asks for: ordinary news are none here (LOG_LEVEL=debug tells them), and a
 * key does not end it, since what is typed is for the next command.
 */
export function askingApp(): App {
  const settings = configuration();
  const logger = quietLogger(settings);
  for (const warning of settings.warnings) logger.warn({}, warning);
  return new App({ configuration: settings, logger, keyboard: undefined, version: version() });
}

/** A log of what is odd alone: that the embedded database starts and stops is no news beside a result. */
export function quietLogger({ logLevel, logFormat }: Configuration): Logger {
  return createLogger({ logLevel: logLevel === "info" ? "warn" : logLevel, logFormat });
}

/** Aborted when the system asks the program to end. */
export function untilSignal(): AbortSignal {
  const controller = new AbortController();
  // A second signal ends it as the system does.
  const release = onShutdownSignal(() => {
    release();
    controller.abort(new Interrupted("ended by a signal"));
  });
  return controller.signal;
}
