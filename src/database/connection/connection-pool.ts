import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionOptions } from "node:tls";
import { Client, type ClientConfig, Pool, type PoolClient } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import { z } from "zod";
import { errorCode } from "../../shared/error-code.js";
import type { Logger } from "../../shared/logger.js";
import { BoundClient } from "./bound-client.js";
import { explainError, isAboutTables } from "./connection-errors.js";
import { DatabaseEncryptionFailed, DatabaseFailed } from "./errors.js";
import { APPLICATION_NAME, type ServerSettings, type SslMode } from "./settings.js";

const CONNECT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 60_000;
/** How long a statement in hand may go on after an abort before its connection is cut. */
const ABORT_GRACE_MS = 1_500;
const CLOSE_GRACE_MS = 2_000;
/**
 * Begins a transaction under the rules that our statements are written for, whatever the owner's defaults are; in one
 * message, and to the end of the transaction alone, so that nothing of it stays behind a connection pooler.
 *
 * A lock that somebody else holds is given up by the server, before we stop waiting for its answer and leave it waiting; an
 * owner's shorter limit stands. A transaction whose program is gone holds its locks until the server ends it, which
 * may otherwise notice only after hours that nobody is there.
 *
 * A server with LLVM compiles a statement anew each time that it guesses it to be long, for 100 to 200 ms, which none of
 * ours takes.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT set_config('lock_timeout', COALESCE(NULLIF(current_setting('lock_timeout'), '0'), '50s'), true),
    set_config('idle_in_transaction_session_timeout', '60s', true), set_config('jit', 'off', true)`;

type Encryption = false | ConnectionOptions;

/** A connection with parsed answers: `schema` describes one row. */
export interface Session {
  query<Row>(schema: z.ZodType<Row>, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** @returns how many rows the statement wrote; 0 for several statements. */
  execute(text: string, values?: readonly unknown[]): Promise<number>;
  /** Runs one statement of somebody else's and yields its rows as they come, each value as PostgreSQL writes it (NULL: null). */
  rows(text: string): AsyncIterable<RowBatch>;
  /** What `COPY … TO STDOUT` sends, in pieces that may end anywhere. */
  copyOut(text: string): AsyncIterable<Buffer>;
  /** Sends the pieces to `COPY … FROM STDIN`. */
  copyIn(text: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
}

/** Some rows of an answer, at most a thousand. */
export interface RowBatch {
  /** Name and type (its object id in pg_type) of each column. */
  readonly columns: readonly { readonly name: string; readonly typeId: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface PoolOptions {
  /** How many are open at one time, at most; 4 if not set. */
  readonly connections?: number;
  /** How long a statement may take; 0: as long as it takes, which streams need. */
  readonly queryTimeoutMs?: number;
  /** Called when PostgreSQL reports a table that is not as it should be. Where it returns true, the work is done again. */
  readonly onAltered?: (signal: AbortSignal | undefined) => Promise<boolean>;
}

/** A few connections to one server, opened as they are needed. All errors are `DatabaseError`s. */
export class ConnectionPool {
  readonly #server: ServerSettings;
  readonly #logger: Logger;
  readonly #options: PoolOptions;
  #pool: Promise<Pool> | undefined;
  #openedPool: Pool | undefined;
  #isClosed = false;
  #lossIsLogged = false;

  constructor(server: ServerSettings, logger: Logger, options: PoolOptions = {}) {
    this.#server = server;
    this.#logger = logger;
    this.#options = options;
  }

  /** Makes one connection, to find out whether the server takes TLS. */
  async #open(): Promise<Pool> {
    try {
      const config = clientConfig(this.#server, await this.#chooseEncryption());
      const { connections: max = 4, queryTimeoutMs: query_timeout = QUERY_TIMEOUT_MS } = this.#options;
      const pool = new Pool({ ...config, max, query_timeout, Client: clientClass(this.#server) });
      this.#listen(pool);
      if (this.#isClosed) {
        await pool.end();
      }
      this.#openedPool = pool;
      return pool;
    } catch (error) {
      throw explainError(error, this.#server);
    }
  }

  #listen(pool: Pool): void {
    // An idle connection that dies is taken out of the pool, and the next call opens a new one.
    pool.on("error", (error) => {
      if (!this.#lossIsLogged) {
        this.#lossIsLogged = true;
        this.#logger.warn(
          { problem: error.message },
          "A connection to PostgreSQL was lost; the next use opens a new one",
        );
      }
    });
  }

  /**
   * Runs `work` on one connection, and once more where `onAltered` has repaired the tables that it needs. After an abort, a
   * statement that does not end soon is left alone with the server, which does it whole or not at all.
   */
  async use<Result>(work: (session: Session) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    try {
      return await this.#useOnce(work, signal);
    } catch (error) {
      if (!isAboutTables(error) || (await this.#options.onAltered?.(signal)) !== true) throw error;
      return await this.#useOnce(work, signal);
    }
  }

  async #useOnce<Result>(
    work: (session: Session) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const client = await untilAborted(this.#connect(), signal, (late) => late.release());
    // The statement under way gets the same error; without a listener it would end the whole program.
    const ignore = () => undefined;
    client.on("error", ignore);
    let isReleased = false;
    const release = (broken: boolean) => {
      if (!isReleased) {
        isReleased = true;
        client.off("error", ignore);
        client.release(broken);
      }
    };
    let grace: NodeJS.Timeout | undefined;
    const onAbort = () => {
      grace = setTimeout(() => release(true), ABORT_GRACE_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const result = await work(sessionOf(client));
      release(false);
      this.#lossIsLogged = false;
      return result;
    } catch (error) {
      release(isConnectionBroken(error));
      throw signal?.aborted ? signal.reason : explainError(error, this.#server);
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Runs `work` in one transaction: all of it is done, or nothing. */
  async transaction<Result>(work: (session: Session) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return await this.use(async (session) => {
      await session.execute(BEGIN);
      try {
        const result = await work(session);
        await session.execute("COMMIT");
        return result;
      } catch (error) {
        // The first error is the one to tell; a connection that cannot even roll back is broken, and so rolled back.
        await session.execute("ROLLBACK").catch(() => undefined);
        throw error;
      }
    }, signal);
  }

  /** Closes every connection after what is under way on it; one that hangs is not waited for long. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.race([this.#openedPool?.end(), delay(CLOSE_GRACE_MS, undefined, { ref: false })]);
  }

  async #connect(mayChooseAnew = true): Promise<PoolClient> {
    if (this.#isClosed) {
      throw new DatabaseFailed("The connections to PostgreSQL were closed while they were still needed.");
    }
    this.#pool ??= this.#open().catch((error: unknown) => {
      this.#pool = undefined;
      throw error;
    });
    const opening = this.#pool;
    const pool = await opening;
    try {
      return await pool.connect();
    } catch (error) {
      const explained = explainError(error, this.#server);
      if (mayChooseAnew && explained instanceof DatabaseEncryptionFailed) {
        // Another server may answer at the address now, which takes TLS where the one before did not, or the reverse.
        if (this.#pool === opening) this.#pool = undefined;
        pool.end().catch(() => undefined);
        return await this.#connect(false);
      }
      throw explained;
    }
  }

  /** Tries what the sslmode allows, in libpq's order, until the server agrees. */
  async #chooseEncryption(): Promise<Encryption> {
    const choices = await encryptionChoices(this.#server);
    for (const [index, encryption] of choices.entries()) {
      const client = new (clientClass(this.#server))(clientConfig(this.#server, encryption));
      client.on("error", () => undefined);
      try {
        await client.connect();
        return encryption;
      } catch (error) {
        const isAboutEncryption = explainError(error, this.#server) instanceof DatabaseEncryptionFailed;
        if (index === choices.length - 1 || !isAboutEncryption) {
          throw error;
        }
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    return false;
  }
}

/** Stops waiting at an abort; what comes too late goes to `discard`. */
async function untilAborted<Result>(
  pending: Promise<Result>,
  signal: AbortSignal | undefined,
  discard: (late: Result) => void,
): Promise<Result> {
  return await new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal?.reason);
      pending.then(discard, () => undefined);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    pending.then(resolve, reject).finally(() => signal?.removeEventListener("abort", onAbort));
  });
}

async function encryptionChoices(server: ServerSettings): Promise<Encryption[]> {
  const isSocket = server.host.startsWith("/");
  if (server.channelBinding === "require" && (isSocket || server.sslmode === "disable")) {
    throw new DatabaseEncryptionFailed(
      "DATABASE_URL demands channel_binding=require, which needs TLS, and the connection is to go without it. " +
        "Set its sslmode to require or more, or leave channel_binding out.",
    );
  }
  if (isSocket) {
    return [false];
  }
  const authorities = server.sslRootCertificatePath && {
    ca: await readFile(server.sslRootCertificatePath, "utf8").catch((error: unknown) => {
      throw new DatabaseEncryptionFailed(
        `The file of the certificate authority, ${server.sslRootCertificatePath}, cannot be read (${errorCode(error)}). Correct sslrootcert in DATABASE_URL.`,
      );
    }),
  };
  const unchecked = { rejectUnauthorized: false };
  const checked = { ...authorities, rejectUnauthorized: true };
  const choices = choicesOf(server.sslmode, unchecked, checked);
  return server.channelBinding === "require" ? choices.filter((choice) => choice !== false) : choices;
}

function choicesOf(sslmode: SslMode, unchecked: ConnectionOptions, checked: ConnectionOptions): Encryption[] {
  switch (sslmode) {
    case "disable":
      return [false];
    case "allow":
      return [false, unchecked];
    case "prefer":
      return [unchecked, false];
    case "require":
      return [unchecked];
    case "verify-ca":
      return [{ ...checked, checkServerIdentity: () => undefined }];
    case "verify-full":
      return [checked];
  }
}

function clientClass({ channelBinding }: ServerSettings): typeof Client {
  return channelBinding === "require" ? BoundClient : Client;
}

function clientConfig(server: ServerSettings, ssl: Encryption): ClientConfig {
  const { host, port, database, user, password, connectTimeoutSeconds, sessionOptions } = server;
  return {
    ...{ host, port, database, user, ssl, ...(password === undefined ? {} : { password }) },
    ...(sessionOptions !== undefined && { options: sessionOptions }),
    application_name: server.applicationName ?? APPLICATION_NAME,
    connectionTimeoutMillis: connectTimeoutSeconds === undefined ? CONNECT_TIMEOUT_MS : connectTimeoutSeconds * 1000,
    enableChannelBinding: server.channelBinding !== "disable" && ssl !== false,
    keepAlive: true,
  };
}

function sessionOf(client: PoolClient): Session {
  return {
    async query(schema, text, values = []) {
      const { rows } = await client.query(text, [...values]);
      return rows.map((row: unknown) => schema.parse(row));
    },
    async execute(text, values) {
      const { rowCount } = await (values ? client.query(text, [...values]) : client.query(text));
      return rowCount ?? 0;
    },
    rows: (text) => readRows(client, text),
    copyOut: (text) => client.query(copyTo(text)),
    async copyIn(text, pieces) {
      await pipeline(pieces, client.query(copyFrom(text)));
    },
  };
}

const ROWS_A_BATCH = 1000;
const AS_TEXT = { getTypeParser: () => (value: string | Buffer) => value };

async function* readRows(client: PoolClient, text: string): AsyncIterable<RowBatch> {
  const cursor = client.query(new Cursor(text, [], { rowMode: "array", types: AS_TEXT }));
  try {
    for (let isFirst = true; ; isFirst = false) {
      const { rows, columns } = await nextRows(cursor);
      // An answer without rows has columns all the same.
      if (rows.length > 0 || isFirst) yield { columns, rows };
      if (rows.length < ROWS_A_BATCH) return;
    }
  } finally {
    await cursor.close();
  }
}

async function nextRows(cursor: Cursor): Promise<RowBatch> {
  return await new Promise((resolve, reject) => {
    cursor.read(ROWS_A_BATCH, (error, rows, result) => {
      if (error) return reject(error);
      const columns = result.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID }));
      resolve({ columns, rows: ROWS.parse(rows) });
    });
  });
}

const ROWS = z.array(z.array(z.string().nullable()));

/** An error that PostgreSQL reported leaves the connection in order; any other (a time-out, a cut) may not. */
function isConnectionBroken(error: unknown): boolean {
  return !/^[0-9A-Z]{5}$/.test(errorCode(error) ?? "") || /^(08|57P|25P0[34])/.test(errorCode(error) ?? "");
}
