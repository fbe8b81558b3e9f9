import { CarunaUnreachable, RateLimited } from "../caruna/index.js";
import type { ElapsedTime } from "../daemon/index.js";
import { DatabaseError } from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { SomeFailed } from "../sync/index.js";
import { causeOf, messageOf } from "./exit-codes.js";

/** How long Caruna+ is left alone after the first, second, third and every further cycle that did not reach it. */
const PAUSES_MS = [20_000, 5 * 60_000, 20 * 60_000, 55 * 60_000] as const;

/** A period whose request failed is due again after this long. */
const PERIOD_DUE_AGAIN_MS = 55 * 60_000;

/** Nothing has left this machine or its network: nobody is bothered by another try. */
const NO_WAY_OUT = [
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "ENETDOWN",
  "EHOSTUNREACH",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
];

/** A failure that stays the same is logged again after this long. */
const LOGGED_AGAIN_MS = 3_600_000;

export interface FailedCyclesOptions {
  readonly logger: Logger;
  readonly time: ElapsedTime;
  /** Until when Caruna+ asked to be left alone, milliseconds since the epoch. */
  readonly pausedUntil: () => number | undefined;
}

/** What the daemon does about cycles that fail: when one is worth another try, and a failure that stays is logged once. */
export class FailedCycles {
  readonly #options: FailedCyclesOptions;
  #unreachable = 0;
  #logged: { readonly message: string; readonly atMs: number } | undefined;

  constructor(options: FailedCyclesOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds for which another try is of no use, or too much for Caruna+; undefined where none is before the next
   * regular cycle. It decides about cycles: whether the password may be posted is the guard's business alone.
   */
  retryAfterMs(error: unknown, nowEpochMs: number): number | undefined {
    if (error instanceof DatabaseError) return 0;
    if (error instanceof SomeFailed) return PERIOD_DUE_AGAIN_MS;
    if (!(error instanceof CarunaUnreachable || error instanceof RateLimited)) return undefined;
    const askedForMs = (this.#options.pausedUntil() ?? nowEpochMs) - nowEpochMs;
    if (error instanceof CarunaUnreachable && NO_WAY_OUT.includes(error.code ?? "")) return Math.max(0, askedForMs);
    const pauseMs = PAUSES_MS[Math.min(this.#unreachable, PAUSES_MS.length - 1)] ?? 0;
    this.#unreachable += 1;
    return Math.max(pauseMs, askedForMs);
  }

  log(error: unknown, nextInMs: number): void {
    const { logger, time } = this.#options;
    const message = messageOf(error);
    const isLogged = this.#logged?.message === message && time.elapsedMs - this.#logged.atMs < LOGGED_AGAIN_MS;
    if (!isLogged) this.#logged = { message, atMs: time.elapsedMs };
    const fields = { ...causeOf(error), nextInSeconds: Math.ceil(nextInMs / 1000) };
    logger[isLogged ? "debug" : "error"](fields, `this cycle failed: ${message}`);
  }

  /** A cycle has succeeded after so many that failed. */
  end(failures: number): void {
    this.#unreachable = 0;
    this.#logged = undefined;
    this.#options.logger.info({ failures }, "cycles succeed again");
  }
}
