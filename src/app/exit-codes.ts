import {
  CarunaError,
  CredentialsRejected,
  type LoginPause,
  LoginPaused,
  nextStepOfPause,
  PersonNeeded,
} from "../caruna/index.js";
import { ConfigurationError } from "../config/index.js";
import { DatabaseError, QueryRefused } from "../database/index.js";
import { EXIT_CODES } from "../shared/exit-codes.js";
import { FileRefused } from "../shared/output-file.js";
import {
  MeteringPointDiffers,
  MeteringPointNotChosen,
  MeteringPointNotFound,
  NoMeteringPoint,
  NothingToVerify,
  SomeFailed,
} from "../sync/index.js";
import { TooMuchAsked } from "./energy.js";
import { NothingToExport } from "./export.js";
import { NothingToForget } from "./forget.js";
import { NothingToQuery } from "./query.js";

/** The exit code that an error ends the program with. */
export function exitCodeOf(error: unknown): number {
  const isOfCommandLine = [
    MeteringPointNotFound,
    MeteringPointDiffers,
    MeteringPointNotChosen,
    NothingToVerify,
    NothingToExport,
    NothingToForget,
    NothingToQuery,
    QueryRefused,
    TooMuchAsked,
    FileRefused,
  ].some((kind) => error instanceof kind);
  if (error instanceof ConfigurationError || isOfCommandLine) return EXIT_CODES.configuration;
  const isOfCredentials = error instanceof CredentialsRejected || error instanceof PersonNeeded;
  if (isOfCredentials || (error instanceof LoginPaused && isPausedByAnswer(error.pause))) return EXIT_CODES.credentials;
  if (error instanceof CarunaError || error instanceof SomeFailed || error instanceof NoMeteringPoint)
    return EXIT_CODES.caruna;
  if (error instanceof DatabaseError) return EXIT_CODES.database;
  return EXIT_CODES.other;
}

/** Caruna+ said no, or wants a person: not for any trouble of its own. */
function isPausedByAnswer({ kind, tooManyPasswords }: LoginPause): boolean {
  return tooManyPasswords || kind === "rejected" || kind === "person needed";
}

/** What a person does about an error that ended a cycle; empty where its message says it all. */
export function nextStepOf(error: unknown): string {
  if (error instanceof PersonNeeded) return error.nextStep;
  if (error instanceof CarunaError && error.pause !== undefined) return nextStepOfPause(error.pause);
  switch (exitCodeOf(error)) {
    case EXIT_CODES.credentials:
      return "See whether a browser can log in at plus.caruna.fi, and correct CARUNA_PASSWORD: another password is tried at once.";
    case EXIT_CODES.caruna:
      return "Nothing, if it passes: the next cycle tries again. If it does not, run: caruna-integration doctor";
    case EXIT_CODES.configuration:
      return "Correct the setting, and start the program anew.";
    default:
      return "Run: caruna-integration doctor";
  }
}

/** True for errors whose message is meant for the user, so that no stack trace is of use. */
export function isExpected(error: unknown): boolean {
  return exitCodeOf(error) !== EXIT_CODES.other;
}

/** What a person reads of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a log keeps of an error beside its message: its name, and the stack of one that nobody foresaw. */
export function causeOf(error: unknown): object {
  if (!(error instanceof Error)) return {};
  return isExpected(error) ? { error: error.name } : { error: error.name, stack: error.stack };
}
