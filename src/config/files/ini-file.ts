import { unsafe } from "ini";

/** One `key = value` of an ini file. */
export interface IniEntry {
  /** In lower case, as in Python's configparser; empty before the first `[section]`. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** The value stands in single quotes: nothing in it means anything else, not even `$NAME`. */
  readonly literal: boolean;
  /** The value ended at a `;` or `#` that was meant as part of it or as a comment: the file does not tell. */
  readonly cut: boolean;
  /** The value stands in double quotes, but what is between them is not written as the format needs. */
  readonly badlyQuoted: boolean;
}

export interface IniFile {
  readonly entries: readonly IniEntry[];
  /** Lines, from 1, that are neither a section, nor `key = value`, nor a comment. */
  readonly strayLines: readonly number[];
}

/** `[main] job_interval` */
export function iniName({ section, key }: Pick<IniEntry, "section" | "key">): string {
  return section === "" ? key : `[${section}] ${key}`;
}

/**
 * Reads an ini file line by line, so that every message can name the line; values are decoded by the package `ini`.
 *
 * Values may be plain (`;` and `#` begin a comment, `\;`, `\#` and `\\` stand for the characters), in double quotes
 * (`\"` and `\\` as in JSON), or in single quotes (literally, up to the last one).
 */
export function parseIniFile(text: string): IniFile {
  const entries: IniEntry[] = [];
  const strayLines: number[] = [];
  let section = "";
  for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
    const line = content.trim();
    if (line === "" || line.startsWith(";") || line.startsWith("#")) continue;
    const header = /^\[([^\]]*)\]\s*(?:[;#].*)?$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header.trim().toLowerCase();
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 1) {
      strayLines.push(index + 1);
      continue;
    }
    const key = line.slice(0, equals).trim().toLowerCase();
    entries.push({ section, key, line: index + 1, ...decode(line.slice(equals + 1).trim()) });
  }
  return { entries, strayLines };
}

function decode(written: string): Pick<IniEntry, "value" | "literal" | "cut" | "badlyQuoted"> {
  const fine = { literal: false, cut: false, badlyQuoted: false };
  // The package takes a quoted value for quoted only where nothing follows it; people write comments there.
  const doubleQuoted = /^("(?:[^"\\]|\\.)*")\s*(?:[;#].*)?$/.exec(written)?.[1];
  if (doubleQuoted !== undefined) {
    return { ...fine, value: unsafe(doubleQuoted), badlyQuoted: unsafe(doubleQuoted) === doubleQuoted };
  }
  if (isWrapped(written, '"')) return { ...fine, value: written, badlyQuoted: true };
  // The package reads JSON inside single quotes ('1e5' would arrive as 100000), so they are taken off here.
  if (isWrapped(written, "'")) return { ...fine, value: written.slice(1, -1), literal: true };
  const singleQuoted = /^'([^']*)'\s*[;#].*$/.exec(written)?.[1];
  if (singleQuoted !== undefined) return { ...fine, value: singleQuoted, literal: true };
  if (written === "'") return { ...fine, value: written };
  return { ...fine, value: unsafe(written), cut: hasComment(written) };
}

function isWrapped(text: string, quote: string): boolean {
  return text.length > 1 && text.startsWith(quote) && text.endsWith(quote);
}

/** Whether a `;` or `#` that no backslash escapes stands in a value without quotes. */
function hasComment(written: string): boolean {
  return /[;#]/.test(written.replace(/\\[\\;#]/g, ""));
}
