import type { DatabaseConfiguration, SslMode } from "./configuration.js";
import { SETTINGS, type Setting } from "./settings.js";
import type { Origin, Resolved, Sources } from "./sources.js";

const EMBEDDED: DatabaseConfiguration = { kind: "embedded" };

/**
 * Which database the program writes to: the one of DATABASE_URL or of the DB_… settings, whichever comes from the higher
 * source; its own where none of them is set. Problems go to `sources`; the answer then is of no use.
 */
export function findDatabase(sources: Sources): DatabaseConfiguration {
  const url = sources.find(SETTINGS.databaseUrl);
  const parts = {
    host: sources.find(SETTINGS.databaseHost),
    port: sources.find(SETTINGS.databasePort),
    database: sources.find(SETTINGS.databaseName),
    user: sources.find(SETTINGS.databaseUser),
    password: sources.find(SETTINGS.databasePassword),
    sslmode: sources.find(SETTINGS.databaseSslmode),
  };
  const given = Object.values(parts).flatMap(({ origin }) => origin ?? []);
  const names = given.map(({ setting }) => setting).join(", ");
  const [first] = given;
  if (url.origin !== undefined && first !== undefined) {
    const rank = Math.min(...given.map((origin) => origin.rank));
    if (url.origin.rank === rank) {
      const problem = `is set, and so is ${names}: both say which database to use; keep one of the two ways`;
      sources.addProblem(url.origin, problem, `DATABASE_URL=${SETTINGS.databaseUrl.example}`);
      return EMBEDDED;
    }
    const isUrlUsed = url.origin.rank < rank;
    const [unused, used] = isUrlUsed
      ? [`${names} (${first.source})`, url.origin.setting]
      : [`${url.origin.setting} (${url.origin.source})`, names];
    sources.warnings.push(
      `${unused} is not used: ${used} comes from a higher source (environment, then .env, then the ini)`,
    );
    if (!isUrlUsed) return serverFrom(parts, names, first, sources);
  }
  if (url.origin !== undefined) return url.value ?? EMBEDDED;
  return first === undefined ? EMBEDDED : serverFrom(parts, names, first, sources);
}

interface Parts {
  readonly host: Resolved<string | undefined>;
  readonly port: Resolved<number>;
  readonly database: Resolved<string | undefined>;
  readonly user: Resolved<string | undefined>;
  readonly password: Resolved<string | undefined>;
  readonly sslmode: Resolved<SslMode>;
}

function serverFrom(
  { host, port, database, user, password, sslmode }: Parts,
  names: string,
  first: Origin,
  sources: Sources,
): DatabaseConfiguration {
  const isNotSet = ({ names: [setting], example }: Setting, reason: string, { source }: Origin) =>
    sources.addProblem({ setting, source }, `is not set, but ${reason}`, `${setting}=${example}`);
  if (host.origin === undefined) {
    const reason = `${names} is: a server of your own needs its host; to use the database that comes with the program, set none of them`;
    isNotSet(SETTINGS.databaseHost, reason, first);
    return EMBEDDED;
  }
  const reason = `${host.origin.setting} is: the server needs to be told`;
  if (database.origin === undefined) isNotSet(SETTINGS.databaseName, reason, host.origin);
  if (user.origin === undefined) isNotSet(SETTINGS.databaseUser, reason, host.origin);
  if (host.value === undefined || database.value === undefined || user.value === undefined) return EMBEDDED;
  return {
    kind: "server",
    host: host.value,
    port: port.value,
    database: database.value,
    user: user.value,
    password: password.value,
    sslmode: sslmode.value,
  };
}
