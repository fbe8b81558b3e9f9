import { parse } from "dotenv";

export interface EnvFile {
  readonly variables: Readonly<Record<string, string>>;
  /** True where a value begins with a quotation mark, but a `#` behind it ended it: what was meant cannot be told. */
  isCut(name: string): boolean;
}

/**
 * The variables of a `.env`, by the rules that dotenv documents, with one exception: `NAME=abc#def` is `abc#def`, as the
 * shell, Docker and Python's dotenv read it (whose users' files we inherit), where dotenv reads `abc`. A comment stands
 * after a space. A hundred blank lines and more are one. Nothing of `process.env` is read or changed.
 */
export function parseEnvFile(written: string): EnvFile {
  // dotenv looks through all blank lines that follow, from each of them on.
  const text = written.replace(/\s{100,}/g, (blank) => (/[\r\n]/.test(blank) ? "\n" : blank));
  const variables = { ...parse(text) };
  const cut = new Set<string>();
  const writtenValues = writtenValuesOf(text);
  for (const [name, value] of Object.entries(variables)) {
    const behindName = writtenValues.get(name) ?? "";
    if (!isCut(behindName, value)) continue;
    if (/^\s*["'`]/.test(behindName)) cut.add(name);
    else variables[name] = behindName.replace(/\s#.*$/, "").trim();
  }
  return { variables, isCut: (name) => cut.has(name) };
}

/** By name what stands behind the last `NAME=` of the file, to the end of the line. */
function writtenValuesOf(text: string): ReadonlyMap<string, string> {
  const assignments = text.split(/\r\n?|\n/).map((line) => /^\s*(?:export\s+)?([\w.-]+)\s*[=:](.*)$/.exec(line));
  return new Map(assignments.flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""]])));
}

/** True where a `#` that follows no space ended the value. */
function isCut(written: string, value: string): boolean {
  return value === "" ? /^#\S/.test(written) : written.trimStart().startsWith(`${value}#`);
}
