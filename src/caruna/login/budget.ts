/** What a login may still use. */
export interface Budget {
  requests: number;
  readonly deadline: Deadline;
}

/** The time of a login, which may be given more of it. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
    this.#timer = this.#start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Counts from now again. */
  extend(milliseconds: number): void {
    this.end();
    this.milliseconds = milliseconds;
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(), this.milliseconds);
  }
}
