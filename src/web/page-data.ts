import {
  type Database,
  type DayOfYear,
  describeRefusal,
  type KnownMeteringPoint,
  type LoginPause,
  type MeteringPointStatus,
  type MovedHouse,
  movedHouse,
  type SeriesQuery,
  type SeriesRow,
} from "../database/index.js";
import { type CsvLocale, csvOf, expectedHours, localDay } from "../energy/index.js";
import { controllerUnder } from "../shared/signals.js";
import type { Completeness, DayState, Overview, OverviewGuard, OverviewPoint, OverviewProblem, Series } from "./api.js";
import { Remembered } from "./remembered.js";

/** What the program tells of its cycles. Instants in milliseconds since the epoch. */
export interface Cycles {
  /** `undefined`: none has ended yet. */
  readonly last: { readonly endedEpochMs: number; readonly problem: OverviewProblem | undefined } | undefined;
  readonly nextEpochMs: number | undefined;
  /** By when there must be word of another one. */
  readonly overdueEpochMs: number | undefined;
}

/** What of the login guard is asked. */
interface Guard {
  check(signal: AbortSignal): Promise<LoginPause | undefined>;
}

export interface PageDataOptions {
  readonly database: Database;
  readonly guard: Guard;
  readonly cycles: () => Cycles;
  /** Of this program. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What there is of a metering point, for the metrics too. */
export interface PointState extends OverviewPoint {
  /** All gaps, those that are not listed included. */
  readonly gapCount: number;
}

/** The database is being started, or is gone for good because the program ends. */
export class NotReady extends Error {
  override readonly name = "NotReady";

  constructor() {
    super("The database is not open yet: the program is starting or ending. Try again in a moment.");
  }
}

/** Nothing of that id was ever seen. */
export class NoSuchPoint extends Error {
  override readonly name = "NoSuchPoint";

  constructor() {
    super("point: there is no such metering point; /api/overview lists them");
  }
}

/** So many gaps are listed of each metering point. */
const GAPS_LISTED = 50;
/** However many look, the database is asked for the state of the metering points no more often than this. */
const POINTS_AGE_MS = 5_000;
/** A database that takes longer for a short question is out of order for those who ask after our health. */
const READY_TIMEOUT_MS = 5_000;
/** The last instant that ECMAScript knows. */
const INDEFINITELY_EPOCH_MS = 8_640_000_000_000_000;

/** What the page, the health checks and the metrics are told, read from the database. */
export class PageData {
  readonly #options: PageDataOptions;
  readonly #points: Remembered<{ readonly points: readonly PointState[]; readonly moved: MovedHouse | undefined }>;

  constructor(options: PageDataOptions) {
    this.#options = options;
    this.#points = new Remembered(() => this.#readPoints(), POINTS_AGE_MS, options.now);
  }

  /** Throws `NotReady` or a `DatabaseError`. */
  async overview(signal: AbortSignal): Promise<Overview> {
    const { now, version, cycles } = this.#options;
    this.#requireStarted();
    const { points, moved } = await this.#points.get();
    const pause = await this.pause(signal);
    const { last, nextEpochMs } = cycles();
    const problem = last?.problem;
    const refusals = (await this.#options.database.history.refusals(signal)).map(describeRefusal);
    return {
      now: now(),
      version,
      points: points.map(({ gapCount, ...point }) => point),
      lastCycle: last === undefined ? null : { ended: last.endedEpochMs, problem: problem?.message ?? null },
      nextCycle: nextEpochMs ?? null,
      guard: guardOf(pause),
      problems: [...[problem, moved].filter((one) => one !== undefined), ...this.#overdue(), ...refusals],
    };
  }

  /** Why no password may be posted now; undefined where one may. Throws `NotReady` or a `DatabaseError`. */
  async pause(signal: AbortSignal): Promise<LoginPause | undefined> {
    this.#requireStarted();
    return await this.#options.guard.check(signal);
  }

  /** Every metering point ever seen, by id, as it was a few seconds ago at the most. Throws `NotReady` or a `DatabaseError`. */
  async points(): Promise<readonly PointState[]> {
    this.#requireStarted();
    return (await this.#points.get()).points;
  }

  /** Throws `NoSuchPoint`, `NotReady` or a `DatabaseError`. */
  async series(query: SeriesQuery, signal: AbortSignal): Promise<Series> {
    await this.#requirePoint(query.meteringPointId);
    return columnsOf(await this.#options.database.history.series(query, signal));
  }

  /** Throws `NoSuchPoint`, `NotReady` or a `DatabaseError`. */
  async completeness(meteringPointId: string, year: number, signal: AbortSignal): Promise<Completeness> {
    await this.#requirePoint(meteringPointId);
    const today = localDay(this.#options.now()).toString();
    const days = await this.#options.database.history.daysOfYear(meteringPointId, year, signal);
    return {
      days: days.map((day) => ({ day: day.day, hours: day.hours, expected: day.expected, state: stateOf(day, today) })),
    };
  }

  /** The hours of some days as CSV, piece by piece. Throws `NoSuchPoint`, `NotReady` or a `DatabaseError`. */
  async csv(
    {
      point,
      from,
      to,
      locale,
    }: { point: string; from?: string | undefined; to?: string | undefined; locale: CsvLocale },
    signal: AbortSignal,
  ): Promise<AsyncGenerator<string, void, undefined>> {
    await this.#requirePoint(point);
    return csvOf(this.#options.database.history.exportHours(point, from, to, signal), { locale });
  }

  /** Why the program is not doing its job now; empty where it is. Fixed words, which tell a stranger nothing. */
  async notReady(signal: AbortSignal): Promise<string[]> {
    const { cycles } = this.#options;
    const { last } = cycles();
    const reasons: string[] = [];
    if (last === undefined) reasons.push("no cycle has ended yet");
    if (last?.problem !== undefined) reasons.push("the last cycle failed");
    if (this.#overdue().length > 0) reasons.push("the next cycle is overdue");
    try {
      await this.#requireAnswer(signal);
      // What it takes to compare the account with those recorded is no matter of the database: on a busy machine it may be long.
      const pause = await this.pause(signal);
      if (pause !== undefined) reasons.push(pauseInFixedWords(pause));
    } catch {
      // Why is told to those who may see the page, and to the log by the next cycle.
      reasons.push("the database does not answer");
    }
    return reasons;
  }

  #overdue(): OverviewProblem[] {
    const { overdueEpochMs } = this.#options.cycles();
    if (overdueEpochMs === undefined || this.#options.now() <= overdueEpochMs) return [];
    return [
      {
        message: "The next cycle is overdue.",
        nextStep: "See what the log says last, and start the program anew if it says nothing more.",
      },
    ];
  }

  async #readPoints() {
    const { history } = this.#options.database;
    const nowEpochMs = this.#options.now();
    const today = localDay(nowEpochMs).toString();
    const rows = await history.meteringPoints();
    const known = new Map(rows.map((point) => [point.id, point] as const));
    const status = await history.status({ nowEpochMs, fromDay: today, toDay: today });
    const mirrored = status.find(({ isFollowed }) => isFollowed)?.id;
    return {
      points: status.map((point) => pointState(point, known.get(point.id), nowEpochMs)),
      moved: movedHouse(rows, mirrored, today, nowEpochMs),
    };
  }

  /** Throws where the database does not answer in time. */
  async #requireAnswer(signal: AbortSignal): Promise<void> {
    this.#requireStarted();
    const { controller, release } = controllerUnder(signal, AbortSignal.timeout(READY_TIMEOUT_MS));
    try {
      await this.#options.database.ping(controller.signal);
    } finally {
      release();
    }
  }

  #requireStarted(): void {
    if (!this.#options.database.isStarted) throw new NotReady();
  }

  async #requirePoint(id: string): Promise<void> {
    if (!(await this.points()).some((point) => point.id === id)) throw new NoSuchPoint();
  }
}

function guardOf(pause: LoginPause | undefined): OverviewGuard {
  if (pause === undefined)
    return { heldUntil: null, rejected: null, kind: null, posted: null, words: null, transcript: null };
  return {
    heldUntil: pause.nextPostEpochMs ?? INDEFINITELY_EPOCH_MS,
    rejected: pause.kind === "rejected" ? pause.lastPostEpochMs : null,
    kind: pause.kind,
    posted: pause.lastPostEpochMs,
    words: pause.words ?? null,
    transcript: pause.transcriptFile ?? null,
  };
}

/** Nothing of Caruna's words, and no path: whoever reaches the address may read it. */
function pauseInFixedWords({ kind, nextPostEpochMs }: LoginPause): string {
  const next = nextPostEpochMs === undefined ? "none" : new Date(nextPostEpochMs).toISOString();
  return `the login is paused (${kind}), next password post: ${next}; see caruna-integration status`;
}

function pointState(
  status: MeteringPointStatus,
  known: KnownMeteringPoint | undefined,
  nowEpochMs: number,
): PointState {
  const gaps = status.gaps.map(({ startEpochMs, endEpochMs }) => ({ start: startEpochMs, end: endEpochMs }));
  return {
    id: status.id,
    address: known?.address ?? "",
    product: status.product,
    fuse: known?.fuse ?? null,
    gsrn: known?.gsrn ?? null,
    isFollowed: status.isFollowed,
    firstHour: status.oldestHourEpochMs,
    lastHour: status.newestHourEpochMs,
    hours: status.hours,
    hoursExpected: expectedHours(status, nowEpochMs),
    gaps: gaps.slice(0, GAPS_LISTED),
    gapCount: gaps.length,
    gapHours: gaps.reduce((hours, { start, end }) => hours + (end - start) / 3_600_000, 0),
    verified: status.verifiedEpochMs,
    nextAsk: status.nextAskEpochMs,
    lookBack: status.lookBack,
  };
}

function columnsOf(rows: readonly SeriesRow[]): Series {
  return {
    start: rows.map((row) => row.start),
    kwhTotal: rows.map((row) => row.kwhTotal),
    kwhDay: rows.map((row) => row.kwhDay),
    kwhNight: rows.map((row) => row.kwhNight),
    kwhNightWinter: rows.map((row) => row.kwhNightWinter),
    kwhProduction: rows.map((row) => row.kwhProduction),
    celsius: rows.map((row) => row.celsius),
    eurTotal: rows.map((row) => row.eurTotal),
    hours: rows.map((row) => row.hours),
    hoursExpected: rows.map((row) => row.hoursExpected),
  };
}

/** A day that is not over yet is no gap while nothing of it is there. */
function stateOf({ day, hours, expected, isVerified }: DayOfYear, today: string): DayState {
  if (day > today || (day === today && hours === 0)) return "future";
  if (hours === 0) return "missing";
  if (hours < expected) return "partial";
  return isVerified ? "verified" : "complete";
}
