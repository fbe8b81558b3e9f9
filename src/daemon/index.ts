export { type ClockOptions, runOnTheClock } from "./clock.js";
export { Ending, type EndingOptions } from "./ending.js";
export { ailment, type Health, writeHealth } from "./health.js";
export { isInForeground } from "./key-press.js";
