import type { Temporal } from "temporal-polyfill";
import type { LoginPause } from "../caruna/index.js";
import type { Configuration } from "../config/index.js";
import { ailment, uptime } from "../daemon/index.js";
import {
  type AccessRefusalRow,
  Database,
  describeRefusal,
  type MeteringPointStatus,
  type MovedHouse,
  movedHouse,
} from "../database/index.js";
import { expectedHours, hoursOfDay, lastDays, localDay } from "../energy/index.js";
import type { Logger } from "../shared/logger.js";
import { databaseSettings, healthFile, keptSession, loginGuard } from "./state.js";
import { readStorage, type Storage } from "./storage.js";

/** What there is of a metering point, with what there should be. */
export interface StatusOfPoint extends MeteringPointStatus {
  /** Hours from the first stored one to the end of yesterday, or of the contract. */
  readonly hoursExpected: number;
}

export interface Status {
  readonly nowEpochMs: number;
  /** What came of the last password post, where it was not accepted, and when the next one is; undefined otherwise. */
  readonly login: LoginPause | undefined;
  /** By id; empty where nothing was loaded yet. */
  readonly points: readonly StatusOfPoint[];
  /** That what `energy_hourly` mirrors has ended, and what to do; undefined where it goes on. */
  readonly moved: MovedHouse | undefined;
  /** What Caruna+ refuses to show. */
  readonly refusals: readonly (AccessRefusalRow & { readonly message: string; readonly nextStep: string })[];
  readonly storage: Storage;
  /** The days whose sums are told, earliest first. */
  readonly lastDays: readonly { readonly day: Temporal.PlainDate; readonly hours: number }[];
}

const DAYS_OF_STATUS = 14;

/** What there is in the database, without a request to Caruna+. Throws subclasses of `DatabaseError`. */
export async function readStatus(configuration: Configuration, logger: Logger, signal: AbortSignal): Promise<Status> {
  const nowEpochMs = Date.now();
  const days = lastDays(nowEpochMs, DAYS_OF_STATUS);
  const shown = days.map((day) => ({ day, hours: hoursOfDay(day).length }));
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const inspection = await database.inspect(signal);
    const storage = await readStorage(configuration, database, undefined, signal);
    if (inspection.kind === "not made yet")
      return { nowEpochMs, login: undefined, points: [], moved: undefined, refusals: [], storage, lastDays: shown };
    await database.check(signal);
    const [first, last] = [String(days[0]), String(days.at(-1))];
    const points = await database.sync.status({ nowEpochMs, fromDay: first, toDay: last }, signal);
    const known = await database.sync.meteringPoints(signal);
    const mirrored = points.find(({ isFollowed }) => isFollowed)?.id;
    const { username, password } = configuration.caruna;
    const account = username === undefined || password === undefined ? undefined : { username, password };
    const guard = account && loginGuard(database, configuration, account, Date.now);
    const refusals = await database.sync.refusals(undefined, signal);
    return {
      nowEpochMs,
      login: await guard?.lastFailure(signal),
      moved: movedHouse(known, mirrored, localDay(nowEpochMs).toString(), nowEpochMs),
      points: points.map((point) => ({ ...point, hoursExpected: expectedHours(point, nowEpochMs) })),
      refusals: refusals.map((refusal) => ({ ...refusal, ...describeRefusal(refusal) })),
      storage,
      lastDays: shown,
    };
  } finally {
    await database.stop();
  }
}

/** What ails the running program that these settings belong to, in one line; undefined where it is well. */
export async function askHealth(configuration: Configuration): Promise<string | undefined> {
  return await ailment(healthFile(configuration), Date.now(), await uptime());
}

/** Forgets the session that these settings keep, cookies included. The next cycle of a program logs in anew. */
export async function forgetSession(configuration: Configuration, logger: Logger): Promise<void> {
  await keptSession(configuration, logger).clear();
}
