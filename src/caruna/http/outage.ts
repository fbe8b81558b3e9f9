/** After so many failed tries in a row, of whatever calls, trying again within a call is of no use. */
const MOST_FAILED_TRIES = 8;

/**
 * Whether the service seems to be out of order: every call is one try then, so that it is not asked four times as often as
 * its callers want to know. The first good answer ends it.
 */
export class Outage {
  #failedTries = 0;
  #someCallFailed = false;

  /** One try has failed. Returns whether another one within the same call is worthwhile. */
  tryFailed(): boolean {
    this.#failedTries += 1;
    return !this.#someCallFailed && this.#failedTries < MOST_FAILED_TRIES;
  }

  /** A call has used up its tries. */
  callFailed(): void {
    this.#someCallFailed = true;
  }

  /** A good answer came. */
  end(): void {
    this.#failedTries = 0;
    this.#someCallFailed = false;
  }
}
