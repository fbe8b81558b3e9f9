import { existsSync } from "node:fs";
import { ZodError } from "zod";
import { isLoopback } from "../../shared/loopback.js";
import { networkErrorCode } from "../../shared/network-error.js";
import {
  DatabaseEncryptionFailed,
  DatabaseError,
  DatabaseFailed,
  DatabaseLoginRejected,
  DatabaseMissing,
  DatabaseRightsMissing,
  DatabaseUnreachable,
} from "./errors.js";
import type { ServerSettings } from "./settings.js";

const LATER = "The next cycle tries again.";
const LOCK_HOLDERS =
  "SELECT pid, usename, application_name, state, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE granted);";

/** PostgreSQL's error codes (its documentation, appendix A) and Node.js's, in words. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name is not known. Correct DB_HOST",
  EAI_AGAIN: "the host name could not be looked up. Check DB_HOST and the network",
  ENOENT: "the folder of the Unix socket does not exist. Correct DB_HOST and DB_PORT",
  EACCES: "the Unix socket may not be used by this user. Correct its rights, or set DB_HOST to a host name",
  EHOSTUNREACH: "there is no way to that host. Check DB_HOST and the network",
  ENETUNREACH: "there is no way to that host. Check DB_HOST and the network",
  EADDRNOTAVAIL: "there is no way to that host (no IPv6 here?). Check DB_HOST and the network",
  EAFNOSUPPORT: "there is no way to that host (no IPv6 here?). Check DB_HOST and the network",
  ETIMEDOUT: "it did not answer in time. Check DB_HOST, DB_PORT, and firewalls on the way",
  ECONNRESET: "it cut the connection. See its log",
  EPIPE: "it cut the connection. See its log",
  "57P01": "an administrator ended the connection, or the server is stopping",
  "57P02": "the server crashed and recovers",
  "57P03": "the server is just starting or stopping",
  "08006": "the connection broke",
  "53300": "it has no connection to spare. Raise its max_connections, or end programs that hold connections",
};

const STATEMENT_UNANSWERED =
  "it did not answer a statement in time: the network broke, the server is overloaded, or a connection pooler between has no " +
  "connection to spare (this program uses up to four)";
const REFUSED = "nothing listens there. Start the server, or correct DB_HOST and DB_PORT";
const INSIDE_CONTAINER =
  ". Inside a container localhost is the container itself: to reach a server on the machine around it, set DB_HOST=host.docker.internal " +
  "(on Linux with docker run --add-host=host.docker.internal:host-gateway), or run the container with --network host";

/** What the owner of the server can do about an error that is no fault of the statement, by PostgreSQL's code. */
const REMEDIES: Readonly<Record<string, (server: ServerSettings) => string>> = {
  "25P03": (server) =>
    `the server ends transactions that wait longer than its idle_in_transaction_session_timeout. Raise it: ${alterRole(server, "idle_in_transaction_session_timeout")}`,
  "25P04": (server) =>
    `the server ends transactions that take longer than its transaction_timeout. Raise it: ${alterRole(server, "transaction_timeout")}`,
  "23505": () =>
    "a row with that key is there already: rows were copied in beside this program, perhaps, and a sequence is behind them. For energy_hourly " +
    "the next cycle sets it right, or names the statement for it",
  // Rights that a GRANT gives are named with it.
  "42501": () =>
    "a right is missing that no GRANT of this program's gives: see what the table has (row-level security, a trigger)",
  "53100": () => "the disk of the server is full. Free space there, or give it more",
  "53200": () => "the server is out of memory. Give it more, or end what else runs there",
  "55P03": () =>
    `another session held a lock on the tables for too long (a transaction that was left open, perhaps). See which one: ${LOCK_HOLDERS} ` +
    "and end it there, or with SELECT pg_terminate_backend(pid);",
  "57014": (server) =>
    `the server cancelled a statement, for an administrator or for its statement_timeout. If that is too short, raise it: ${alterRole(server, "statement_timeout")}`,
  "57P05": (server) =>
    `the server ends connections that are idle for longer than its idle_session_timeout. Raise it: ${alterRole(server, "idle_session_timeout")}`,
};

/** PostgreSQL's codes of statements that fit the tables as `sql/` makes them, and do not fit these. */
const ALTERED = /^(42(703|804|809|883|P01|P10)|23502|23514|22001|22003|22P02)$/;

/** Whether a table, a column, a right or a key may be missing, or a sequence behind; what the owner's triggers say is not. */
export function isAboutTables(error: unknown): boolean {
  const code =
    error instanceof DatabaseFailed && error.cause instanceof Error ? networkErrorCode(error.cause) : undefined;
  return code !== undefined && (ALTERED.test(code) || /^(42P01|42501|23505)$/.test(code));
}

function alterRole({ user }: ServerSettings, setting: string): string {
  return `ALTER ROLE ${quoteIdentifier(user)} SET ${setting} = '60s';`;
}

/** Whether this program runs in a container, by the files that Docker and Podman leave in it. */
export function isInsideContainer(): boolean {
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv");
}

/**
 * Puts an error of the driver or of the server into words for a person.
 *
 * @param insideContainer whether `localhost` is the container's own.
 * @returns a `DatabaseError`; one that is already one, and whatever an abort threw, is returned as it is.
 */
export function explainError(
  error: unknown,
  server: ServerSettings,
  insideContainer: boolean = isInsideContainer(),
): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error) || error.name === "AbortError") {
    return error;
  }
  const code = networkErrorCode(error) ?? "";
  return (
    explainUnreachable(error, code, server, insideContainer) ??
    explainRejected(error, code, server) ??
    explainEncryption(error, code, server) ??
    explainOwners(error, code, server) ??
    new DatabaseFailed(
      `PostgreSQL at ${address(server)} could not do what was asked: ${error.message}${code ? ` (${code})` : ""}. ` +
        `Nothing was half written. Mend what it names. ${LATER}`,
      { cause: error },
    )
  );
}

function address({ host, port, database }: ServerSettings): string {
  return `${host}:${port}/${database}`;
}

function explainUnreachable(error: Error, code: string, server: ServerSettings, insideContainer: boolean) {
  // PostgreSQL's own time-outs bear a code, and say that it is there.
  const timedOut = code === "" && /timeout|timed out/i.test(error.message);
  const cut = /Connection terminated|connection is closed|not queryable/i.test(error.message);
  const reason =
    code === "ECONNREFUSED"
      ? REFUSED + (isLoopback(server.host) && insideContainer ? INSIDE_CONTAINER : "")
      : error.message === "Query read timeout"
        ? STATEMENT_UNANSWERED
        : (UNREACHABLE[code] ?? (timedOut ? UNREACHABLE.ETIMEDOUT : cut ? UNREACHABLE.ECONNRESET : undefined));
  return reason === undefined
    ? undefined
    : new DatabaseUnreachable(`PostgreSQL at ${address(server)} is out of reach: ${reason}. ${LATER}`, {
        cause: error,
      });
}

function explainRejected(error: Error, code: string, server: ServerSettings) {
  const { host, port, database, user } = server;
  const at = `PostgreSQL at ${host}:${port}`;
  if (code === "28P01" || (code === "28000" && /role .* does not exist/.test(error.message))) {
    return new DatabaseLoginRejected(
      `${at} rejected the user ${user} or the password. Check DB_USER and DB_PASSWORD.`,
      { cause: error },
    );
  }
  if (/password must be a (non-empty )?string/i.test(error.message)) {
    return new DatabaseLoginRejected(`${at} wants a password for the user ${user}, and none is set. Set DB_PASSWORD.`);
  }
  if (code === "3D000") {
    return new DatabaseMissing(
      `${at} has no database named ${database}. Correct DB_DATABASE, or make it there as an administrator: ` +
        `CREATE DATABASE ${quoteIdentifier(database)} OWNER ${quoteIdentifier(user)};`,
      { cause: error },
    );
  }
  if (code === "42501" && /^permission denied for database /.test(error.message)) {
    const statement = `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`;
    return new DatabaseRightsMissing(quoteIdentifier(user), database, [statement]);
  }
  if (code === "25006") {
    return new DatabaseFailed(
      `The database at ${address(server)} is read-only (a standby copy, or set so). Set DB_HOST to the server that takes writes.`,
      { cause: error },
    );
  }
  return undefined;
}

function explainEncryption(error: Error, code: string, server: ServerSettings) {
  const at = `PostgreSQL at ${server.host}:${server.port}`;
  if (/does not support SSL/i.test(error.message)) {
    return new DatabaseEncryptionFailed(
      `${at} does not offer TLS, and DB_SSLMODE=${server.sslmode} demands it. Turn TLS on in the server (ssl = on), or set DB_SSLMODE=prefer if the network on the way is your own.`,
      { cause: error },
    );
  }
  if (code === "28000") {
    return new DatabaseEncryptionFailed(
      `${at} lets the user ${server.user} not in from here (${error.message}). Add a line to its pg_hba.conf; where it says "no encryption", set DB_SSLMODE=require.`,
      { cause: error },
    );
  }
  if (/certificate|SSL|TLS|altname/i.test(`${code} ${error.message}`)) {
    return new DatabaseEncryptionFailed(
      `The certificate of ${at} is not trusted (${error.message}), and DB_SSLMODE=${server.sslmode} demands it. ` +
        "Name its authority (NODE_EXTRA_CA_CERTS=/path/to/root.crt, or sslrootcert in DATABASE_URL), correct DB_HOST to the name in the certificate, or set DB_SSLMODE=require to encrypt without that check.",
      { cause: error },
    );
  }
  return undefined;
}

/** What the owner of the server or of the tables has set or changed. */
function explainOwners(error: Error, code: string, server: ServerSettings) {
  const at = `PostgreSQL at ${address(server)} could not do what was asked`;
  const remedy = REMEDIES[code]?.(server);
  if (remedy !== undefined) {
    return new DatabaseFailed(`${at} (${error.message}, ${code}): ${remedy}. Nothing was half written. ${LATER}`, {
      cause: error,
    });
  }
  const odd = error instanceof ZodError ? `values of another kind in ${columnsOf(error)}` : error.message;
  if (error instanceof ZodError || ALTERED.test(code)) {
    return new DatabaseFailed(
      `${at}: ${odd}${code ? ` (${code})` : ""}. A table or column is not as this program made it. Nothing was half written. ` +
        "Undo what was changed there (the files of sql/ show how it was); or rename that table: it is then made anew, and its hours are loaded again from Caruna+.",
      { cause: error },
    );
  }
  return undefined;
}

function columnsOf(error: ZodError): string {
  return [...new Set(error.issues.map(({ path }) => path.join(".")))].join(", ");
}

/** An identifier as SQL takes it, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
