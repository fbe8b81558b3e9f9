/**
 * What the parts of the program log to: a subset of pino's logger, handed in by whoever builds them, so that the library
 * works with any logger and a test can listen.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Logs nothing; the default of the library. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
