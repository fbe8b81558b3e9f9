import { isDeepStrictEqual } from "node:util";
import { parseEnvFile } from "./env-file.js";

/** The text of a `.env` in which a variable was set. */
export interface EditedEnv {
  readonly text: string;
  /** True where the value had to be put in quotes, which Docker's `--env-file` takes for a part of it. */
  readonly isQuoted: boolean;
}

/**
 * The text of a `.env` with this variable set: its line is replaced (the last one, which counts; others of the same name
 * go), or added at the end. Everything else stays as it is, to the byte.
 *
 * The value is written bare, and in quotes only where it would not be read back otherwise. Returns `undefined` where no way
 * of writing it leads `parseEnvFile` to exactly this value and leaves all other variables alone.
 */
export function withVariable(text: string, name: string, value: string): EditedEnv | undefined {
  const wanted = { ...parseEnvFile(text).variables, [name]: value };
  for (const written of writingsOf(value)) {
    const edited = withLine(text, name, `${name}=${written}`);
    const read = parseEnvFile(edited);
    if (isDeepStrictEqual(read.variables, wanted) && !read.isCut(name)) {
      return { text: edited, isQuoted: written !== value };
    }
  }
  return undefined;
}

/** The text without any line that sets this variable; `undefined` where that would change another one. */
export function withoutVariable(text: string, name: string): string | undefined {
  const { [name]: before, ...wanted } = parseEnvFile(text).variables;
  if (before === undefined) return text;
  const edited = withLine(text, name, undefined);
  return isDeepStrictEqual(parseEnvFile(edited).variables, wanted) ? edited : undefined;
}

/** Ways to write a value, the preferred first; whether one is read back is for the caller to see. */
function writingsOf(value: string): string[] {
  if (/\p{Cc}/u.test(value)) return [];
  // A quote at the beginning may find its counterpart on a later line, whoever writes that one day.
  const bare = /^\s*["'`]/.test(value) ? [] : [value];
  const quotes = ["'", "`", '"'].filter((quote) => !value.includes(quote) && !value.endsWith("\\"));
  return [...bare, ...quotes.map((quote) => quote + value + quote)];
}

/** Puts a line in place of those that set the variable; `undefined` takes them out. */
function withLine(text: string, name: string, line: string | undefined): string {
  const found = [...text.matchAll(assignmentOf(name))];
  if (found.length === 0) return line === undefined ? text : withLineAtEnd(text, line);
  const last = found.length - 1;
  return found.reduceRight((edited, match, index) => {
    const before = edited.slice(0, match.index);
    const after = edited.slice(match.index + match[0].length);
    return index === last && line !== undefined ? before + line + after : before + after.replace(/^(?:\r\n?|\n)/, "");
  }, text);
}

/** What sets a variable: to the end of the line, or of the quotes where those span several lines. */
function assignmentOf(name: string): RegExp {
  const quoted = "'[^']*'|\"[^\"]*\"|`[^`]*`";
  return new RegExp(
    `^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*[=:](?:[ \\t]*(?:${quoted})(?=[ \\t]*(?:#.*)?$))?[^\\r\\n]*`,
    "gm",
  );
}

function withLineAtEnd(text: string, line: string): string {
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const isOpen = text !== "" && !/[\r\n]$/.test(text);
  return `${text}${isOpen ? lineEnd : ""}${line}${lineEnd}`;
}
