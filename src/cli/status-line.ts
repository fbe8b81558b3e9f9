import type { Logger } from "../shared/logger.js";
import type { LookBackProgress } from "../sync/index.js";

const ERASE = "\r\u001b[K";
const LONGEST_BAR = 30;
const SHORTEST_BAR = 5;

/** The last line of a terminal, written over and over; it makes way for the lines of the log. Not on a terminal: nothing. */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #isWanted: boolean;
  #isShown = false;

  constructor(stream: NodeJS.WriteStream, isWanted: boolean) {
    this.#stream = stream;
    this.#isWanted = isWanted && stream.isTTY;
  }

  show(progress: LookBackProgress): void {
    if (!this.#isWanted) return;
    this.#isShown = true;
    this.#stream.write(`${ERASE}${progressLine(progress, this.#stream.columns - 1)}`);
  }

  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#stream.write(ERASE);
  }

  /** A logger that clears the line before it writes. */
  before(logger: Logger): Logger {
    const clearing = (level: keyof Logger) => (fields: object, message: string) => {
      this.clear();
      logger[level](fields, message);
    };
    return { debug: clearing("debug"), info: clearing("info"), warn: clearing("warn"), error: clearing("error") };
  }
}

/** How far looking back has come, in one line of at most so many characters. */
export function progressLine(progress: LookBackProgress, width: number): string {
  const { days, hours, backTo, daysASecond, daysLeft } = progress;
  const words = [
    daysLeft === undefined ? `history: ${days} days` : `history: ${days} of ${days + daysLeft} days`,
    `back to ${backTo}`,
    `${hours.toLocaleString("en")} hours`,
    `${daysASecond.toFixed(1)} days/s`,
    ...(daysLeft === undefined || daysASecond === 0 ? [] : [`${inWords(daysLeft / daysASecond)} left`]),
  ];
  const text = words.join("  ");
  const room = Math.min(LONGEST_BAR, width - text.length - 2);
  if (daysLeft === undefined || room < SHORTEST_BAR) return text.slice(0, width);
  const filled = Math.round((room * days) / Math.max(1, days + daysLeft));
  return `${"█".repeat(filled)}${"░".repeat(room - filled)}  ${text}`;
}

/** "45 s", "12 min", "3 h 20 min" */
function inWords(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
