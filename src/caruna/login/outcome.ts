import {
  AnswerNotUnderstood,
  CarunaUnreachable,
  CredentialsRejected,
  HostNotAllowed,
  LoginChanged,
  PersonNeeded,
  RateLimited,
} from "../errors.js";
import type { LoginFailure } from "./guard.js";
import { LostSession } from "./judgement.js";

/** What a login's error says about the password that it had posted. Whatever is not a token counts. */
export function failureOfLogin(error: unknown): LoginFailure {
  const unknown = { words: undefined, found: undefined, retryAfterSeconds: undefined };
  const transcriptFile = error instanceof Error && "transcriptFile" in error ? error.transcriptFile : undefined;
  const base = { ...unknown, transcriptFile: typeof transcriptFile === "string" ? transcriptFile : undefined };
  if (error instanceof CredentialsRejected) return { ...base, kind: "rejected", words: error.reason };
  if (error instanceof PersonNeeded)
    return { ...base, kind: "person needed", words: error.words, found: `it asks for: ${error.task}` };
  if (error instanceof LoginChanged)
    return {
      ...{ ...base, kind: "not understood", found: `at "${error.step}" ${error.found}` },
      ...(error.needsScript ? { needsBrowser: true } : {}),
    };
  if (error instanceof HostNotAllowed) return { ...base, kind: "not understood", found: `it leads to ${error.host}` };
  if (error instanceof AnswerNotUnderstood) return { ...base, kind: "not understood", found: error.problem };
  if (error instanceof LostSession) return { ...base, kind: "not understood", found: "it lost the session" };
  const { retryAfterSeconds } = error instanceof CarunaUnreachable || error instanceof RateLimited ? error : base;
  return { ...base, kind: "no answer", found: noAnswerInWords(error), retryAfterSeconds };
}

function noAnswerInWords(error: unknown): string {
  if (error instanceof CarunaUnreachable) return error.what;
  if (error instanceof RateLimited) return "HTTP 429: it asks for fewer requests";
  return "the login was ended before an answer came";
}
