export { type CycleResult, Engine, type EngineOptions, SomeFailed } from "./engine.js";
export { listed, MeteringPointNotFound, NoMeteringPoint } from "./metering-point.js";
