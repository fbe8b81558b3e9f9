import { existsSync } from "node:fs";
import { errorCode } from "./embedded-programs.js";
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

/** PostgreSQL's error codes (its documentation, appendix A) and Node.js's, in words. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name is not known. Correct DB_HOST",
  EAI_AGAIN: "the host name could not be looked up. Check DB_HOST and the network",
  ENOENT: "the folder of the Unix socket does not exist. Correct DB_HOST and DB_PORT",
  EACCES: "the Unix socket may not be used by this user. Correct its rights, or set DB_HOST to a host name",
  EHOSTUNREACH: "there is no way to that host. Check DB_HOST and the network",
  ENETUNREACH: "there is no way to that host. Check DB_HOST and the network",
  ETIMEDOUT: "it did not answer in time. Check DB_HOST, DB_PORT, and firewalls on the way",
  ECONNRESET: "it cut the connection. See its log",
  EPIPE: "it cut the connection. See its log",
  "57P01": "an administrator ended the connection, or the server is stopping",
  "57P02": "the server crashed and recovers",
  "57P03": "the server is just starting or stopping",
  "08006": "the connection broke",
  "53300": "it has no connection to spare. Raise its max_connections, or end programs that hold connections",
};

const REFUSED = "nothing listens there. Start the server, or correct DB_HOST and DB_PORT";
const INSIDE_CONTAINER =
  ". Inside a container localhost is the container itself: to reach a server on the machine around it, set DB_HOST=host.docker.internal " +
  "(on Linux with docker run --add-host=host.docker.internal:host-gateway), or run the container with --network host";

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
  const code = errorCode(error) ?? "";
  return (
    explainUnreachable(error, code, server, insideContainer) ??
    explainRejected(error, code, server) ??
    explainEncryption(error, code, server) ??
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
  const isOwnHost = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(server.host);
  const timedOut = /timeout|timed out/i.test(error.message);
  const cut = /Connection terminated|connection is closed|not queryable/i.test(error.message);
  const reason =
    code === "ECONNREFUSED"
      ? REFUSED + (isOwnHost && insideContainer ? INSIDE_CONTAINER : "")
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
  if (code === "42501" && /database/.test(error.message)) {
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

/** An identifier as SQL takes it, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
