/** A value that is read anew at most every so often, once for all who ask at the same time. */
export class Remembered<Value> {
  readonly #read: () => Promise<Value>;
  readonly #ageMs: number;
  readonly #now: () => number;
  #value: Promise<Value> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  /**
   * @param ageMs how old a value may be, in milliseconds.
   * @param now milliseconds since the epoch.
   */
  constructor(read: () => Promise<Value>, ageMs: number, now: () => number) {
    this.#read = read;
    this.#ageMs = ageMs;
    this.#now = now;
  }

  /** A reading that failed is told to all who wait for it, and is not remembered. */
  async get(): Promise<Value> {
    // A clock that was set back must not make a value last.
    const isRecent = Math.abs(this.#now() - this.#readAt) < this.#ageMs;
    if (this.#value !== undefined && isRecent) return await this.#value;
    const value = this.#read();
    this.#value = value;
    this.#readAt = this.#now();
    value.catch(() => {
      if (this.#value === value) this.#value = undefined;
    });
    return await value;
  }
}
