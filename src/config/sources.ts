import { resolve } from "node:path";
import type { ConfigurationProblem } from "./configuration-error.js";
import type { EnvFile } from "./files/env-file.js";
import type { IniEntry, IniFile } from "./files/ini-file.js";
import { readTextFile } from "./files/text-file.js";
import { ALL_SETTINGS, iniName, type Setting, type SettingWithDefault } from "./settings.js";
import { shown } from "./shown.js";

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

/** A setting that is set somewhere; `value` is `undefined` where it could not be used, which is a problem already told. */
export interface Found<T> {
  readonly origin: Origin;
  readonly value: T | undefined;
}

/** A set of variables with a name for messages. */
export interface Variables {
  readonly rank: typeof RANK.environment | typeof RANK.envFile;
  readonly source: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** See `EnvFile.isCut`. */
  readonly isCut?: EnvFile["isCut"];
}

export interface NamedIniFile extends IniFile {
  readonly path: string;
}

/** A value as it stands in its source; `text` is `undefined` where it could not be had. */
interface Given {
  readonly origin: Origin;
  readonly text: string | undefined;
  /** Written by hand after an equals sign, so that quotes around it may have been meant for a parser. */
  readonly mayBeQuoted: boolean;
}

/** Looks settings up, reads their values, and gathers everything that is wrong on the way. */
export class Sources {
  readonly problems: ConfigurationProblem[] = [];
  readonly warnings: string[] = [];

  /** Relative paths of secret files start from `workingDirectory`. `variables` are in order, the first wins. */
  constructor(
    private readonly workingDirectory: string,
    private readonly variables: readonly Variables[],
    private readonly ini?: NamedIniFile,
  ) {}

  /** The value of a setting from the highest source that sets it; `undefined` where none does. Empty means not set. */
  find<T>(setting: Setting<T>): Found<T> | undefined {
    for (const variables of this.variables) {
      const given = this.#fromVariables(variables, setting.environment, setting.secret);
      if (given !== undefined) return this.#read(setting, given);
    }
    const given = this.#fromIni(setting);
    return given && this.#read(setting, given);
  }

  /** The value of a setting, or its default where it is not set or cannot be used. */
  valueOf<T>(setting: SettingWithDefault<T>): T {
    return this.find(setting)?.value ?? setting.fallback;
  }

  /** Tells of a problem; `setting` and `source` as in the file. */
  addProblem(origin: Pick<Origin, "setting" | "source">, problem: string, example: string): void {
    this.problems.push({ setting: origin.setting, source: origin.source, problem, example });
  }

  #read<T>(setting: Setting<T>, given: Given): Found<T> {
    const { origin, text } = given;
    if (text === undefined) return { origin, value: undefined };
    const wrapped = given.mayBeQuoted && /^(["'`]).*\1$/s.test(text) && text.length > 1;
    const result = setting.schema.safeParse(text);
    if (!result.success) {
      const reason = result.error.issues[0]?.message ?? "cannot be used";
      const hint = wrapped ? "; the quotation marks are part of it (Docker's --env-file does not take them off)" : "";
      this.addProblem(
        origin,
        `${setting.secret ? "the value" : shown(text)} ${reason}${hint}`,
        example(setting, origin),
      );
      return { origin, value: undefined };
    }
    if (wrapped) this.warnings.push(quotesWarning(origin));
    return { origin, value: result.data };
  }

  /** Looks in one set of variables for one of these names, or for a file that one of them names with `_FILE`. */
  #fromVariables(variables: Variables, names: readonly string[], secret: boolean): Given | undefined {
    const textOf = (name: string): string => {
      const value = variables.values[name] ?? "";
      // A secret may begin or end with spaces; in anything else they are a slip of the hand.
      return secret && !name.endsWith("_FILE") ? value : value.trim();
    };
    const isCut = (name: string) => secret && variables.isCut?.(name) === true;
    const plain = names.filter((name) => textOf(name) !== "" || isCut(name));
    const files = secret ? names.map((name) => `${name}_FILE`).filter((name) => textOf(name) !== "") : [];
    const [name = files[0], second = files[0]] = plain;
    if (name === undefined) return undefined;
    const origin: Origin = { rank: variables.rank, setting: name, source: variables.source };
    if (second !== undefined && second !== name) {
      if (files.length > 0)
        return this.#refuse(origin, `is set, and so is ${second}: only one of them can count`, name);
      if (textOf(name) !== textOf(second)) {
        this.warnings.push(`${name} and ${second} (${variables.source}) differ: ${name} counts`);
      }
    }
    if (name === files[0]) return this.#fromSecretFile(origin, textOf(name));
    if (isCut(name)) {
      const problem = "holds a # outside of quotes, where a comment begins: put the value in single quotes";
      return this.#refuse(origin, problem, `${name}='your#password'`);
    }
    return { origin, text: textOf(name), mayBeQuoted: variables.rank === RANK.environment };
  }

  /** One newline at the end, which editors and `echo` write, is not part of the secret. */
  #fromSecretFile(origin: Origin, path: string): Given {
    const example = `${origin.setting}=/run/secrets/${origin.setting.replace(/_FILE$/, "").toLowerCase()}`;
    const file = readTextFile(resolve(this.workingDirectory, path));
    if (file.kind === "missing")
      return this.#refuse(origin, `names a file that does not exist: ${shown(path)}`, example);
    if (file.kind === "unusable") return this.#refuse(origin, `names ${shown(path)}, which ${file.reason}`, example);
    const text = file.text.replace(/\r?\n$/, "");
    if (text === "") return this.#refuse(origin, `names an empty file: ${shown(path)}`, example);
    if (/[\r\n]/.test(text)) {
      this.warnings.push(`${origin.setting} (${origin.source}) names a file of several lines: all of it is the secret`);
    }
    return { origin, text, mayBeQuoted: false };
  }

  #fromIni(setting: Setting<unknown>): Given | undefined {
    const place = setting.ini;
    if (place === undefined || this.ini === undefined) return undefined;
    const entry = this.ini.entries.findLast(({ section, key }) => section === place.section && key === place.key);
    if (entry === undefined) return undefined;
    const origin: Origin = {
      rank: RANK.ini,
      setting: iniName(place.section, place.key),
      source: `${this.ini.path}, line ${entry.line}`,
    };
    const text = setting.secret ? entry.value : entry.value.trim();
    if (text === "" && !entry.cut) return undefined;
    const variable = entry.literal ? null : /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(text);
    const name = variable?.[1] ?? variable?.[2];
    if (name !== undefined) return this.#fromReference(setting, origin, name);
    return this.#literal(setting, origin, entry, text);
  }

  #literal(setting: Setting<unknown>, origin: Origin, entry: IniEntry, text: string): Given | undefined {
    const example = `${entry.key} = "your \\"quoted\\" pass#word"`;
    if (entry.badlyQuoted) {
      const problem = 'stands in double quotes, but is not written for them: \\" for a quote, \\\\ for a backslash';
      return this.#refuse(origin, problem, example);
    }
    if (entry.cut && setting.secret) {
      const problem = "holds a ; or # outside of quotes, where a comment begins: put the value in double quotes";
      return this.#refuse(origin, problem, example);
    }
    return text === "" ? undefined : { origin, text, mayBeQuoted: false };
  }

  /** `password = $NAME`: the variable of that name, from the environment or `.env`; not set where it is not. */
  #fromReference(setting: Setting<unknown>, origin: Origin, name: string): Given | undefined {
    for (const variables of this.variables) {
      const given = this.#fromVariables(variables, [name], setting.secret);
      if (given !== undefined) return { ...given, origin: { ...origin, source: `${origin.source}: $${name}` } };
    }
    if (KNOWN_VARIABLES.has(name)) return undefined;
    // What looks like a reference may be a password that begins with a dollar sign, so its name is not shown.
    this.warnings.push(
      setting.secret
        ? `${origin.setting} (${origin.source}) reads as the name of a variable that is not set; if it is the secret itself, put it in single quotes`
        : `${origin.setting} (${origin.source}) names a variable that is not set: ${shown(name)}`,
    );
    return undefined;
  }

  #refuse(origin: Origin, problem: string, example: string): Given {
    this.addProblem(origin, problem, example);
    return { origin, text: undefined, mayBeQuoted: false };
  }
}

const KNOWN_VARIABLES: ReadonlySet<string> = new Set(ALL_SETTINGS.flatMap((setting) => setting.environment));

/** The setting written rightly, in the manner of its source. */
export function example(setting: Setting<unknown>, origin: Origin): string {
  if (origin.rank === RANK.ini && setting.ini !== undefined) return `${setting.ini.key} = ${setting.example}`;
  return `${setting.environment[0]}=${setting.example}`;
}

function quotesWarning({ setting, source }: Origin): string {
  return `${setting} (${source}) begins and ends with quotation marks, and they are taken as part of it: Docker's --env-file does not take them off; remove them there unless they are meant`;
}
