import type { Logger } from "../shared/logger.js";
import { copyTables } from "./backup/copy.js";
import { tableDigests } from "./backup/digests.js";
import type { BackupManifest } from "./backup/manifest.js";
import { type RestoreOptions, restoreBackup } from "./backup/restore.js";
import { type BackupOptions, writeBackup } from "./backup/write.js";
import { ConnectionPool, type RowBatch } from "./connection/connection-pool.js";
import { DatabaseFailed } from "./connection/errors.js";
import type { DatabaseSettings, ServerSettings } from "./connection/settings.js";
import { EmbeddedServer } from "./embedded/server.js";
import { type ForgetContent, type ForgetRequest, forget, readForgetContent } from "./forget.js";
import { HistoryStore } from "./history-store.js";
import { hoursBetween, newestStoredHours, type StoredHour } from "./hours/energy-hourly.js";
import { DatabaseLoginGuard, type LoginGuardSettings } from "./login-guard.js";
import { listRelations, type Relation, readOnlyQuery } from "./query.js";
import { type DatabaseInspection, inspectTables } from "./schema/inspect.js";
import { areAsChecked, type CheckedTables, migrate } from "./schema/migrate.js";
import { LAST_BACKUP, readStorage, type StorageFacts } from "./storage.js";
import { writeState } from "./sync-state.js";
import { SyncStore } from "./sync-store.js";

/** For a page and a monitoring system; more of them wait for one another. */
const LOOKING_CONNECTIONS = 2;

/**
 * The database of the hours: an embedded PostgreSQL, or the server that the settings name.
 *
 * All methods throw subclasses of `DatabaseError`, whose messages say what to do, or the reason of the signal after an
 * abort. An abort leaves a batch either whole or undone.
 */
export class Database {
  /** Metering points, their hours, and what the engine remembers; good whenever the database is started. */
  readonly sync: SyncStore;
  /** What is stored, for those who look at it; good whenever the database is started. */
  readonly history: HistoryStore;
  readonly #source: EmbeddedServer | ServerSettings;
  readonly #logger: Logger;
  #server: ServerSettings | undefined;
  /** Undefined until the tables of this server were checked. */
  #checked: CheckedTables | undefined;
  #pool: ConnectionPool | undefined;
  #lookingPool: ConnectionPool | undefined;

  constructor(settings: DatabaseSettings, logger: Logger) {
    this.sync = new SyncStore(() => this.#requirePool());
    this.history = new HistoryStore(() => this.#requireLookingPool());
    this.#logger = logger;
    this.#source = settings.kind === "embedded" ? new EmbeddedServer(settings.directory, logger) : settings;
  }

  /** Starts the embedded server where there is one, connects, and brings the tables up to date. Call `stop()` even if it throws. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.check(signal);
  }

  /**
   * Makes sure that hours can be stored now: that the server is up (the embedded one is started again if it is not) and
   * lets us in, and, once, that the tables and the rights are there. For the beginning of a cycle. Tables and rights are
   * looked at again when a newer version has changed them, and when PostgreSQL reports that one is missing or altered.
   */
  async check(signal?: AbortSignal): Promise<void> {
    const pool = await this.#connect(signal);
    if (this.#checked !== undefined && (await areAsChecked(pool, this.#checked, signal))) return;
    this.#checked = undefined;
    this.#checked = await migrate(pool, this.#logger, signal);
  }

  /** Called when PostgreSQL reports that a table is not as it was checked. Returns whether it is as it must be now. */
  async #checkAgain(signal: AbortSignal | undefined): Promise<boolean> {
    // While it is being checked, its error is the one to report.
    if (this.#checked === undefined) return false;
    this.#checked = undefined;
    await this.check(signal);
    return true;
  }

  /** Resolves when it has answered a short question, good whenever it is started. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.#requirePool().use((session) => session.execute("SELECT 1"), signal);
  }

  /** Whether it is started, so that what it holds can be read. */
  get isStarted(): boolean {
    return this.#pool !== undefined;
  }

  /** What there is, without making or changing anything (the embedded server is started where it has data). */
  async inspect(signal?: AbortSignal): Promise<DatabaseInspection> {
    const embedded = await this.#embedded?.inspect();
    if (embedded?.hasData === false) return { kind: "not made yet", version: String(embedded.majorVersion) };
    return await inspectTables(await this.#connect(signal), signal);
  }

  /** Where the data are and how much they are; makes and changes nothing. */
  async storage(signal?: AbortSignal): Promise<StorageFacts> {
    const source = this.#source;
    if (!(source instanceof EmbeddedServer)) {
      const { host, port, database } = source;
      const facts = await (await this.#connect(signal)).use(readStorage, signal);
      return { place: { kind: "server", host, port, database }, ...facts };
    }
    const place = { kind: "embedded", directory: source.directory } as const;
    if (!(await source.inspect()).hasData) return { place, bytes: 0, lastBackupEpochMs: null };
    return { place, ...(await (await this.#connect(signal)).use(readStorage, signal)) };
  }

  /** The stored hours with a total that begin at or after `startEpochMs` and before `endEpochMs`, earliest first. */
  async hoursBetween(startEpochMs: number, endEpochMs: number, signal?: AbortSignal): Promise<StoredHour[]> {
    return await hoursBetween(this.#requirePool(), startEpochMs, endEpochMs, signal);
  }

  /**
   * The stored hours of the newest local day (Europe/Helsinki) that has at least twelve of them, earliest first; where
   * there is no such day, those of the newest day at all; an empty list for an empty table.
   */
  async newestStoredHours(signal?: AbortSignal): Promise<StoredHour[]> {
    return await newestStoredHours(this.#requirePool(), signal);
  }

  /**
   * The record of password posts to an account of Caruna+, good whenever the database is started.
   *
   * @param credentials base address, user and password; of these only salted hashes are stored.
   * @param now milliseconds since the epoch.
   */
  loginGuard(credentials: readonly string[], now: () => number, options: LoginGuardSettings = {}): DatabaseLoginGuard {
    return new DatabaseLoginGuard({ ...options, credentials, now, pool: () => this.#requirePool() });
  }

  /**
   * Runs one statement of a person's own in a transaction that can only read; no table is made or changed. Throws
   * `QueryRefused` too. Returns false where there is no database yet.
   */
  async query(text: string, take: (batch: RowBatch) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    return await this.#streaming(async (pool) => await readOnlyQuery(pool, text, take, signal), signal);
  }

  /** The tables and views, with what each holds; empty where there is no database yet. */
  async relations(signal: AbortSignal): Promise<Relation[]> {
    const found: Relation[] = [];
    await this.#streaming(async (pool) => void found.push(...(await listRelations(pool, signal))), signal);
    return found;
  }

  /**
   * Writes a backup of all tables as they are now; other programs go on writing meanwhile. Returns what it has, undefined where
   * there is no database yet. Throws what `options.write` throws too.
   */
  async backup(options: BackupOptions, signal: AbortSignal): Promise<BackupManifest | undefined> {
    let manifest: BackupManifest | undefined;
    await this.#streaming(async (pool) => {
      manifest = await writeBackup(pool, options, signal);
    }, signal);
    return manifest;
  }

  /**
   * Puts the rows of a backup, which was checked, into the tables, which are made where they are missing. Throws
   * `DatabaseInUse` and `BackupUnreadable` too.
   */
  async restore(options: RestoreOptions, signal: AbortSignal): Promise<void> {
    await this.check(signal);
    await this.#streaming((pool) => restoreBackup(pool, options, signal), signal);
  }

  /** Remembers when a backup was made, for those who ask. */
  async noteBackup(createdAt: Date, signal: AbortSignal): Promise<void> {
    await this.#streaming(
      (pool) => pool.use((session) => writeState(session, LAST_BACKUP, createdAt.toISOString()), signal),
      signal,
    );
  }

  /** Counts what `forget` would remove; the database is started. */
  async forgettable(request: ForgetRequest, signal: AbortSignal): Promise<ForgetContent> {
    return await this.#withTime(
      (pool) => pool.transaction((session) => readForgetContent(session, request), signal),
      signal,
    );
  }

  /**
   * Removes everything of some metering points and of an account, all of it or nothing; the database is started. Throws
   * `DatabaseInUse` too.
   */
  async forget(request: ForgetRequest, signal: AbortSignal): Promise<ForgetContent> {
    return await this.#withTime((pool) => pool.transaction((session) => forget(session, request), signal), signal);
  }

  /** Copies from a database that this one is to take the place of what no backup has and the program must not forget. */
  async takeOver(from: Database, signal: AbortSignal): Promise<void> {
    await this.check(signal);
    const copy = (source: ConnectionPool) => this.#withTime((pool) => copyTables(source, pool, signal), signal);
    await from.#streaming(copy, signal);
  }

  /** A digest of the rows of each table of a backup, as they are here. */
  async digests(manifest: BackupManifest, signal: AbortSignal): Promise<Map<string, string>> {
    let digests = new Map<string, string>();
    await this.#streaming(async (pool) => {
      digests = await tableDigests(pool, manifest.tables, signal);
    }, signal);
    return digests;
  }

  /** Hands over a connection for a long answer, where there is a database. */
  async #streaming(read: (pool: ConnectionPool) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const embedded = await this.#embedded?.inspect();
    if (embedded?.hasData === false) return false;
    await this.#withTime(read, signal);
    return true;
  }

  /** Hands over a connection whose statements may take as long as they take. */
  async #withTime<Result>(work: (pool: ConnectionPool) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const pool = new ConnectionPool(await this.#findServer(signal), this.#logger, {
      connections: 1,
      queryTimeoutMs: 0,
    });
    try {
      return await work(pool);
    } finally {
      await pool.close();
    }
  }

  /** Closes the connections after what is under way, and stops the embedded server unless another program uses it. */
  async stop(): Promise<void> {
    await this.#closePools();
    await this.#embedded?.stop();
  }

  get #embedded(): EmbeddedServer | undefined {
    return this.#source instanceof EmbeddedServer ? this.#source : undefined;
  }

  async #connect(signal: AbortSignal | undefined): Promise<ConnectionPool> {
    const server = await this.#findServer(signal);
    if (!this.#pool || server !== this.#server) {
      await this.#closePools();
      this.#pool = new ConnectionPool(server, this.#logger, { onAltered: (aborted) => this.#checkAgain(aborted) });
      this.#checked = undefined;
      this.#server = server;
    }
    return this.#pool;
  }

  async #findServer(signal: AbortSignal | undefined): Promise<ServerSettings> {
    return this.#source instanceof EmbeddedServer ? await this.#source.start(signal) : this.#source;
  }

  async #closePools(): Promise<void> {
    const pools = [this.#pool, this.#lookingPool];
    this.#pool = undefined;
    this.#lookingPool = undefined;
    await Promise.all(pools.map((pool) => pool?.close()));
  }

  /** Opened when the first one looks. */
  #requireLookingPool(): ConnectionPool {
    if (this.#pool === undefined || this.#server === undefined) return this.#requirePool();
    this.#lookingPool ??= new ConnectionPool(this.#server, this.#logger, { connections: LOOKING_CONNECTIONS });
    return this.#lookingPool;
  }

  #requirePool(): ConnectionPool {
    if (!this.#pool) {
      throw new DatabaseFailed("The database was used before start() or after stop().");
    }
    return this.#pool;
  }
}
