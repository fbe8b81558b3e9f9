/** Answers in a row, without a complaint, after which one more request at a time is dared. */
const CALM_ANSWERS = 20;

/**
 * Lets so many requests through at a time: never more than the limit, and fewer after the service asked for fewer or
 * broke down (429, 5xx, cut connections). It opens again one by one when answers have been good for a while.
 */
export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #width: number;
  #inside = 0;
  #calmAnswers = 0;

  /** Throws `RangeError` for a limit that is no whole number from 1. */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError(`requests at once must be a whole number from 1, not ${limit}`);
    this.#limit = limit;
    this.#width = limit;
  }

  /** How many requests may be under way now. */
  get width(): number {
    return this.#width;
  }

  /** Runs a request when there is room for it. Throws the signal's reason when that is aborted while waiting. */
  async pass<Answer>(request: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    await this.#enter(signal);
    try {
      return await request();
    } finally {
      this.#inside -= 1;
      this.#letIn();
    }
  }

  /** The service complained: half as many from now on. */
  narrow(): void {
    this.#calmAnswers = 0;
    this.#width = Math.max(1, Math.floor(this.#width / 2));
  }

  /** An answer came without a complaint. */
  widen(): void {
    if (this.#width === this.#limit) return;
    this.#calmAnswers += 1;
    if (this.#calmAnswers < CALM_ANSWERS) return;
    this.#calmAnswers = 0;
    this.#width += 1;
    this.#letIn();
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside < this.#width) {
      this.#inside += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        this.#inside += 1;
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #letIn(): void {
    while (this.#inside < this.#width) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }
}
