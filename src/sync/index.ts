export type { HourDifference } from "../database/index.js";
export { type CycleResult, type EngineOptions, SomeFailed } from "./cycle.js";
export { type DayOfPoint, Engine } from "./engine.js";
export { LookBackMeter, type LookBackProgress } from "./plan/look-back.js";
export { chosenMeteringPoint, MeteringPointNotChosen } from "./points/chosen-metering-point.js";
export { type ListedMeteringPoint, Listing } from "./points/listing.js";
export {
  isNamed,
  listed,
  MeteringPointDiffers,
  MeteringPointNotFound,
  NoMeteringPoint,
  namedMeteringPoint,
} from "./points/metering-point.js";
export { type DayRange, NothingToVerify, type Verification, Verifier, type VerifyChoice } from "./verify/verify.js";
export {
  type Contradiction,
  type Counts,
  type Difference,
  isFixable,
  summedUp,
} from "./verify/verify-compare.js";
