export { chosenMeteringPoint, MeteringPointNotChosen } from "./chosen-metering-point.js";
export { type CycleResult, type DayOfPoint, Engine, type EngineOptions, SomeFailed } from "./engine.js";
export { type ListedMeteringPoint, Listing } from "./listing.js";
export { LookBackMeter, type LookBackProgress } from "./look-back.js";
export { listed, MeteringPointNotFound, NoMeteringPoint, namedMeteringPoint } from "./metering-point.js";
export { type DayRange, NothingToVerify, type Verification, Verifier } from "./verify.js";
export {
  type Contradiction,
  type Counts,
  type Difference,
  type HourDifference,
  isMendable,
  summedUp,
} from "./verify-compare.js";
