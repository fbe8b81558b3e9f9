import {
  type CANCEL_SYMBOL,
  confirm,
  intro,
  isCancel,
  log,
  outro,
  password,
  select,
  text,
  updateSettings,
} from "@clack/prompts";
import { onShutdownSignal } from "../shared/hangup.js";

/** A person does not want to answer: Ctrl-C, Ctrl-D, Escape, or a signal. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint: string;
}

// Ctrl-D closes a terminal's input as Ctrl-C does; unless told so, the library waits for an answer that cannot come.
updateSettings({ aliases: { "\u0004": "cancel" } });

const USUAL_WIDTH = 80;
const SHOWN = { output: process.stderr };

/** A conversation with the person at the terminal. All questions throw `GivenUp`; call `close` at the end. */
export class Prompts {
  readonly #controller = new AbortController();
  readonly #release = onShutdownSignal(() => this.#controller.abort(new GivenUp("a signal ended the questions")));

  constructor(title: string) {
    // A serial console tells no width, and every letter would stand on a line of its own.
    process.stderr.columns ||= USUAL_WIDTH;
    intro(title, SHOWN);
  }

  /** Aborted, with `GivenUp` as the reason, when a signal asks the program to end: for what is done between the questions. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async line(message: string, before: string | undefined, check: (answer: string) => string | undefined) {
    const validate = (answer: string | undefined) => check((answer ?? "").trim());
    const asked = { ...SHOWN, message, validate, ...(before === undefined ? {} : { initialValue: before }) };
    return (await this.#answer((signal) => text({ ...asked, signal }))).trim();
  }

  /** Shows a mark for every character. */
  async secret(message: string, check: (answer: string) => string | undefined): Promise<string> {
    const validate = (answer: string | undefined) => check(answer ?? "");
    return await this.#answer((signal) => password({ ...SHOWN, message, validate, signal }));
  }

  async choice(message: string, options: readonly Choice[], before: string | undefined): Promise<string> {
    const asked = {
      ...SHOWN,
      message,
      options: [...options],
      ...(before === undefined ? {} : { initialValue: before }),
    };
    return await this.#answer((signal) => select({ ...asked, signal }));
  }

  async agree(message: string, initialValue = true): Promise<boolean> {
    return await this.#answer((signal) => confirm({ ...SHOWN, message, initialValue, signal }));
  }

  tell(message: string): void {
    log.info(message, SHOWN);
  }

  warn(message: string): void {
    log.warn(message, SHOWN);
  }

  /** What has been done. */
  done(message: string): void {
    log.success(message, SHOWN);
  }

  /** The last words. */
  end(message: string): void {
    outro(message, SHOWN);
  }

  /** Leaves signals to others again. */
  close(): void {
    this.#release();
  }

  async #answer<Answer extends string | boolean>(
    ask: (signal: AbortSignal) => Promise<Answer | typeof CANCEL_SYMBOL>,
  ): Promise<Answer> {
    this.signal.throwIfAborted();
    // A question goes on listening to its signal when it is over, so each one has its own.
    const own = new AbortController();
    const abort = () => own.abort();
    this.signal.addEventListener("abort", abort);
    try {
      const answer = await ask(own.signal);
      if (isCancel(answer)) throw new GivenUp("the question was not answered");
      return answer;
    } finally {
      this.signal.removeEventListener("abort", abort);
    }
  }
}
