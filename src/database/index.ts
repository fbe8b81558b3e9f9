export { Database } from "./database.js";
export type { HourChange, HourValues, StoredHour, UpsertCounts, UpsertResult } from "./energy-hourly.js";
export {
  DatabaseAddressInvalid,
  DatabaseEncryptionFailed,
  DatabaseError,
  DatabaseFailed,
  DatabaseLoginRejected,
  DatabaseMissing,
  DatabaseRightsMissing,
  DatabaseTableUnsuitable,
  DatabaseUnreachable,
  EmbeddedServerFailed,
} from "./errors.js";
export {
  type DatabaseSettings,
  type EmbeddedSettings,
  parseDatabaseUrl,
  type ServerSettings,
  SSL_MODES,
  type SslMode,
  type UrlSettings,
} from "./settings.js";
