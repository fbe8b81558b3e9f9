import { Temporal } from "temporal-polyfill";
import type { LoginHold } from "./login/guard.js";

/**
 * What can go wrong between us and Caruna+. Every message says what happened, what it means and what to do, and holds
 * no password, token, cookie or customer number, so that it can be logged and pasted.
 */
export class CarunaError extends Error {
  /** True where no login was to be had: every further call would fail alike, and try the login once more. */
  duringLogin = false;
  /** File with the transcript of the login that failed; undefined where none was kept. */
  transcriptFile: string | undefined;

  override get name(): string {
    return this.constructor.name;
  }
}

/** Caruna+ looked at the user name and password and said no. Trying again with the same ones risks a locked account. */
export class CredentialsRejected extends CarunaError {
  /** The reason in Caruna's own words (Finnish), where the page gave one. */
  readonly reason: string | undefined;

  constructor(reason: string | undefined) {
    super(
      `Caruna+ rejected the user name or the password${reason ? `: "${reason}"` : ""}. ` +
        "Check CARUNA_USER and CARUNA_PASSWORD by logging in at plus.caruna.fi with a browser.",
    );
    this.reason = reason;
  }
}

/** The guard holds the password back, so that the account is not locked. Caruna+ was asked nothing. */
export class LoginHeldBack extends CarunaError {
  /** Why, and until when. */
  readonly hold: LoginHold;

  constructor(hold: LoginHold) {
    const { nextTryEpochMs } = hold;
    const until =
      nextTryEpochMs === undefined
        ? "it is not posted again by itself"
        : `it is posted again at ${helsinkiTime(nextTryEpochMs)} at the earliest`;
    super(
      `The password is held back, so that the account is not locked: ${reasonOf(hold)}, and ${until}. ` +
        "To try at once, correct CARUNA_PASSWORD (and CARUNA_USER), or run: caruna-integration login",
    );
    this.hold = hold;
  }
}

function reasonOf({ rejections, unfinishedTries, lastTryEpochMs, reason }: LoginHold): string {
  const last = helsinkiTime(lastTryEpochMs);
  if (rejections === 0) return `${unfinishedTries} logins were cut off in the middle, the last at ${last}`;
  const times = rejections === 1 ? "once" : `${rejections} times, the last`;
  return `Caruna+ rejected it ${times} at ${last}${reason === undefined ? "" : ` ("${reason}")`}`;
}

function helsinkiTime(epochMs: number): string {
  const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(epochMs)).toZonedDateTimeISO("Europe/Helsinki");
  return `${time.toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ")} (Helsinki)`;
}

/** Caruna+ asked for a one-time code, which a program that runs unattended cannot give. */
export class SecondFactorRequired extends CarunaError {
  constructor(asked: string | undefined) {
    super(
      `Caruna+ asks for a second factor${asked ? `: "${asked}"` : ""}. This program does not support one-time codes: ` +
        "log in with a browser, see whether the code can be turned off for this account, and try again.",
    );
  }
}

/** Where a login met what it did not foresee, and what that was. No values; in titles, what may be personal is masked. */
export interface LoginChange {
  /** The step of the login, in words. */
  readonly step: string;
  /** Method and path of the request that led there. */
  readonly address: string;
  /** What the step had to find. */
  readonly expected: string;
  /** What stood there in its place. */
  readonly found: string;
}

/** The login met a page that nobody foresaw. */
export class LoginChanged extends CarunaError {
  /** The step of the login, in words. */
  readonly step: string;
  /** Method and path of the request that led there. */
  readonly address: string;
  /** What the step had to find. */
  readonly expected: string;
  /** What stood there in its place: kind of page, forms with the names and types of their fields. No values. */
  readonly found: string;

  constructor({ step, address, expected, found }: LoginChange) {
    super(
      `The login of Caruna+ is not as it was: at "${step}" (${address}) we looked for ${expected}, but found ${found}. ` +
        "See whether a browser can log in; if it can, Caruna has changed its login and this program needs an update.",
    );
    this.step = step;
    this.address = address;
    this.expected = expected;
    this.found = found;
  }

  /** Names the transcript's file to the person who reads the message. */
  nameTranscript(file: string): void {
    this.message += ` What its pages looked like, without a text or a value, is kept for the report in ${file}`;
  }
}

/** Codes of errors of looking up a name, of connecting, and of TLS. */
const OF_CONNECTING =
  /^(?:E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT|HOSTUNREACH|NETUNREACH|NETDOWN|ADDRNOTAVAIL|PROTO)|ERR_(?:SSL|TLS)_.*|.*CERT.*|UNABLE_TO_.*)$/;

/** Nobody answered, or not in time, or the server said that it is out of order. */
export class CarunaUnreachable extends CarunaError {
  /** Node.js' code of the error of the network; undefined where something answered, or not in time. */
  readonly code: string | undefined;

  constructor(what: string, code?: string | undefined) {
    super(`Caruna+ is out of reach: ${what}. Nothing is lost; the next cycle tries again.`);
    this.code = code;
  }

  /** True where no connection came about, by TCP or by TLS: no matter of what was asked for. */
  get isBeforeConnection(): boolean {
    return this.code !== undefined && OF_CONNECTING.test(this.code);
  }
}

/** Caruna+ asked for fewer requests (HTTP 429), for longer than one call should wait. */
export class RateLimited extends CarunaError {
  /** How long Caruna+ asked us to wait, in seconds; undefined where it did not say. */
  readonly retryAfterSeconds: number | undefined;

  constructor(call: string, retryAfterSeconds: number | undefined) {
    const wait = retryAfterSeconds === undefined ? "" : ` and to come back in ${duration(retryAfterSeconds)}`;
    super(`Caruna+ asks for fewer requests${wait} (HTTP 429 at ${call}). The next cycle tries again.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The largest unit first, each with how many seconds it has. */
const UNITS = [
  ["days", 86_400],
  ["hours", 3600],
  ["minutes", 60],
] as const;

/** In words, rounded up, in a unit of which there are two at least. */
function duration(seconds: number): string {
  if (seconds > 366 * 86_400) return "more than a year";
  const unit = UNITS.find(([, length]) => seconds >= 2 * length);
  return unit === undefined ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / unit[1])} ${unit[0]}`;
}

/** An answer of the API that does not have the shape we know. */
export class AnswerNotUnderstood extends CarunaError {
  /** Method and path of the call, customer numbers and ids masked. */
  readonly call: string;
  /** HTTP status of the answer; undefined where it was 200. */
  readonly status: number | undefined;

  constructor(call: string, problem: string, status?: number) {
    super(
      `Caruna+'s answer to ${call} was not understood: ${problem}. ` +
        "If this stays so for a day, Caruna has changed its interface and this program needs an update.",
    );
    this.call = call;
    this.status = status;
  }
}

/** Caruna+ refuses one call (403, or 401 or a page in place of data), while it accepts the token for others. */
export class AccessRefused extends CarunaError {
  /** Method and path of the call, customer numbers and ids masked. */
  readonly call: string;
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(call: string, status: number, message = refusalInWords(call, status)) {
    super(message);
    this.call = call;
    this.status = status;
  }
}

function refusalInWords(call: string, status: number): string {
  return status < 400
    ? `Caruna+ answers ${call} with a page in place of data (HTTP ${status}), although it accepts the login. ` +
        "It may be out of order: see whether plus.caruna.fi shows your consumption in a browser."
    : `Caruna+ refuses ${call} (HTTP ${status}), although it accepts the login. ` +
        "The account may have lost its right to this customer or metering point: look it up at plus.caruna.fi.";
}

/** Caruna+ gives tokens, and refuses everything that is asked with them: another login would not help now. */
export class TokenRefused extends AccessRefused {
  override duringLogin = true;

  /** @param waitSeconds until the next login is made. */
  constructor(call: string, status: number, waitSeconds: number) {
    super(
      call,
      status,
      `Caruna+ accepts the login, and then refuses everything that is asked with its token (HTTP ${status} at ${call}). ` +
        "It may be out of order: see whether plus.caruna.fi shows your consumption in a browser. " +
        `The next login is made in ${duration(waitSeconds)} at the earliest.`,
    );
  }
}

/** The login wanted to lead us to a host that must never see the credentials. */
export class HostNotAllowed extends CarunaError {
  /** The host, with its port where that is not the usual one; as it may be set in CARUNA_ALLOWED_HOSTS. */
  readonly host: string;

  constructor(host: string, why: string) {
    super(
      `Caruna+ leads to ${host}, ${why}. Nothing was sent there. ` +
        "Should Caruna have moved to that host, add it to CARUNA_ALLOWED_HOSTS; otherwise somebody may be in between.",
    );
    this.host = host;
  }
}
