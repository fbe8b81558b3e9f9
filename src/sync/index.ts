export { listed, MeteringPointNotFound, NoMeteringPoint } from "./metering-point.js";
export { DaysFailed, Sync, type SyncOptions, type SyncResult } from "./sync.js";
