const REDRAW_MS = 200;

/** A count on the last line of a terminal, redrawn a few times a second; elsewhere nothing. */
export class Progress {
  readonly #terminal: NodeJS.WriteStream;
  readonly #what: string;
  #shownAt = 0;

  constructor(terminal: NodeJS.WriteStream, what: string) {
    this.#terminal = terminal;
    this.#what = what;
  }

  show(count: number): void {
    if (!this.#terminal.isTTY || performance.now() - this.#shownAt < REDRAW_MS) return;
    this.#shownAt = performance.now();
    this.#terminal.write(`\r\u001b[K${count.toLocaleString("en")} ${this.#what}`);
  }

  clear(): void {
    if (this.#terminal.isTTY && this.#shownAt > 0) this.#terminal.write("\r\u001b[K");
  }
}
