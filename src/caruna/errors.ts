import type { LoginPause } from "./login/guard.js";
import { nextPostInWords, pauseInWords } from "./login/pause-words.js";

/**
 * What can go wrong between us and Caruna+. Every message says what happened, what it means and what to do, and holds
 * no password, token, cookie or customer number, so that it can be logged and pasted.
 */
export class CarunaError extends Error {
  /** True where no login was to be had: every further call would fail alike, and try the login once more. */
  duringLogin = false;
  /** File with the transcript of the login that failed; undefined where none was kept. */
  transcriptFile: string | undefined;
  /** What the guard decided after this failed login: when the password is posted again; undefined without a guard. */
  pause: LoginPause | undefined;
  /** What the password itself shows of a possible cause, as a sentence. */
  hint: string | undefined;

  /** Names the transcript's file to the person who reads the message. */
  nameTranscript(file: string): void {
    this.transcriptFile = file;
    this.message += ` What its pages looked like, without a text or a value of yours, is in ${file}`;
  }

  /** Says to the person who reads the message when the password is posted again. */
  namePause(pause: LoginPause): void {
    this.pause = pause;
    this.message += ` ${nextPostInWords(pause)}`;
  }

  /** Says that the password as it is given may look right and be another one to the portal. */
  nameDecomposedLetters(): void {
    this.hint =
      "The password is written with decomposed letters (Unicode NFD: ä as a and two dots, as macOS keeps file names), " +
      "which look the same but are others to Caruna+: type it again with a keyboard.";
    this.message += ` ${this.hint}`;
  }

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

/** The guard does not let the password be posted now, so that the account is not locked. Caruna+ was asked nothing. */
export class LoginPaused extends CarunaError {
  /** Why, and until when. */
  override readonly pause: LoginPause;

  constructor(pause: LoginPause) {
    super(pauseInWords(pause));
    this.pause = pause;
    this.transcriptFile = pause.transcriptFile;
  }
}

/** What only a person can do at a login. */
export type PersonTask = "one-time code" | "app approval" | "e-mailed link" | "captcha" | "new password";

const PERSON_TASKS: Readonly<Record<PersonTask, { readonly asks: string; readonly step: string }>> = {
  "one-time code": {
    asks: "asks for a one-time code (a second factor)",
    step: "Log in with a browser, see whether the code can be turned off for this account",
  },
  "app approval": {
    asks: "wants the login approved in an app (a second factor)",
    step: "Log in with a browser, see whether the approval can be turned off for this account",
  },
  "e-mailed link": {
    asks: "has sent a link to open",
    step: "Open the link from the message, or log in with a browser, and see whether this can be turned off",
  },
  captcha: {
    asks: "wants a captcha solved",
    step: "Log in with a browser once and solve it",
  },
  "new password": {
    asks: "wants a new password to be set",
    step: "Log in with a browser, set a new password, put it into CARUNA_PASSWORD",
  },
};

/** The password was taken, but the login goes on only with something that a person must do. */
export class PersonNeeded extends CarunaError {
  readonly task: PersonTask;
  /** Caruna's own words (masked), where it gave some. */
  readonly words: string | undefined;
  /** What that person does. */
  readonly nextStep: string;

  constructor(task: PersonTask, words: string | undefined) {
    const { asks, step } = PERSON_TASKS[task];
    const nextStep = `${step}, and run: caruna-integration login --force`;
    const said = words === undefined ? "" : `: "${words}"`;
    super(`Caruna+ ${asks}${said}. A program that runs unattended cannot do that. ${nextStep}`);
    this.task = task;
    this.words = words;
    this.nextStep = nextStep;
  }
}

/** Caruna+ asked for a one-time code. */
export class SecondFactorRequired extends PersonNeeded {
  constructor(words: string | undefined) {
    super("one-time code", words);
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
  /** Whether a script of the page may know the way on. */
  readonly needsScript?: boolean | undefined;
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
  /** True where a script of the page may know the way on: a real browser could run it. */
  readonly needsScript: boolean;

  constructor({ step, address, expected, found, needsScript = false }: LoginChange) {
    super(
      `The login of Caruna+ is not as it was: at "${step}" (${address}) we looked for ${expected}, but found ${found}. ` +
        "See whether a browser can log in; if it can, Caruna has changed its login and this program needs an update.",
    );
    this.step = step;
    this.address = address;
    this.expected = expected;
    this.found = found;
    this.needsScript = needsScript;
  }

  /** Says to the person who reads the message what can be done, or what this program will do. */
  nameNextStep(sentence: string): void {
    this.message += ` ${sentence}`;
  }
}

/** Codes of errors of looking up a name, of connecting, and of TLS. */
const OF_CONNECTING =
  /^(?:E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT|HOSTUNREACH|NETUNREACH|NETDOWN|ADDRNOTAVAIL|AFNOSUPPORT|PROTO)|ERR_(?:SSL|TLS)_.*|.*CERT.*|UNABLE_TO_.*)$/;

interface UnreachableDetails {
  readonly code?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly wasKept?: boolean;
}

/** Nobody answered, or not in time, or the server said that it is out of order. */
export class CarunaUnreachable extends CarunaError {
  /** What happened, in a few words. */
  readonly what: string;
  /** Node.js' code of the error of the network; undefined where something answered, or not in time. */
  readonly code: string | undefined;
  /** How long Caruna+ asked us to wait, in seconds; undefined where it did not say. */
  readonly retryAfterSeconds: number | undefined;
  /** Whether the request went out on a connection that was kept open since another one. */
  readonly wasKept: boolean;

  constructor(what: string, { code, retryAfterSeconds, wasKept = false }: UnreachableDetails = {}) {
    super(`Caruna+ is out of reach: ${what}. Nothing is lost; the next cycle tries again.`);
    this.what = what;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.wasKept = wasKept;
  }

  override namePause(pause: LoginPause): void {
    this.message = this.message.replace("; the next cycle tries again.", ".");
    super.namePause(pause);
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

  override namePause(pause: LoginPause): void {
    this.message = this.message.replace(" The next cycle tries again.", "");
    super.namePause(pause);
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
  /** What is wrong with it. */
  readonly problem: string;

  constructor(call: string, problem: string, status?: number) {
    super(
      `Caruna+'s answer to ${call} was not understood: ${problem}. ` +
        "If this stays so for a day, Caruna has changed its interface and this program needs an update.",
    );
    this.call = call;
    this.status = status;
    this.problem = problem;
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
