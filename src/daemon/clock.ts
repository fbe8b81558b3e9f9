/** Waits until the time has passed; throws the signal's reason when that is aborted first. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export interface ClockOptions {
  /** Seconds from the start of one cycle to the start of the next. */
  readonly intervalSeconds: number;
  /** Milliseconds since any fixed moment, never going back (a monotonic clock). */
  readonly now: () => number;
  readonly sleep: Sleep;
  /** Told when a cycle fails; the next one comes on time all the same. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Runs a cycle at once and then every interval, counted from the start of the last; never two at a time: one that takes
 * longer than the interval is followed at once by the next. Returns when the signal is aborted and the cycle in hand has
 * ended.
 */
export async function runOnTheClock(
  cycle: (signal: AbortSignal) => Promise<void>,
  options: ClockOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = options.now();
    try {
      await cycle(signal);
    } catch (error) {
      if (signal.aborted) return;
      options.onFailure(error);
    }
    const waitMs = startedAt + options.intervalSeconds * 1000 - options.now();
    if (waitMs > 0) await untilAborted(options.sleep(waitMs, signal), signal);
  }
}

async function untilAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
