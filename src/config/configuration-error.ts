export interface ConfigurationProblem {
  /** As its source writes it: `JOB_INTERVAL`, or `[main] job_interval` in the ini. */
  readonly setting: string;
  /** `environment`, the path of the `.env`, or the path of the ini with the line. */
  readonly source: string;
  /** What is wrong; a secret's value is never part of it. */
  readonly problem: string;
  /** A setting that would be right, e.g. `JOB_INTERVAL=3600`. */
  readonly example: string;
}

/** The settings cannot be used. Its message is the whole text for the person: every problem at once, a line each. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(
    message: string,
    readonly problems: readonly ConfigurationProblem[],
  ) {
    super(message);
  }
}

/** The error for one or more problems: what is wrong with each setting, where it came from, and what would be right. */
export function problemsAsError(problems: readonly ConfigurationProblem[]): ConfigurationError {
  const lines = [
    `${problems.length === 1 ? "A setting" : `${problems.length} settings`} cannot be used, so nothing was started:`,
    ...problems.map(
      ({ setting, source, problem, example }) => `  ${setting} (${source}) ${problem}. Example: ${example}`,
    ),
  ];
  return new ConfigurationError(lines.join("\n"), problems);
}
