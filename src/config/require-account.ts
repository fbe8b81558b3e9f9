import type { Configuration } from "./configuration.js";
import { ConfigurationError, type ConfigurationProblem } from "./configuration-error.js";
import { SETTINGS } from "./settings.js";

/** The Caruna+ account, complete. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

/**
 * The account of the configuration, for the commands that need one.
 * Throws `ConfigurationError` where it is not set: three lines that say what is missing and how to set it.
 */
export function requireAccount({ caruna, sources }: Configuration): Account {
  const { username, password } = caruna;
  if (username !== undefined && password !== undefined) return { username, password };
  const problems = missingAccount({ username, password }, sources);
  const names = problems.map(({ setting }) => setting);
  throw new ConfigurationError(
    [
      `The Caruna+ account is not complete: ${names.join(" and ")} ${names.length === 1 ? "is" : "are"} not set (looked in: ${sources.join(", ")}).`,
      `Set ${names.length === 1 ? "it" : "them"} in a file .env in the working directory (on a terminal, caruna-integration setup asks and writes it; or cp .env.example .env) or in the environment.`,
      "To see the program at work without an account: npm run demo",
    ].join("\n"),
    problems,
  );
}

/** A problem for each part of the account that is set nowhere (`undefined`). */
export function missingAccount(
  account: Readonly<Record<"username" | "password", unknown>>,
  sources: readonly string[],
): ConfigurationProblem[] {
  const missing = (["username", "password"] as const).filter((part) => account[part] === undefined);
  return missing.map((part) => {
    const { names, example } = SETTINGS[part];
    const source = sources.join(", ");
    return { setting: names[0], source, problem: "is not set", example: `${names[0]}=${example}` };
  });
}
