import { writeHealth } from "../daemon/index.js";
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
  #cycles: Cycles = { last: undefined, nextEpochMs: undefined, overdueEpochMs: undefined };
  #page: { readonly url: string; readonly metrics: Metrics } | undefined;

  constructor(options: CycleHealthOptions) {
    this.#options = options;
  }

  /** As the page and `/readyz` show it. */
  get cycles(): Cycles {
    return this.#cycles;
  }

  /** From now on the metrics follow, and the health file names the page. */
  servedAt(url: string, metrics: Metrics): void {
    this.#page = { url, metrics };
  }

  /** A cycle starts. */
  begin(): void {
    const { now, jobIntervalSeconds } = this.#options;
    this.#cycles = { ...this.#cycles, nextEpochMs: now() + jobIntervalSeconds * 1000 };
  }

  /** One half has ended, with that problem or with none. */
  async end(half: CycleHalf, problem: OverviewProblem | undefined): Promise<void> {
    if (problem === undefined) this.#problems.delete(half);
    else this.#problems.set(half, problem);
    const last = {
      endedEpochMs: this.#options.now(),
      problem: this.#problems.get("due") ?? this.#problems.get("backfill"),
    };
    this.#cycles = { ...this.#cycles, last };
    this.#page?.metrics.onOutcome({ endedEpochMs: last.endedEpochMs, succeeded: last.problem === undefined });
    await this.#record(last);
  }

  /** Requests are answered and their hours stored: the cycle goes on, however long it takes, and is not overdue. */
  async progress(): Promise<void> {
    if (this.#cycles.last !== undefined) await this.#record(this.#cycles.last);
  }

  async #record({ endedEpochMs, problem }: NonNullable<Cycles["last"]>): Promise<void> {
    const { file, jobIntervalSeconds, now, logger } = this.#options;
    const overdueEpochMs = now() + jobIntervalSeconds * 1000 + LONGEST_CYCLE_MS;
    this.#cycles = { ...this.#cycles, overdueEpochMs };
    const pageUrl = this.#page?.url;
    const health = { endedEpochMs, nextDueEpochMs: overdueEpochMs, problem: problem?.message ?? null, pageUrl };
    await writeHealth(file, health).catch((error: unknown) => {
      logger.warn({ problem: messageOf(error) }, "the health of this cycle cannot be kept in the state directory");
    });
  }
}
