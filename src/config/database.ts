import type { DatabaseConfiguration, SslMode } from "./configuration.js";
import { SETTINGS } from "./settings.js";
import type { Found, Sources } from "./sources.js";

const EMBEDDED: DatabaseConfiguration = { kind: "embedded" };

/**
 * Which database the program writes to: the one of DATABASE_URL or of the DB_… settings, whichever comes from the higher
 * source; its own where none of them is set. Problems go to `sources`; the answer then is of no use.
 */
export function findDatabase(sources: Sources): DatabaseConfiguration {
  const url = sources.find(SETTINGS.databaseUrl);
  const parts = findParts(sources);
  const given = Object.values(parts).filter((part) => part !== undefined);
  const highest = Math.min(...given.map((part) => part.origin.rank));
  if (url === undefined) return given.length === 0 ? EMBEDDED : serverFrom(parts, given, sources);

  const namesOfParts = given.map((part) => part.origin.setting).join(", ");
  if (url.origin.rank === highest) {
    const problem = `is set, and so is ${namesOfParts}: both say which database to use; keep one of the two ways`;
    sources.addProblem(url.origin, problem, `DATABASE_URL=${SETTINGS.databaseUrl.example}`);
    return EMBEDDED;
  }
  if (url.origin.rank > highest) {
    sources.warnings.push(unusedWarning(url.origin.setting, url.origin.source, namesOfParts));
    return serverFrom(parts, given, sources);
  }
  if (given[0] !== undefined) {
    sources.warnings.push(unusedWarning(namesOfParts, given[0].origin.source, url.origin.setting));
  }
  return url.value ?? EMBEDDED;
}

function unusedWarning(setting: string, source: string, winner: string): string {
  return `${setting} (${source}) is not used: ${winner} comes from a higher source (environment, then .env, then the ini)`;
}

interface Parts {
  readonly host: Found<string> | undefined;
  readonly port: Found<number> | undefined;
  readonly database: Found<string> | undefined;
  readonly user: Found<string> | undefined;
  readonly password: Found<string> | undefined;
  readonly sslmode: Found<SslMode> | undefined;
}

function findParts(sources: Sources): Parts {
  return {
    host: sources.find(SETTINGS.databaseHost),
    port: sources.find(SETTINGS.databasePort),
    database: sources.find(SETTINGS.databaseName),
    user: sources.find(SETTINGS.databaseUser),
    password: sources.find(SETTINGS.databasePassword),
    sslmode: sources.find(SETTINGS.databaseSslmode),
  };
}

function serverFrom(parts: Parts, given: readonly Found<unknown>[], sources: Sources): DatabaseConfiguration {
  const { host, port, database, user, password, sslmode } = parts;
  if (host === undefined) {
    const [first] = given;
    const names = given.map((part) => part.origin.setting).join(", ");
    const problem = `is not set, but ${names} is: a server of your own needs its host; to use the database that comes with the program, set none of them`;
    sources.addProblem({ setting: "DB_HOST", source: first?.origin.source ?? "" }, problem, "DB_HOST=localhost");
    return EMBEDDED;
  }
  requireWithHost(sources, host, database, "DB_DATABASE", SETTINGS.databaseName.example);
  requireWithHost(sources, host, user, "DB_USER", SETTINGS.databaseUser.example);
  if (host.value === undefined || database?.value === undefined || user?.value === undefined) return EMBEDDED;
  return {
    kind: "server",
    host: host.value,
    port: port?.value ?? SETTINGS.databasePort.fallback,
    database: database.value,
    user: user.value,
    password: password?.value,
    sslmode: sslmode?.value ?? SETTINGS.databaseSslmode.fallback,
  };
}

function requireWithHost(
  sources: Sources,
  host: Found<string>,
  part: Found<string> | undefined,
  name: string,
  example: string,
): void {
  if (part !== undefined) return;
  const problem = `is not set, but ${host.origin.setting} is: the server needs to be told`;
  sources.addProblem({ setting: name, source: host.origin.source }, problem, `${name}=${example}`);
}
