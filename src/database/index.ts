export { Database } from "./database.js";
export type { DayOfYear } from "./days-of-year.js";
export type { EnergyHour, HourChange, StoredHour, UpsertCounts, UpsertResult } from "./energy-hourly.js";
export {
  DatabaseAddressInvalid,
  DatabaseEncryptionFailed,
  DatabaseError,
  DatabaseFailed,
  DatabaseHoursHidden,
  DatabaseLoginRejected,
  DatabaseMissing,
  DatabaseRightsMissing,
  DatabaseTableUnsuitable,
  DatabaseUnreachable,
  EmbeddedServerFailed,
} from "./errors.js";
export type { Followed } from "./follow.js";
export type { FollowedDifference } from "./followed-differences.js";
export { HistoryStore } from "./history-store.js";
export { type HourValues, isChangedBy, type MeteredHourValues } from "./hour-values.js";
export type { DatabaseInspection } from "./inspect.js";
export { type Lease, type LeaseHeld, LeaseLost } from "./lease.js";
export type { MeteredHourChange, StoredMeteredHour } from "./metering-point-hourly.js";
export type { KnownMeteringPoint, SeenMeteringPoint, StoredEnds } from "./metering-points.js";
export type { DueQuery, PeriodQuery, PeriodRow, PeriodSpan, StoredSumRow } from "./periods.js";
export type { SeriesQuery, SeriesRow, SeriesStep } from "./series.js";
export {
  type DatabaseSettings,
  type EmbeddedSettings,
  parseDatabaseUrl,
  type ServerSettings,
  SSL_MODES,
  type SslMode,
  type UrlSettings,
} from "./settings.js";
export type { Gap, MeteringPointStatus } from "./status.js";
export type { Batch, HoursToStore, StoreResult } from "./store-readings.js";
export { SyncStore } from "./sync-store.js";
