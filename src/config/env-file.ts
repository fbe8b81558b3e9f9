import { parse } from "dotenv";

export interface EnvFile {
  readonly variables: Readonly<Record<string, string>>;
  /** True where a `#` inside a value that is not quoted ended it: dotenv reads the rest as a comment. */
  isCut(name: string): boolean;
}

/** The variables of a `.env`, by the rules that dotenv documents. Nothing of `process.env` is read or changed. */
export function parseEnvFile(text: string): EnvFile {
  const variables = parse(text);
  return { variables, isCut: (name) => isCut(text, name, variables[name] ?? "") };
}

/**
 * `NAME=abc#def`: the shell, Docker and Python's dotenv read `abc#def`, dotenv reads `abc`. A comment proper stands after
 * a space.
 */
function isCut(text: string, name: string, value: string): boolean {
  const line = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=(.*)$`);
  const written = text
    .split(/\r\n?|\n/)
    .map((candidate) => line.exec(candidate)?.[1])
    .findLast((candidate) => candidate !== undefined);
  if (written === undefined) return false;
  if (value === "") return /^#\S/.test(written);
  return written.trimStart().startsWith(`${value}#`);
}
