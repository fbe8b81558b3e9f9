import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Configuration, ConfigurationError, loadConfiguration } from "../../src/config/index.js";

export interface Given {
  environment?: Record<string, string>;
  /** Text of the `.env` in the working directory. */
  env?: string | Buffer;
  /** Text of the package's `config/config.ini`. */
  ini?: string | Buffer;
  /** Further files of the working directory, by name. */
  files?: Record<string, string | Buffer>;
  needsAccount?: boolean;
}

/** A working directory and a package directory of their own, with these files; removed after the test. */
export function folders({ env, ini, files = {} }: Given): { workingDirectory: string; packageDirectory: string } {
  const root = mkdtempSync(join(tmpdir(), "caruna-config-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const workingDirectory = join(root, "work");
  const packageDirectory = join(root, "package");
  const contents: Record<string, string | Buffer> = { ...files };
  if (env !== undefined) contents[".env"] = env;
  mkdirSync(workingDirectory);
  mkdirSync(join(packageDirectory, "config"), { recursive: true });
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(workingDirectory, name)), { recursive: true });
    writeFileSync(join(workingDirectory, name), content);
  }
  if (ini !== undefined) writeFileSync(join(packageDirectory, "config", "config.ini"), ini);
  return { workingDirectory, packageDirectory };
}

export function load(given: Given): Configuration {
  return loadConfiguration({
    environment: given.environment ?? {},
    needsAccount: given.needsAccount ?? false,
    ...folders(given),
  });
}

/** The error that these settings end in. */
export function failure(given: Given): ConfigurationError {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("the settings were accepted");
}

/** The problems as `setting: what is wrong`. */
export function problems(given: Given): string[] {
  return failure(given).problems.map(({ setting, problem }) => `${setting}: ${problem}`);
}
