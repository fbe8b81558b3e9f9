export { type ClockOptions, runOnTheClock } from "./clock.js";
export { ElapsedTime, LONGEST_LOOK_MS } from "./elapsed-time.js";
export { Ending, type EndingOptions } from "./ending.js";
export { ailment, type Health, writeHealth } from "./health.js";
export { isInForeground } from "./key-press.js";
export { type Uptime, uptime } from "./uptime.js";
