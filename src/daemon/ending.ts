import { setMaxListeners } from "node:events";
import { onShutdownSignal } from "../shared/hangup.js";
import type { Logger } from "../shared/logger.js";
import { onKeyPress } from "./key-press.js";

export interface EndingOptions {
  /** The keyboard; undefined where no key shall end the program. */
  readonly keyboard: NodeJS.ReadStream | undefined;
  /** Called when the keyboard is listened to. */
  readonly onListening: () => void;
  readonly logger: Logger;
  /** Called when the program has not ended by itself in time. */
  readonly onTimeout: () => void;
  readonly timeoutMs: number;
}

/** The wish to end: one signal for all parts of the program, whoever asked. */
export class Ending {
  readonly #options: EndingOptions;
  readonly #controller = new AbortController();
  readonly #release: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EndingOptions) {
    this.#options = options;
    // Every part of the program listens to it; more than ten are no leak.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Aborted once somebody asked. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins to listen to the keyboard and to signals. */
  start(): void {
    const { keyboard } = this.#options;
    if (keyboard !== undefined) {
      const onKey = () => this.#ask("a key was pressed");
      this.#release.push(onKeyPress(keyboard, onKey, this.#options.onListening));
    }
    this.#release.push(onShutdownSignal((signal) => this.#ask(`${signal} received`)));
  }

  /** Stops listening and gives the terminal back. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const release of this.#release.splice(0).reverse()) release();
  }

  #ask(why: string): void {
    if (this.signal.aborted) return;
    this.#options.logger.info({ why }, "ending");
    this.#timer = setTimeout(this.#options.onTimeout, this.#options.timeoutMs);
    this.#timer.unref();
    this.#controller.abort();
  }
}
