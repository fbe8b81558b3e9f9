import { Temporal } from "temporal-polyfill";
import type { LoginFailureKind, LoginPause } from "./guard.js";

/** Why the login is paused, until when, and what to do, in one line. */
export function pauseInWords(pause: LoginPause): string {
  const until =
    pause.nextPostEpochMs === undefined
      ? "until the password changes or you ask for a login"
      : `until ${helsinkiTime(pause.nextPostEpochMs)}`;
  const tooMany = pause.tooManyPasswords ? "three different passwords were tried within 24 hours, and " : "";
  return `The login is paused ${until}, so that the account is not locked: ${tooMany}${lastPostInWords(pause)}. ${nextStepOfPause(pause)}`;
}

/** When the password is posted again, as a sentence. */
export function nextPostInWords({ nextPostEpochMs }: LoginPause): string {
  return nextPostEpochMs === undefined
    ? "The password is not posted again until it changes or you ask for a login."
    : `The password is not posted again before ${helsinkiTime(nextPostEpochMs)}.`;
}

/** What came of the last post, without a full stop: "Caruna+ rejected the password 2 times, the last at … ("…")". */
export function lastPostInWords(pause: LoginPause): string {
  const { kind, rejections, lastPostEpochMs, words, found, transcriptFile } = pause;
  const said = words === undefined ? "" : ` ("${words}")`;
  const seen = found === undefined ? "" : ` (${found})`;
  const transcript = transcriptFile === undefined ? "" : `; the transcript is in ${transcriptFile}`;
  const last = helsinkiTime(lastPostEpochMs);
  const times = rejections > 1 ? `${rejections} times, the last at` : "at";
  const came: Readonly<Record<LoginFailureKind, string>> = {
    rejected: `Caruna+ rejected the password ${times} ${last}${said}`,
    "person needed": `the login of ${last} needs a person${seen}${said}`,
    "not understood": `what came after the password at ${last} was not understood${seen}${said}`,
    "no answer": `the login of ${last} got no answer${seen}${said}`,
  };
  return `${came[kind]}${transcript}`;
}

/** What a person can do about a paused login, as sentences. */
export function nextStepOfPause({ kind, tooManyPasswords }: LoginPause): string {
  const force = "To post it at once all the same: caruna-integration login --force";
  if (tooManyPasswords) return `Log in at plus.caruna.fi with a browser before you try yet another password. ${force}`;
  switch (kind) {
    case "rejected":
      return `Log in at plus.caruna.fi with a browser, and correct CARUNA_PASSWORD (and CARUNA_USER): another password is tried at once. ${force}`;
    case "person needed":
      return `Log in at plus.caruna.fi with a browser and do what it asks for. Then run: caruna-integration login --force`;
    case "not understood":
      return `See whether a browser can log in at plus.caruna.fi. If it can, update this program: a newer version tries at once. ${force}`;
    case "no answer":
      return `Nothing needs to be done, if it passes. ${force}`;
  }
}

/** Wall time in Finland, to the minute. */
function helsinkiTime(epochMs: number): string {
  const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(epochMs)).toZonedDateTimeISO("Europe/Helsinki");
  return `${time.toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ")} (Helsinki)`;
}
