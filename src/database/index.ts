export { ABANDONED_AFTER_MS, AccountIdentity, type KnownAccount, type KnownAccounts } from "./accounts.js";
export type { BackupManifest } from "./backup/manifest.js";
export { BackupUnreadable, checkBackup } from "./backup/read.js";
export type { RowBatch } from "./connection/connection-pool.js";
export {
  DatabaseEncryptionFailed,
  DatabaseError,
  DatabaseFailed,
  DatabaseHoursHidden,
  DatabaseLoginRejected,
  DatabaseMissing,
  DatabaseNewer,
  DatabaseRightsMissing,
  DatabaseTableUnsuitable,
  DatabaseUnreachable,
  EmbeddedServerFailed,
} from "./connection/errors.js";
export {
  type DatabaseSettings,
  type EmbeddedSettings,
  type ServerSettings,
  SSL_MODES,
  type SslMode,
} from "./connection/settings.js";
export { Database } from "./database.js";
export { dataVersion, upgradedDirectory } from "./embedded/data.js";
export { findServerPrograms } from "./embedded/programs.js";
export { EmbeddedServer } from "./embedded/server.js";
export { discardUpgrade, fetchPrograms, replaceData } from "./embedded/upgrade.js";
export type { ForgetContent, ForgetRequest, ForgottenAccount, PointContent } from "./forget.js";
export { HistoryStore } from "./history-store.js";
export type { DayOfYear } from "./hours/days-of-year.js";
export type { StoredHour } from "./hours/energy-hourly.js";
export type { Followed, Mirrored } from "./hours/follow.js";
export type { FollowedDifference } from "./hours/followed-differences.js";
export type {
  HourDifference,
  HourValues,
  MeteredHourChange,
  MeteredHourValues,
  StoredMeteredHour,
  UpsertCounts,
} from "./hours/metering-point-hourly.js";
export type { SeriesQuery, SeriesRow, SeriesStep } from "./hours/series.js";
export type { Batch, HoursToStore, StoreResult } from "./hours/store-readings.js";
export type { Switched } from "./hours/switch.js";
export { identify } from "./identity.js";
export { DatabaseInUse, type Lease, type LeaseHeld, LeaseLost } from "./lease.js";
export type { LoginPause } from "./login-guard.js";
export {
  isLoadedByAnother,
  type KnownMeteringPoint,
  type SeenMeteringPoint,
  type StoredEnds,
} from "./metering-points.js";
export { type MovedHouse, movedHouse } from "./moved-house.js";
export type { DaySum, DueQuery, PeriodQuery, PeriodRow, PeriodSpan, StoredSumRow } from "./periods.js";
export { QueryRefused, type Relation } from "./query.js";
export { type AccessRefusalRow, describeRefusal } from "./refusals.js";
export { type DatabaseInspection, ORIGINALS_LAST_TABLE } from "./schema/inspect.js";
export type { Gap, MeteringPointStatus } from "./status.js";
export type { StorageFacts, StoragePlace } from "./storage.js";
export { SyncStore } from "./sync-store.js";
