import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { type Owner, writePrivately } from "../../shared/files.js";
import { ConfigurationError } from "../configuration-error.js";
import { SETTINGS, type Setting } from "../settings.js";
import { withoutVariable, withVariable } from "./env-text.js";

/** What a person has answered; `undefined` leaves what `.env` says. */
export interface AnsweredSettings {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly meteringPoint: string | undefined;
}

export interface EnvPlaces {
  /** The folder whose `.env` is written, and from which relative paths start. */
  readonly workingDirectory: string;
  /** Keeps a password that `.env` cannot hold. */
  readonly stateDir: string;
}

/** What was written, for a person to read of. */
export interface WrittenSettings {
  /** Path of the `.env`. */
  readonly file: string;
  /** The file of its own that holds the password; `undefined` where `.env` holds it, or no password was given. */
  readonly passwordFile: string | undefined;
  /** True where a value stands in quotes, so that Docker's `--env-file` does not read it as meant. */
  readonly isQuoted: boolean;
}

const NEW_FILE = "# Settings of caruna-integration. All that there are: .env.example\n";

/** Where `writeSettings` writes. */
export function envFileOf(workingDirectory: string): string {
  return resolve(workingDirectory, ".env");
}

/**
 * Writes the answers into the `.env` of the working directory, whole or not at all, mode 0600, and keeps everything else
 * that stands there. A password that `.env` cannot hold goes to a file of its own, which `CARUNA_PASSWORD_FILE` names.
 *
 * Throws `ConfigurationError` where the file cannot be written, or cannot be edited without harm.
 */
export async function writeSettings(answers: AnsweredSettings, places: EnvPlaces): Promise<WrittenSettings> {
  const file = envFileOf(places.workingDirectory);
  const before = await readEnv(file);
  const edit = edited(before.text, answers, places, file);
  try {
    if (edit.passwordFile !== undefined && answers.password !== undefined)
      await writePrivately(edit.passwordFile, secretFileOf(answers.password));
    // Root may edit the file of the user that the program runs as, who must still be able to read it.
    const owner = process.getuid?.() === 0 ? before.owner : undefined;
    await writePrivately(before.path, before.byteOrderMark + edit.text, owner);
  } catch (error) {
    throw notWritten(file, `cannot be written (${codeOf(error)})`);
  }
  return { file, passwordFile: edit.passwordFile, isQuoted: edit.isQuoted };
}

/** By setting, the variable of the process' environment that stands above what `.env` says of it. */
export function accountInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<keyof AnsweredSettings, string | undefined>> {
  const variableOf = ({ environment: names, secret }: Setting<unknown>) => {
    const plain = names.find((name) => (secret ? environment[name] : environment[name]?.trim()));
    return (
      plain ?? (secret ? names.map((name) => `${name}_FILE`).find((name) => environment[name]?.trim()) : undefined)
    );
  };
  const { username, password, meteringPoint } = SETTINGS;
  return {
    username: variableOf(username),
    password: variableOf(password),
    meteringPoint: variableOf(meteringPoint),
  };
}

interface Edit {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly passwordFile: string | undefined;
}

function edited(
  text: string,
  answers: AnsweredSettings,
  { workingDirectory, stateDir }: EnvPlaces,
  file: string,
): Edit {
  let edit: Edit = { text: text === "" ? NEW_FILE : text, isQuoted: false, passwordFile: undefined };
  const set = (name: string, value: string): boolean => {
    const next = withVariable(edit.text, name, value);
    if (next !== undefined) edit = { ...edit, text: next.text, isQuoted: edit.isQuoted || next.isQuoted };
    return next !== undefined;
  };
  const mustSet = (name: string, value: string) => {
    if (!set(name, value)) throw notEditable(file, name);
  };
  const remove = (name: string) => {
    const next = withoutVariable(edit.text, name);
    if (next === undefined) throw notEditable(file, name);
    edit = { ...edit, text: next };
  };
  const { username, password, meteringPoint } = answers;
  if (username !== undefined) {
    mustSet("CARUNA_USER", username);
    // Of two names the first counts; what the other one says would be a puzzle.
    remove("CARUNA_USERNAME");
  }
  if (password !== undefined && set("CARUNA_PASSWORD", password)) remove("CARUNA_PASSWORD_FILE");
  else if (password !== undefined) {
    const passwordFile = join(stateDir, "caruna-password");
    const fromHere = relative(workingDirectory, passwordFile);
    mustSet("CARUNA_PASSWORD_FILE", fromHere.startsWith("..") ? passwordFile : fromHere);
    remove("CARUNA_PASSWORD");
    edit = { ...edit, passwordFile };
  }
  if (meteringPoint !== undefined) mustSet("METERING_POINT", meteringPoint);
  return edit;
}

/** What the reader of a secret's file takes off is put on: a byte order mark, and one line end (`\r\n` counts as one). */
function secretFileOf(password: string): string {
  const byteOrderMark = password.startsWith("\uFEFF") ? "\uFEFF" : "";
  return byteOrderMark + password + (password.endsWith("\r") ? "" : "\n");
}

interface EnvBefore {
  /** Where the file is, symbolic links followed, so that a link stays one. */
  readonly path: string;
  readonly byteOrderMark: string;
  /** Empty where there is no file yet. */
  readonly text: string;
  /** `undefined` where there is no file yet. */
  readonly owner: Owner | undefined;
}

async function readEnv(file: string): Promise<EnvBefore> {
  try {
    const path = await realpath(file);
    const { uid, gid } = await stat(path);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
    const byteOrderMark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
    return { path, byteOrderMark, text: text.slice(byteOrderMark.length), owner: { uid, gid } };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { path: file, byteOrderMark: "", text: "", owner: undefined };
    throw notWritten(file, error instanceof TypeError ? "is not UTF-8 text" : `cannot be read (${codeOf(error)})`);
  }
}

function notWritten(file: string, problem: string): ConfigurationError {
  return new ConfigurationError(
    `${file} ${problem}, so the account was not written there. ` +
      "Mend that, or set CARUNA_USER and CARUNA_PASSWORD in the environment.",
    [{ setting: ".env", source: file, problem, example: "CARUNA_USER=matti@example.com" }],
  );
}

function notEditable(file: string, name: string): ConfigurationError {
  const problem = `is written so that ${name} cannot be set in it without changing something else`;
  return new ConfigurationError(`${file} ${problem}, so it was left as it is. Set ${name} in it by hand.`, [
    { setting: name, source: file, problem, example: `${name}=…` },
  ]);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
