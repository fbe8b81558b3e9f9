export { lastPostInWords, nextStepOfPause, pauseInWords } from "../caruna/index.js";
export {
  type Account,
  type AnsweredSettings,
  accountInEnvironment,
  type Configuration,
  envFileOf,
  loadConfiguration,
  writeSettings,
} from "../config/index.js";
export { isInForeground } from "../daemon/index.js";
export { type ListedMeteringPoint, type LookBackProgress, namedMeteringPoint, summedUp } from "../sync/index.js";
export { AccountTrial, type TriedAccount } from "./account-trial.js";
export { App, type AppOptions, type Clocks, type VerifyReport } from "./app.js";
export { type BackedUp, backUp, type FoundBackup, inspectBackup, restore } from "./backup.js";
export { type Check, type Diagnosis, diagnose } from "./diagnosis.js";
export type { EnergyShown, EnergyWish } from "./energy.js";
export { exitCodeOf, isExpected, messageOf } from "./exit-codes.js";
export { type ExportFormat, exportHours } from "./export.js";
export { type ComesBack, type ForgetPlan, type ForgottenPoint, forget, type ToForget } from "./forget.js";
export { listTables, queryDatabase } from "./query.js";
export { askHealth, forgetSession, readStatus, type Status, type StatusOfPoint } from "./status.js";
export { type Storage, storageAsObject, storageInWords } from "./storage.js";
export { upgradeDatabase } from "./upgrade-database.js";
