import { type ElapsedTime, uptime, writeHealth } from "../daemon/index.js";
import type { Logger } from "../shared/logger.js";
import type { Cycles, Metrics, OverviewProblem } from "../web/index.js";
import { messageOf } from "./exit-codes.js";

/** A cycle that takes longer than this after it was due is overdue, in milliseconds. */
const LONGEST_CYCLE_MS = 15 * 60_000;

/** The two halves of a cycle: what is due now, then the backfill, which may take hours. */
export type CycleHalf = "due" | "backfill";

export interface CycleHealthOptions {
  /** Path of the file that the command `health` reads. */
  readonly file: string;
  readonly jobIntervalSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** By which something becomes due or overdue: the wall clock may be set, and the machine may sleep. */
  readonly time: ElapsedTime;
  readonly logger: Logger;
}

/**
 * How the cycles go: one outcome for the health file, `/readyz`, the metrics and the page.
 *
 * A problem of one half stands until that same half succeeds. The other one's success says nothing about it: reported as
 * the outcome it would make a failing backfill look healthy for a moment in every cycle.
 */
export class CycleHealth {
  readonly #options: CycleHealthOptions;
  readonly #problems = new Map<CycleHalf, OverviewProblem>();
  #last: Cycles["last"];
  /** When the next cycle is due, by `time.elapsedMs`. */
  #nextAtMs: number | undefined;
  /** By when there must be word of another one, by `time.awakeMs`. */
  #overdueAtMs: number | undefined;
  #page: { readonly url: string; readonly metrics: Metrics } | undefined;

  constructor(options: CycleHealthOptions) {
    this.#options = options;
  }

  /** As the page and `/readyz` show it. */
  get cycles(): Cycles {
    const { now, time } = this.#options;
    const inEpochMs = (atMs: number | undefined, clockMs: number) =>
      atMs === undefined ? undefined : now() + atMs - clockMs;
    return {
      last: this.#last,
      nextEpochMs: inEpochMs(this.#nextAtMs, time.elapsedMs),
      overdueEpochMs: inEpochMs(this.#overdueAtMs, time.awakeMs),
    };
  }

  /** From now on the metrics follow, and the health file names the page. */
  servedAt(url: string, metrics: Metrics): void {
    this.#page = { url, metrics };
  }

  /** A cycle starts. */
  begin(): void {
    const { time, jobIntervalSeconds } = this.#options;
    this.#nextAtMs = time.elapsedMs + jobIntervalSeconds * 1000;
  }

  /** The next cycle starts after so long: sooner than usual after one that failed, or later where Caruna+ asks for it. */
  async waits(milliseconds: number): Promise<void> {
    const { time, jobIntervalSeconds } = this.#options;
    this.#nextAtMs = time.elapsedMs + milliseconds;
    if (milliseconds > jobIntervalSeconds * 1000 && this.#last !== undefined)
      await this.#record(this.#last, milliseconds);
  }

  /** One half has ended, with that problem or with none. */
  async end(half: CycleHalf, problem: OverviewProblem | undefined): Promise<void> {
    if (problem === undefined) this.#problems.delete(half);
    else this.#problems.set(half, problem);
    const last = {
      endedEpochMs: this.#options.now(),
      problem: this.#problems.get("due") ?? this.#problems.get("backfill"),
    };
    this.#last = last;
    this.#page?.metrics.onOutcome({ endedEpochMs: last.endedEpochMs, succeeded: last.problem === undefined });
    await this.#record(last);
  }

  /** Requests are answered and their hours stored: the cycle goes on, however long it takes, and is not overdue. */
  async progress(): Promise<void> {
    if (this.#last !== undefined) await this.#record(this.#last);
  }

  async #record({ endedEpochMs, problem }: NonNullable<Cycles["last"]>, nextInMs?: number): Promise<void> {
    const { file, jobIntervalSeconds, now, time, logger } = this.#options;
    const overdueInMs = (nextInMs ?? jobIntervalSeconds * 1000) + LONGEST_CYCLE_MS;
    this.#overdueAtMs = time.awakeMs + overdueInMs;
    const { boot, uptimeMs } = await uptime();
    const health = {
      endedEpochMs,
      nextDueEpochMs: now() + overdueInMs,
      ...(boot === undefined ? {} : { nextDue: { boot, uptimeMs: uptimeMs + overdueInMs } }),
      problem: problem?.message ?? null,
      pageUrl: this.#page?.url,
    };
    await writeHealth(file, health).catch((error: unknown) => {
      logger.warn({ problem: messageOf(error) }, "the health of this cycle cannot be kept in the state directory");
    });
  }
}
