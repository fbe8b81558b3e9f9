import { isDeepStrictEqual } from "node:util";
import { parse } from "dotenv";

export interface EnvFile {
  readonly variables: Readonly<Record<string, string>>;
  /** True where a value begins with a quotation mark, but a `#` behind it ended it: what was meant cannot be told. */
  isCut(name: string): boolean;
}

/** The text of a `.env` in which a variable was set. */
export interface EditedEnv {
  readonly text: string;
  /** True where the value had to be put in quotes, which Docker's `--env-file` takes for a part of it. */
  readonly isQuoted: boolean;
}

const NAME = /(?<![^\r\n])[^\S\r\n]*(?:export[^\S\r\n]+)?(?<name>[\w.-]+)(?:[^\S\r\n]*=|:(?=[^\S\r\n]))/.source;
const QUOTED = /[^\S\r\n]*(?<quoted>'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`)[^\S\r\n]*(?:#[^\r\n]*)?(?![^\r\n])/
  .source;
/** `NAME=value`, to the end of the line, or of the quotes where those span several lines. */
const ASSIGNMENT = new RegExp(`${NAME}(?:${QUOTED}|(?<plain>[^\\r\\n]*))`, "g");

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
  const assignments = [...text.matchAll(ASSIGNMENT)];
  // What stands behind `NAME=`, quotes included; of a name that is set twice the later counts.
  const writtenValues = new Map(
    assignments.map(({ groups = {} }) => [groups.name, groups.quoted ?? groups.plain ?? ""]),
  );
  for (const [name, value] of Object.entries(variables)) {
    const behindName = writtenValues.get(name) ?? "";
    if (!isCut(behindName, value)) continue;
    if (/^\s*["'`]/.test(behindName)) cut.add(name);
    else variables[name] = behindName.replace(/\s#.*$/, "").trim();
  }
  return { variables, isCut: (name) => cut.has(name) };
}

/** True where a `#` that follows no space ended the value. */
function isCut(written: string, value: string): boolean {
  return value === "" ? /^#\S/.test(written) : written.trimStart().startsWith(`${value}#`);
}

/**
 * The text of a `.env` with this variable set: its line is replaced (the last one, which counts; others of the same name
 * go), or added at the end. `undefined` takes all of them out. Everything else stays as it is, to the byte.
 *
 * The value is written bare, and in quotes only where it would not be read back otherwise. Returns `undefined` where no way
 * of writing it leads `parseEnvFile` to exactly this value and leaves all other variables alone.
 */
export function withVariable(text: string, name: string, value: string | undefined): EditedEnv | undefined {
  const { [name]: _, ...others } = parseEnvFile(text).variables;
  const wanted = value === undefined ? others : { ...others, [name]: value };
  // A line that looks like ours inside another variable's quotes is one to Docker and others, who know no such quotes.
  const lines = text.match(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*[=:]`, "gm")) ?? [];
  if (value !== undefined && lines.length > assignmentsOf(text, name).length) return undefined;
  for (const written of waysToWrite(value)) {
    const edited = withLine(text, name, written === undefined ? undefined : `${name}=${written}`);
    const read = parseEnvFile(edited);
    if (isDeepStrictEqual(read.variables, wanted) && !read.isCut(name)) {
      return { text: edited, isQuoted: written !== value };
    }
  }
  return undefined;
}

function waysToWrite(value: string | undefined): (string | undefined)[] {
  if (value === undefined) return [undefined];
  if (/\p{Cc}/u.test(value)) return [];
  // A quote at the beginning may find its counterpart on a later line, whoever writes that one day.
  const bare = /^\s*["'`]/.test(value) ? [] : [value];
  const quotes = ["'", "`", '"'].filter((quote) => !value.includes(quote) && !value.endsWith("\\"));
  return [...bare, ...quotes.map((quote) => quote + value + quote)];
}

function assignmentsOf(text: string, name: string): RegExpExecArray[] {
  return [...text.matchAll(ASSIGNMENT)].filter(({ groups }) => groups?.name === name);
}

/** Puts a line in place of those that set the variable; `undefined` takes them out. */
function withLine(text: string, name: string, line: string | undefined): string {
  const found = assignmentsOf(text, name);
  const last = found.at(-1);
  if (last === undefined && line !== undefined) {
    const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
    const isOpen = text !== "" && !/[\r\n]$/.test(text);
    return `${text}${isOpen ? lineEnd : ""}${line}${lineEnd}`;
  }
  return found.reduceRight((edited, match) => {
    const before = edited.slice(0, match.index);
    const after = edited.slice(match.index + match[0].length);
    return match === last && line !== undefined ? before + line + after : before + after.replace(/^(?:\r\n?|\n)/, "");
  }, text);
}
