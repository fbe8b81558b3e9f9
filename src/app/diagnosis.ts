import { homedir } from "node:os";
import type { Temporal } from "temporal-polyfill";
import {
  AccessRefused,
  type CarunaClient,
  CredentialsRejected,
  installedBrowser,
  LoginChanged,
  LoginPaused,
  loginAddress,
  type MeteringPoint,
  nextStepOfPause,
  PersonNeeded,
  type Reached,
  reach,
} from "../caruna/index.js";
import { type Account, type Configuration, prepareStateDirectory, requireAccount } from "../config/index.js";
import {
  Database,
  DatabaseError,
  type DatabaseInspection,
  movedHouse,
  ORIGINALS_LAST_TABLE,
} from "../database/index.js";
import { lastDays, localDay, readingsOfDay } from "../energy/index.js";
import type { Logger } from "../shared/logger.js";
import { Listing, MeteringPointNotFound, NoMeteringPoint, namedMeteringPoint } from "../sync/index.js";
import { exitCodeOf, messageOf } from "./exit-codes.js";
import { browserOptions, carunaClient, databaseSettings, keptSession, loginGuard } from "./state.js";
import { type FreeBytes, readStorage, type Storage, storageInWords } from "./storage.js";

const CHECKS = [
  "configuration",
  "state directory",
  "database",
  "portal",
  "login host",
  "browser",
  "login",
  "metering points",
  "one day of energy",
] as const;
type CheckName = (typeof CHECKS)[number];

/** What became of one check; all texts are fit for strangers' eyes. */
export interface Check {
  readonly name: CheckName;
  readonly status: "ok" | "failed" | "not checked";
  /** What was seen, or what went wrong. */
  readonly reason: string;
  /** What to do now; null where there is nothing to do. */
  readonly nextStep: string | null;
}

export interface Diagnosis {
  readonly checks: readonly Check[];
  /** 0, or that of the first failure. */
  readonly exitCode: number;
  /** Undefined where the database could not be reached. */
  readonly storage: Storage | undefined;
}

export interface DiagnosisOptions {
  /** Reads the settings; throws `ConfigurationError`. */
  readonly load: () => Configuration;
  /** The log of the parts, once the settings are known. */
  readonly logger: (configuration: Configuration) => Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** By default asks the system. */
  readonly freeBytes?: FreeBytes;
}

/** Caruna+ shows not one hour of a day that it should have. */
class NoHours extends Error {
  override readonly name = "NoHours";
}

/** Most metering points that are asked for a day: some may be dormant. */
const POINTS_ASKED = 4;

/**
 * Checks, in order, everything that a cycle needs, and writes to no table of hours. A failed check stops only those that
 * build on it. The password is posted at most once, and never while the login is paused. Throws the signal's reason.
 */
export async function diagnose(options: DiagnosisOptions, signal: AbortSignal): Promise<Diagnosis> {
  const checks = new Checks(signal);
  const loaded: { configuration?: Configuration } = {};
  const account = await checks.run("configuration", true, async () => {
    loaded.configuration = options.load();
    const { caruna, database, warnings } = loaded.configuration;
    checks.keepPrivate([caruna.username, caruna.password, caruna.meteringPoint]);
    const told = [`the settings are complete; the database is ${databaseInWords(database)}`, ...warnings];
    return [told.join("; "), requireAccount(loaded.configuration)];
  });
  const { configuration } = loaded;
  await checks.run("state directory", configuration, async ({ stateDir }) => {
    prepareStateDirectory(stateDir);
    return [`${stateDir} can be written`, true];
  });
  if (configuration === undefined) return checks.diagnosis(undefined);
  const logger = options.logger(configuration);
  const database = new Database(databaseSettings(configuration), logger);
  let storage: Storage | undefined;
  try {
    const inspection = await checks.run("database", configuration, async () => {
      const seen = await database.inspect(signal);
      storage = await readStorage(configuration, database, options.freeBytes, signal);
      const facts = storageInWords(storage, { forStrangers: true });
      const odd = await oddInDatabase(seen, database, options.now(), signal);
      return [[inspectionInWords(seen), ...facts, ...odd].join("; "), seen];
    });
    const guarded = inspection?.kind === "there" && inspection.hasLoginGuard ? database : undefined;
    await checkCaruna(checks, { ...options, configuration, account, logger, guarded }, signal);
  } finally {
    await database.stop();
  }
  return checks.diagnosis(storage);
}

interface CarunaOptions extends Pick<DiagnosisOptions, "now"> {
  readonly configuration: Configuration;
  readonly account: Account | undefined;
  readonly logger: Logger;
  /** The database that remembers rejected passwords; undefined where it cannot be asked. */
  readonly guarded: Database | undefined;
}

async function checkCaruna(checks: Checks, options: CarunaOptions, signal: AbortSignal): Promise<void> {
  const { baseUrl, allowedHosts, proxy } = options.configuration.caruna;
  const portal = await checks.run("portal", baseUrl, async () => {
    const reached = await reach(new URL(baseUrl), proxy, signal);
    return [reachedInWords(reached), reached];
  });
  const loginHost = await checks.run("login host", portal, async () => {
    const reached = await reach(await loginAddress({ baseUrl, allowedHosts, proxy }, signal), proxy, signal);
    return [reachedInWords(reached), reached];
  });
  await checks.run("browser", true, async () => [await browserInWords(options.configuration), true]);
  const client = options.account === undefined ? undefined : clientOf(options, options.account);
  try {
    const loggedIn = await checks.run("login", loginHost && client, async ({ client: caruna, store }) => {
      const before = await store.load();
      const customers = await caruna.customerNumbers({ signal });
      checks.keepPrivate(customers);
      const isKept = before !== undefined && before.token === (await store.load())?.token;
      const how = isKept ? "a session kept from an earlier login is still good" : "Caruna+ accepts the account";
      return [`${how}; it sees ${counted(customers.length, "customer number")}`, caruna];
    });
    const points = await checks.run("metering points", loggedIn, async (caruna) => {
      const listing = new Listing(caruna, options.configuration.caruna.customers, options.logger);
      const { points: listed, answered, failed } = await listing.readByCustomer([], signal);
      const [refused] = failed;
      if (refused !== undefined && answered.length === 0) throw refused.error;
      const found = listed.map(({ point }) => point);
      checks.keepPrivate(found.flatMap(({ assetId, gsrn, address }) => [assetId, gsrn ?? undefined, address]));
      const ordered = followedFirst(found, options.configuration.caruna.meteringPoint);
      const without =
        refused === undefined ? "" : `; without ${counted(failed.length, "customer number")}: ${refused.error.message}`;
      return [`${counted(found.length, "metering point")}${without}`, { caruna, ordered }];
    });
    await checks.run("one day of energy", points, async ({ caruna, ordered }) => {
      const [day] = lastDays(options.now(), 2);
      if (day === undefined) throw new NoHours("there is no day to ask for");
      return [await hoursInWords(caruna, ordered.slice(0, POINTS_ASKED), day, signal), true];
    });
  } finally {
    client?.client.close();
  }
}

function clientOf({ configuration, logger, guarded, now }: CarunaOptions, account: Account) {
  const store = keptSession(configuration, logger);
  const guard = guarded && loginGuard(guarded, configuration, account, now);
  const client = carunaClient(configuration, account, {
    ...{ sessionStore: store, logger },
    ...(guard === undefined ? {} : { guard }),
    // A person waits: what fails now may be told now.
    retries: 1,
  });
  return { client, store };
}

/** The metering point that the settings name; all of them where they name none. */
function followedFirst(found: readonly MeteringPoint[], wanted: string | undefined): readonly MeteringPoint[] {
  if (found.length === 0) throw new NoMeteringPoint();
  return wanted === undefined ? found : [namedMeteringPoint(found, wanted)];
}

async function hoursInWords(
  caruna: CarunaClient,
  points: readonly MeteringPoint[],
  day: Temporal.PlainDate,
  signal: AbortSignal,
): Promise<string> {
  for (const meteringPoint of points) {
    const query = { meteringPoint, timespan: "daily", year: day.year, month: day.month, day: day.day } as const;
    const answer = await caruna.energyAnswer(query, { signal }).catch((error: unknown) => {
      if (!(error instanceof AccessRefused) || error.duringLogin || meteringPoint === points.at(-1)) throw error;
      // One that is refused says nothing of the others.
      return { rows: [], unreadable: [] };
    });
    const { rows, unreadable } = answer;
    const { readings, unpublished, problems, unknownParts } = readingsOfDay(rows, day);
    if (readings.length === 0) continue;
    const odd = [...unreadable, ...problems, ...unknownParts.map((part) => `unknown part ${part}`)];
    const told = odd.length === 0 ? "" : `; not understood: ${odd.slice(0, 3).join("; ")}`;
    return `${readings.length} of ${readings.length + unpublished} hours of ${day}${told}`;
  }
  throw new NoHours(`Caruna+ shows no hour of ${day} for ${counted(points.length, "metering point")}`);
}

/** Whether a browser is there, and what for. One that is named and is not there is a mistake; otherwise none is needed yet. */
async function browserInWords(configuration: Configuration): Promise<string> {
  const { browser } = configuration.caruna;
  const { executable, problem } = await installedBrowser(browserOptions(configuration));
  if (executable !== undefined) return `${executable} is there, for a page of the login that only its script can pass`;
  if (browser !== "auto" && browser !== "none") throw new Error(problem);
  return `none, and Caruna+'s login needs none as we know it; should it come to need one: ${problem}`;
}

function databaseInWords(database: Configuration["database"]): string {
  return database.kind === "embedded" ? "the embedded PostgreSQL" : "a PostgreSQL server";
}

/** What a user should know of what is stored. */
async function oddInDatabase(seen: DatabaseInspection, database: Database, nowEpochMs: number, signal: AbortSignal) {
  if (seen.kind === "not made yet") return [];
  const odd = seen.hasOriginalsLastTable ? [ORIGINALS_LAST_TABLE] : [];
  // Before an upgrade the tables are not yet as they are read.
  if (seen.pending.length > 0) return odd;
  const known = await database.sync.meteringPoints(signal);
  const mirrored = await database.sync.followedMeteringPoint(signal);
  if (movedHouse(known, mirrored, localDay(nowEpochMs).toString(), nowEpochMs) === undefined) return odd;
  return [
    ...odd,
    "the metering point that energy_hourly mirrors has ended, and there is another one: caruna-integration status has the line to set",
  ];
}

function inspectionInWords(seen: DatabaseInspection): string {
  if (seen.kind === "not made yet")
    return `the embedded PostgreSQL ${seen.version} runs on this machine; its data are made by the first start`;
  const hours = seen.hours === null ? "no table of hours yet" : `${counted(seen.hours, "hour")} stored`;
  const pending = seen.pending.length === 0 ? "" : `; the next start brings it up to date (${seen.pending.join(", ")})`;
  return `PostgreSQL ${seen.version} lets us in, the rights suffice, ${hours}${pending}`;
}

function reachedInWords({ host, tls }: Reached): string {
  if (tls === undefined) return `${host} answers (plain HTTP on this machine)`;
  return `${host} answers by ${tls.protocol}, with a trusted certificate that is valid until ${tls.certificateValidUntil}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Collects what became of the checks, in words without anything personal. */
class Checks {
  readonly #signal: AbortSignal;
  readonly #done: Check[] = [];
  #private: readonly string[] = [];
  #exitCode = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** What no reason may show from now on. Short values cannot be told from ordinary words, and are left. */
  keepPrivate(values: readonly (string | undefined)[]): void {
    this.#private = [...this.#private, ...values.filter((value) => value !== undefined && value.length >= 6)].flatMap(
      (value) => value ?? [],
    );
  }

  /** Runs a check that builds on what another one yielded; undefined where that one failed, or this one does. */
  async run<Need, Value>(
    name: CheckName,
    need: Need | undefined,
    check: (need: Need) => Promise<[reason: string, value: Value]>,
  ): Promise<Value | undefined> {
    if (need === undefined) return undefined;
    try {
      const [reason, value] = await check(need);
      this.#done.push({ name, status: "ok", reason: this.#public(reason), nextStep: null });
      return value;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (this.#exitCode === 0) this.#exitCode = error instanceof NoHours ? 4 : exitCodeOf(error);
      const nextStep = this.#public(nextStepAfter(name, error));
      this.#done.push({ name, status: "failed", reason: this.#public(reasonOf(error)), nextStep });
      return undefined;
    }
  }

  /** All checks in order; what was not run built on one that failed. */
  diagnosis(storage: Storage | undefined): Diagnosis {
    const checks = CHECKS.map((name): Check => {
      const done = this.#done.find((check) => check.name === name);
      const reason = "it builds on a check that failed";
      return done ?? { name, status: "not checked", reason, nextStep: null };
    });
    return { checks, exitCode: this.#exitCode, storage: storage && this.#publicStorage(storage) };
  }

  #publicStorage(storage: Storage): Storage {
    const { place } = storage;
    if (place.kind === "embedded") return { ...storage, place: { ...place, directory: this.#public(place.directory) } };
    return { ...storage, place: { ...place, host: "…", database: "…" } };
  }

  /** E-mail addresses, numbers of customers and metering points, and the home folder, which bears a name, are left out. */
  #public(text: string): string {
    const home = homedir();
    const masked = this.#private.reduce((rest, value) => rest.replaceAll(value, "…"), text);
    return (home.length > 1 ? masked.replaceAll(home, "~") : masked)
      .replace(/[^\s@"'<>(),;]+@[^\s@"'<>(),;]+/g, "…@…")
      .replace(/\d{6,}/g, "…");
  }
}

function reasonOf(error: unknown): string {
  // The usual message lists the metering points with their addresses, for the person alone.
  if (error instanceof MeteringPointNotFound) return "METERING_POINT names none of the account's metering points";
  return messageOf(error);
}

const NEXT_STEPS: Readonly<Record<CheckName, string>> = {
  configuration: "Correct these settings in .env or in the environment; .env.example lists them all.",
  "state directory": "Give the folder to the user that runs this program, or set STATE_DIR to another one.",
  database: "Mend what is named, and run doctor again.",
  portal:
    "See whether a browser on this machine opens that host; if it does not, check the network and the clock, or wait.",
  "login host":
    "See whether a browser on this machine gets to Caruna+'s login page; if it does not, check the network, or wait.",
  browser: "Correct CARUNA_BROWSER, or take it away: an installed browser is then found by itself.",
  login: "See whether a browser can log in, and run doctor again in an hour.",
  "metering points": "See whether plus.caruna.fi shows a metering point to this account.",
  "one day of energy": "See whether plus.caruna.fi shows that day; if it does, this program needs an update.",
};

function nextStepAfter(name: CheckName, error: unknown): string {
  if (error instanceof CredentialsRejected)
    return "Log in at plus.caruna.fi with a browser, correct CARUNA_USER and CARUNA_PASSWORD, then run: caruna-integration login";
  if (error instanceof LoginPaused) return nextStepOfPause(error.pause);
  if (error instanceof PersonNeeded) return error.nextStep;
  if (error instanceof LoginChanged) {
    const file = error.transcriptFile === undefined ? "" : `, with the file ${error.transcriptFile}`;
    return `If a browser can log in: update this program; if it is the newest, report what is said here${file}.`;
  }
  if (error instanceof MeteringPointNotFound)
    return "Run caruna-integration start --once: it lists the metering points with the line to set (not for the public).";
  return error instanceof DatabaseError ? NEXT_STEPS.database : NEXT_STEPS[name];
}
