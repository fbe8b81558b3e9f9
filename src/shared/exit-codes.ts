/** Exit codes, as `--help` tells them. */
export const EXIT_CODES = {
  done: 0,
  other: 1,
  configuration: 2,
  credentials: 3,
  caruna: 4,
  database: 5,
  differs: 6,
  /** A person pressed Ctrl-C at a question. */
  givenUp: 130,
} as const;
