export type { OverviewProblem } from "./api.js";
export { type ClientEvent, Metrics } from "./metrics.js";
export { type Cycles, PageData, type PageDataOptions } from "./page-data.js";
export { type WebLimits, WebServer, WebServerFailed, type WebServerOptions } from "./server.js";
