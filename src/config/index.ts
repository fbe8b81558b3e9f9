export type {
  CarunaConfiguration,
  Configuration,
  DatabaseConfiguration,
  HttpConfiguration,
  LogFormat,
  LogLevel,
  SslMode,
} from "./configuration.js";
export { ConfigurationError, type ConfigurationProblem } from "./configuration-error.js";
export {
  type AnsweredSettings,
  accountInEnvironment,
  type EnvPlaces,
  envFileOf,
  type WrittenSettings,
  writeSettings,
} from "./files/env-writer.js";
export { type LoadOptions, loadConfiguration } from "./load.js";
export { type Account, requireAccount } from "./require-account.js";
export { prepareStateDirectory } from "./state-directory.js";
