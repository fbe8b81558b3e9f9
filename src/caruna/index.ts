export type { EnergyAnswer } from "./answers.js";
export { CARUNA_PLUS_URL, CarunaClient, type CarunaClientOptions, type EnergyQuery } from "./client.js";
export {
  AccessRefused,
  AnswerNotUnderstood,
  CarunaError,
  CarunaUnreachable,
  CredentialsRejected,
  HostNotAllowed,
  LoginChanged,
  LoginHeldBack,
  RateLimited,
  SecondFactorRequired,
} from "./errors.js";
export type { ClientEvent } from "./events.js";
export type { LoginGuard, LoginHold, LoginOutcome, NotedTry } from "./guard.js";
export { type LoginAddressOptions, loginAddress, type Reached, reach } from "./reachability.js";
export {
  fileSessionStore,
  memorySessionStore,
  type Session,
  type SessionStore,
  type StoredSession,
} from "./session.js";
export type { BodyStructure, FormStructure, JsonShape, MarkupStructure } from "./structure.js";
export type { LoginTranscript, OnLoginFailed, TranscribedAnswer, TranscribedExchange } from "./transcript.js";
export { fileTranscripts } from "./transcript-files.js";
export type { Sleep, TransportLimits } from "./transport.js";
export type { Contract, Customer, EnergyRow, MeteringPoint, Timespan } from "./types.js";
