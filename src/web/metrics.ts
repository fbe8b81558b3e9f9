import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LoginPause } from "../database/index.js";
import type { Cycles, PointState } from "./page-data.js";

/** What the Caruna+ client does, one event at a time. */
export type ClientEvent =
  | {
      readonly kind: "request";
      /** What was asked for: the last word of the path, "energy" or "contracts". */
      readonly of: string;
      /** `undefined`: there was no answer. */
      readonly status: number | undefined;
      readonly milliseconds: number;
    }
  | { readonly kind: "login"; readonly succeeded: boolean }
  | { readonly kind: "retry" };

/** What the database alone knows. */
export interface StateOfDatabase {
  readonly points: readonly PointState[];
  /** Why no password may be posted now. */
  readonly pause: LoginPause | undefined;
}

const PREFIX = "caruna_";
/** A cycle with nothing due takes some milliseconds, the first one with ten years half an hour. */
const CYCLE_BUCKETS_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800];
const REQUEST_BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The figures for Prometheus. No address, no customer number: of a metering point the id alone. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter("requests_total", "Requests to the API of Caruna+", ["of", "status"]);
  readonly #requestSeconds = new Histogram({
    ...{ name: `${PREFIX}request_duration_seconds`, help: "Time until Caruna+ had answered", labelNames: ["of"] },
    ...{ buckets: REQUEST_BUCKETS_SECONDS, registers: [this.#registry] },
  });
  readonly #retries = this.#counter("request_retries_total", "Requests that were sent once more after a failure");
  readonly #logins = this.#counter("logins_total", "Logins to Caruna+ that succeeded");
  readonly #loginFailures = this.#counter("login_failures_total", "Logins to Caruna+ that failed, for whatever reason");
  readonly #inserted = this.#counter("hours_inserted_total", "Hours stored that were not there before");
  readonly #changed = this.#counter("hours_changed_total", "Stored hours that got other values");
  readonly #cycleSeconds = new Histogram({
    ...{ name: `${PREFIX}cycle_duration_seconds`, help: "Duration of a cycle without the look back" },
    ...{ labelNames: ["outcome"], buckets: CYCLE_BUCKETS_SECONDS, registers: [this.#registry] },
  });
  readonly #databaseUp = this.#gauge("database_up", "1 where the database answers, 0 where it does not");
  readonly #lastSuccess = this.#gauge("last_success_timestamp_seconds", "When a cycle last ended well");
  readonly #lastCycleGood = this.#gauge("last_cycle_success", "1 where the last cycle ended well, 0 where it failed");
  readonly #loginPaused = new Gauge({
    ...{ name: `${PREFIX}login_paused`, help: "1 while no password is posted, by what came of the last post" },
    ...{ labelNames: ["outcome"], registers: [this.#registry] },
  });
  readonly #loginNextPost = new Gauge({
    ...{ name: `${PREFIX}login_next_post_timestamp_seconds`, help: "When a paused login ends; missing: not by itself" },
    ...{ labelNames: ["outcome"], registers: [this.#registry] },
  });
  readonly #nextCycle = this.#gauge("next_cycle_timestamp_seconds", "When the next cycle is due");
  readonly #ofPoints = {
    newestAge: this.#perPoint("newest_hour_age_seconds", "Time since the start of the newest stored hour"),
    hours: this.#perPoint("hours_stored", "Hours stored"),
    hoursExpected: this.#perPoint("hours_expected", "Hours from the first stored one to the end of yesterday"),
    gaps: this.#perPoint("gaps", "Stretches of missing hours between stored ones"),
    gapHours: this.#perPoint("gap_hours", "Hours missing between stored ones"),
    verified: this.#perPoint("verified_timestamp_seconds", "When totals of Caruna+ were last found to agree"),
    nextDue: this.#perPoint("next_due_timestamp_seconds", "When Caruna+ is asked for something of it next"),
  };

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
  }

  /** Counts what the client did. */
  onClientEvent(event: ClientEvent): void {
    if (event.kind === "retry") this.#retries.inc();
    else if (event.kind === "login") (event.succeeded ? this.#logins : this.#loginFailures).inc();
    else {
      const status = event.status === undefined ? "none" : `${Math.floor(event.status / 100)}xx`;
      this.#requests.inc({ of: event.of, status });
      this.#requestSeconds.observe({ of: event.of }, event.milliseconds / 1000);
    }
  }

  /** Counts hours that were written. */
  onStored({ inserted, changed }: { readonly inserted: number; readonly changed: number }): void {
    this.#inserted.inc(inserted);
    this.#changed.inc(changed);
  }

  /** A cycle has ended: how long it took without the backfill, and whether all of it, the backfill too, succeeded. */
  onCycle(cycle: { readonly milliseconds: number; readonly succeeded: boolean }): void {
    this.#cycleSeconds.observe({ outcome: cycle.succeeded ? "success" : "failure" }, cycle.milliseconds / 1000);
  }

  /** The outcome that health and `/readyz` report from now on. */
  onOutcome(outcome: { readonly endedEpochMs: number; readonly succeeded: boolean }): void {
    this.#set(this.#lastCycleGood, outcome.succeeded ? 1 : 0);
    if (outcome.succeeded) this.#set(this.#lastSuccess, outcome.endedEpochMs / 1000);
  }

  /**
   * All figures in Prometheus' text format.
   *
   * @param state `undefined`: the database does not answer, and what it alone knows is left out.
   */
  async text(state: StateOfDatabase | undefined, cycles: Cycles, nowEpochMs: number): Promise<string> {
    const points = state?.points;
    this.#setPause(state?.pause);
    this.#set(this.#databaseUp, points === undefined ? 0 : 1);
    if (cycles.nextEpochMs !== undefined) this.#set(this.#nextCycle, cycles.nextEpochMs / 1000);
    for (const gauge of Object.values(this.#ofPoints)) gauge.reset();
    for (const point of points ?? []) this.#setPoint(point, nowEpochMs);
    return await this.#registry.metrics();
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  #setPause(pause: LoginPause | undefined): void {
    this.#loginPaused.reset();
    this.#loginNextPost.reset();
    if (pause === undefined) return;
    const labels = { outcome: pause.kind.replaceAll(" ", "_") };
    this.#loginPaused.set(labels, 1);
    if (pause.nextPostEpochMs !== undefined) this.#loginNextPost.set(labels, pause.nextPostEpochMs / 1000);
  }

  #setPoint(point: PointState, nowEpochMs: number): void {
    const labels = { metering_point: point.id };
    const { newestAge, hours, hoursExpected, gaps, gapHours, verified, nextDue } = this.#ofPoints;
    hours.set(labels, point.hours);
    hoursExpected.set(labels, point.hoursExpected);
    gaps.set(labels, point.gapCount);
    gapHours.set(labels, point.gapHours);
    if (point.lastHour !== null) newestAge.set(labels, (nowEpochMs - point.lastHour) / 1000);
    if (point.verified !== null) verified.set(labels, point.verified / 1000);
    if (point.nextAsk !== null) nextDue.set(labels, point.nextAsk / 1000);
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers: [this.#registry] });
  }

  /** Shown from its first value on: a 0 from before would be taken for one. */
  #gauge(name: string, help: string): { readonly name: string; readonly gauge: Gauge } {
    return { name: `${PREFIX}${name}`, gauge: new Gauge({ name: `${PREFIX}${name}`, help, registers: [] }) };
  }

  #set({ name, gauge }: { readonly name: string; readonly gauge: Gauge }, value: number): void {
    if (this.#registry.getSingleMetric(name) === undefined) this.#registry.registerMetric(gauge);
    gauge.set(value);
  }

  #perPoint(name: string, help: string): Gauge {
    return new Gauge({ name: `${PREFIX}${name}`, help, labelNames: ["metering_point"], registers: [this.#registry] });
  }
}
