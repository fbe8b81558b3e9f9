import { type ElapsedTime, LONGEST_LOOK_MS } from "./elapsed-time.js";

/** Waits until the time has passed; throws the signal's reason when that is aborted first. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** A cycle that failed is run again after so long, then after twice as long each time, up to the interval. */
const FIRST_RETRY_MS = 10_000;

export interface ClockOptions {
  /** Seconds from the start of one cycle to the start of the next. */
  readonly intervalSeconds: number;
  readonly time: ElapsedTime;
  readonly sleep: Sleep;
  /**
   * Milliseconds that a cycle which failed with this error has to wait at the least; undefined where only the next regular
   * cycle is worth a try.
   */
  readonly retryAfterMs: (error: unknown) => number | undefined;
  /** Called when a cycle has failed, with the milliseconds until the next one and how many have failed in a row. */
  readonly onFailure: (error: unknown, nextInMs: number, failures: number) => void;
  /** Called when a cycle has succeeded after some that failed. */
  readonly onRecovery: (failures: number) => void;
  /** Called before each wait with its length in milliseconds. */
  readonly onWait: (milliseconds: number) => Promise<void>;
}

/**
 * Runs a cycle at once and then every interval, counted from the start of the last; never two at a time: one that takes
 * longer than the interval is followed at once by the next. One that fails for a reason outside is run again after seconds,
 * then at growing intervals. One that fell due while the machine slept runs within half a minute after it woke up. Returns
 * when the signal is aborted and the cycle in hand has ended.
 */
export async function runOnTheClock(
  cycle: (signal: AbortSignal) => Promise<void>,
  options: ClockOptions,
  signal: AbortSignal,
): Promise<void> {
  const { time } = options;
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = time.elapsedMs;
    const regularAt = startedAt + options.intervalSeconds * 1000;
    let nextAt = regularAt;
    try {
      await cycle(signal);
      if (failures > 0) options.onRecovery(failures);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      nextAt = nextTryAt(options.retryAfterMs(error), failures, regularAt, time.elapsedMs);
      options.onFailure(error, Math.max(0, nextAt - time.elapsedMs), failures);
    }
    await waitUntil(nextAt, options, signal);
  }
}

/** A try before the time that Caruna+ asked to be left alone is over could do nothing. */
function nextTryAt(retryAfterMs: number | undefined, failures: number, regularAt: number, now: number): number {
  if (retryAfterMs === undefined) return regularAt;
  const backOffMs = FIRST_RETRY_MS * 2 ** (failures - 1);
  return Math.max(now + retryAfterMs, Math.min(now + backOffMs, regularAt));
}

/** In short pieces: a timer stands still while the machine sleeps. */
async function waitUntil(at: number, { time, sleep, onWait }: ClockOptions, signal: AbortSignal): Promise<void> {
  await onWait(Math.max(0, at - time.elapsedMs));
  for (;;) {
    const waitMs = at - time.elapsedMs;
    if (waitMs <= 0 || signal.aborted) return;
    try {
      await sleep(Math.min(waitMs, LONGEST_LOOK_MS), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
