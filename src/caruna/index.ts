export type { EnergyAnswer } from "./api/answers.js";
export type { EnergyOptions, EnergyQuery, LocalDay, Resolution } from "./api/energy-rows.js";
export type { Contract, Customer, EnergyRow, MeteringPoint, Profile, Timespan } from "./api/types.js";
export { CARUNA_PLUS_URL, type CallOptions, CarunaClient, type CarunaClientOptions } from "./client.js";
export {
  AccessRefused,
  AnswerNotUnderstood,
  CarunaError,
  CarunaUnreachable,
  CredentialsRejected,
  HostNotAllowed,
  LoginChanged,
  LoginPaused,
  PersonNeeded,
  type PersonTask,
  RateLimited,
  SecondFactorRequired,
  TokenRefused,
} from "./errors.js";
export type { ClientEvent } from "./events.js";
export type { ProxySettings } from "./http/proxy.js";
export { type LoginAddressOptions, loginAddress, type Reached, reach } from "./http/reachability.js";
export type { Sleep, TransportLimits } from "./http/transport.js";
export { type BrowserOptions, type InstalledBrowser, installedBrowser } from "./login/browser/installed.js";
export type {
  LoginFailure,
  LoginFailureKind,
  LoginGuard,
  LoginOutcome,
  LoginPause,
  RecordedPost,
} from "./login/guard.js";
export { lastPostInWords, nextPostInWords, nextStepOfPause, pauseInWords } from "./login/pause-words.js";
export type { BodyStructure, FormStructure, JsonShape, MarkupStructure } from "./login/structure.js";
export type { LoginTranscript, OnLoginFailed, TranscribedAnswer, TranscribedExchange } from "./login/transcript.js";
export { fileTranscripts } from "./login/transcript-files.js";
export {
  fileSessionStore,
  memorySessionStore,
  type Session,
  type SessionStore,
  type StoredSession,
} from "./session.js";
