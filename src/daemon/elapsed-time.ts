/** The two clocks of a system. */
export interface SystemClocks {
  /** Milliseconds since the epoch; somebody may set it. */
  readonly wallNow: () => number;
  /** Milliseconds since any fixed moment, never going back; on some systems it stands still while the machine sleeps. */
  readonly monotonicNow: () => number;
}

/** Longest time between two looks at the clocks, in milliseconds. What lies further apart was slept through. */
export const LONGEST_LOOK_MS = 30_000;

/** Of a stretch that was slept through, so much counts as awake: a busy machine is late by some seconds as well. */
const MOST_AWAKE_MS = 2 * LONGEST_LOOK_MS;

/**
 * How much time has passed, by both clocks: no clock alone knows. While a machine sleeps the monotonic clock may stand
 * still; the wall clock may be set back or forward by hours. Whoever builds it calls one of the getters every
 * `LONGEST_LOOK_MS`.
 *
 * A wall clock that is set forward looks like a sleep: it makes something due sooner, never later.
 */
export class ElapsedTime {
  readonly #clocks: SystemClocks;
  #wall: number;
  #monotonic: number;
  #elapsedMs = 0;
  #awakeMs = 0;

  constructor(clocks: SystemClocks) {
    this.#clocks = clocks;
    this.#wall = clocks.wallNow();
    this.#monotonic = clocks.monotonicNow();
  }

  /** Milliseconds since this was made, time asleep included. */
  get elapsedMs(): number {
    this.#look();
    return this.#elapsedMs;
  }

  /** Milliseconds since this was made during which the machine was awake. */
  get awakeMs(): number {
    this.#look();
    return this.#awakeMs;
  }

  #look(): void {
    const [wall, monotonic] = [this.#clocks.wallNow(), this.#clocks.monotonicNow()];
    const monotonicMs = Math.max(0, monotonic - this.#monotonic);
    this.#elapsedMs += Math.max(monotonicMs, wall - this.#wall);
    this.#awakeMs += Math.min(monotonicMs, MOST_AWAKE_MS);
    [this.#wall, this.#monotonic] = [wall, monotonic];
  }
}
