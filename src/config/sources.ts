import { resolve } from "node:path";
import type { ConfigurationProblem } from "./configuration-error.js";
import type { EnvFile } from "./files/env-file.js";
import { type IniEntry, type IniFile, iniName } from "./files/ini-file.js";
import { readTextFile } from "./files/text-file.js";
import { quoteForMessage } from "./quote-for-message.js";
import { ALL_SETTINGS, type Setting } from "./settings.js";

/** The three places that a setting may come from; the smaller number wins. */
export const RANK = { environment: 0, envFile: 1, ini: 2 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

/** Where a value came from, for messages and for what wins. */
export interface Origin {
  readonly rank: Rank;
  /** As the source writes it. */
  readonly setting: string;
  /** `environment` or a path. */
  readonly source: string;
}

/** What was found of a setting. */
export interface Resolved<T> {
  /** `undefined` where the setting is set nowhere. */
  readonly origin: Origin | undefined;
  /** The default where it is not set, or cannot be used (which is one of the problems). */
  readonly value: T;
}

/** The variables of the environment or of a `.env`. */
export interface Variables {
  readonly rank: Rank;
  readonly source: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** See `EnvFile.isCut`. */
  readonly isCut?: EnvFile["isCut"];
}

export interface NamedIniFile extends IniFile {
  readonly path: string;
}

/** The text of a setting in its source; `text` is `undefined` where it cannot be used, which is one of the problems. */
interface RawValue {
  readonly origin: Origin;
  readonly text: string | undefined;
  /** Quotes around it may have been meant for a parser that does not see the environment. */
  readonly mayBeQuoted?: boolean;
}

/** Looks settings up, reads their values, and gathers everything that is wrong on the way. */
export class Sources {
  readonly problems: ConfigurationProblem[] = [];
  readonly warnings: string[] = [];
  /** Comes after the variables; set as soon as these have said which file it is. */
  ini: NamedIniFile | undefined;

  /** Relative paths of secret files start from `workingDirectory`. `variables` are in order, the first wins. */
  constructor(
    private readonly workingDirectory: string,
    private readonly variables: readonly Variables[],
  ) {}

  /** A setting from the highest source that sets it. Empty means not set. */
  find<T>(setting: Setting<T>): Resolved<T> {
    const fallback = () => setting.schema.parse(undefined);
    const { secret } = setting;
    const raw = this.#inVariables(setting.names, secret) ?? this.#inIni(setting);
    if (raw === undefined) return { origin: undefined, value: fallback() };
    const { origin, text } = raw;
    if (text === undefined) return { origin, value: fallback() };
    const isQuoted = raw.mayBeQuoted === true && /^(["'`]).*\1$/s.test(text) && text.length > 1;
    const result = setting.schema.safeParse(text);
    if (result.success) {
      if (isQuoted) this.warnings.push(quotesWarning(origin));
      return { origin, value: result.data };
    }
    const shown = secret ? "the value" : quoteForMessage(text);
    const hint = isQuoted ? "; the quotation marks are part of it (Docker's --env-file does not take them off)" : "";
    const name = origin.rank === RANK.ini ? `${origin.setting.replace(/^\[.*\] /, "")} = ` : `${setting.names[0]}=`;
    this.addProblem(origin, `${shown} ${result.error.issues[0]?.message}${hint}`, name + setting.example);
    return { origin, value: fallback() };
  }

  /** `setting` and `source` as in the file. */
  addProblem({ setting, source }: Pick<Origin, "setting" | "source">, problem: string, example: string): void {
    this.problems.push({ setting, source, problem, example });
  }

  #inVariables(names: readonly string[], secret: boolean): RawValue | undefined {
    for (const variables of this.variables) {
      const found = this.#inSource(variables, names, secret);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Looks in one source for a variable of one of these names, or for the file that `NAME_FILE` names. */
  #inSource(
    { rank, source, values, isCut }: Variables,
    names: readonly string[],
    secret: boolean,
  ): RawValue | undefined {
    // A secret may begin or end with spaces; in anything else they are a slip of the hand.
    const textOf = (name: string) => (secret ? values[name] : values[name]?.trim()) ?? "";
    const isCutSecret = (name: string) => secret && isCut?.(name) === true;
    const [name, second] = names.filter((candidate) => textOf(candidate) !== "" || isCutSecret(candidate));
    const file = secret ? names.map((each) => `${each}_FILE`).find((each) => values[each]?.trim()) : undefined;
    const setting = name ?? file;
    if (setting === undefined) return undefined;
    const origin: Origin = { rank, source, setting };
    if (name === undefined) return this.#fromSecretFile(origin, values[setting]?.trim() ?? "");
    if (file !== undefined) return this.#refuse(origin, `is set, and so is ${file}: only one of them can count`, name);
    if (second !== undefined && textOf(name) !== textOf(second)) {
      this.warnings.push(`${name} and ${second} (${source}) differ: ${name} counts`);
    }
    if (isCutSecret(name)) {
      const problem = "holds a # outside of quotes, where a comment begins: put the value in single quotes";
      return this.#refuse(origin, problem, `${name}='your#password'`);
    }
    return { origin, text: textOf(name), mayBeQuoted: rank === RANK.environment };
  }

  /** One newline at the end, which editors and `echo` write, is not part of the secret. */
  #fromSecretFile(origin: Origin, path: string): RawValue {
    const shown = quoteForMessage(path);
    const example = `${origin.setting}=/run/secrets/${origin.setting.replace(/_FILE$/, "").toLowerCase()}`;
    const file = readTextFile(resolve(this.workingDirectory, path));
    if (file.kind === "missing") return this.#refuse(origin, `names a file that does not exist: ${shown}`, example);
    if (file.kind === "unusable") return this.#refuse(origin, `names ${shown}, which ${file.reason}`, example);
    const text = file.text.replace(/\r?\n$/, "");
    if (text === "") return this.#refuse(origin, `names an empty file: ${shown}`, example);
    if (/[\r\n]/.test(text)) {
      this.warnings.push(`${origin.setting} (${origin.source}) names a file of several lines: all of it is the secret`);
    }
    return { origin, text };
  }

  #inIni({ ini, secret }: Setting): RawValue | undefined {
    const entry = this.ini?.entries.findLast((candidate) => iniName(candidate) === ini);
    if (entry === undefined || ini === undefined) return undefined;
    const origin: Origin = { rank: RANK.ini, setting: ini, source: `${this.ini?.path}, line ${entry.line}` };
    const text = secret ? entry.value : entry.value.trim();
    const reference = entry.literal ? null : /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(text);
    const name = reference?.[1] ?? reference?.[2];
    if (name !== undefined) return this.#fromReference(origin, name, secret);
    const flaw = flawOf(entry, secret);
    if (flaw !== undefined) return this.#refuse(origin, flaw, `${entry.key} = "your \\"quoted\\" pass#word"`);
    return text === "" ? undefined : { origin, text };
  }

  /** `password = $NAME`: the variable of that name, from the environment or `.env`; not set where it is not. */
  #fromReference(origin: Origin, name: string, secret: boolean): RawValue | undefined {
    const raw = this.#inVariables([name], secret);
    if (raw !== undefined) return { ...raw, origin: { ...origin, source: `${origin.source}: $${name}` } };
    if (KNOWN_VARIABLES.has(name)) return undefined;
    // What looks like a reference may be a password that begins with a dollar sign, so its name is not shown.
    this.warnings.push(
      secret
        ? `${origin.setting} (${origin.source}) reads as the name of a variable that is not set; if it is the secret itself, put it in single quotes`
        : `${origin.setting} (${origin.source}) names a variable that is not set: ${quoteForMessage(name)}`,
    );
    return undefined;
  }

  #refuse(origin: Origin, problem: string, example: string): RawValue {
    this.addProblem(origin, problem, example);
    return { origin, text: undefined };
  }
}

const KNOWN_VARIABLES: ReadonlySet<string | undefined> = new Set(ALL_SETTINGS.flatMap(({ names }) => names));

/** Why the value of the ini cannot be what was meant; `undefined` where it can. */
function flawOf({ badlyQuoted, cut }: IniEntry, secret: boolean): string | undefined {
  if (badlyQuoted) return 'stands in double quotes, but is not written for them: \\" for a quote, \\\\ for a backslash';
  if (cut && secret) {
    return "holds a ; or # outside of quotes, where a comment begins: put the value in double quotes";
  }
  return undefined;
}

function quotesWarning({ setting, source }: Origin): string {
  return `${setting} (${source}) begins and ends with quotation marks, and they are taken as part of it: Docker's --env-file does not take them off; remove them there unless they are meant`;
}
