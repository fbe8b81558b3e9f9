import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { errorCode } from "../../shared/error-code.js";
import { type Owner, writePrivately } from "../../shared/files.js";
import { ConfigurationError } from "../configuration-error.js";
import { SETTINGS, type Setting } from "../settings.js";
import { RANK, Sources } from "../sources.js";
import { withVariable } from "./env-file.js";

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

/** By setting, the variable of the process' environment that stands above what `.env` says of it. */
export function accountInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<keyof AnsweredSettings, string | undefined>> {
  const sources = new Sources(".", [{ rank: RANK.environment, source: "environment", values: environment }]);
  const variableOf = (setting: Setting) => sources.find(setting).origin?.setting;
  return {
    username: variableOf(SETTINGS.username),
    password: variableOf(SETTINGS.password),
    meteringPoint: variableOf(SETTINGS.meteringPoint),
  };
}

/**
 * Writes the answers into the `.env` of the working directory, whole or not at all, mode 0600, and keeps everything else
 * that stands there. A password that `.env` cannot hold goes to a file of its own, which `CARUNA_PASSWORD_FILE` names.
 *
 * Throws `ConfigurationError`, with the lines to paste instead, where the file cannot be written, or cannot be edited
 * without changing something else in it.
 */
export async function writeSettings(answers: AnsweredSettings, places: EnvPlaces): Promise<WrittenSettings> {
  const file = envFileOf(places.workingDirectory);
  try {
    const { path, byteOrderMark, text, owner } = await readEnv(file);
    const edit = edited(text, answers, places);
    if (edit.passwordFile !== undefined && answers.password !== undefined)
      await writePrivately(edit.passwordFile, secretFileOf(answers.password));
    await writePrivately(path, byteOrderMark + edit.text, owner);
    return { file, passwordFile: edit.passwordFile, isQuoted: edit.isQuoted };
  } catch (error) {
    throw notWritten(file, error, answers);
  }
}

/** The text cannot be edited; the message completes a sentence that begins with the file's name. */
class NotEditable extends Error {
  override readonly name = "NotEditable";
}

interface Edit {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly passwordFile: string | undefined;
}

function edited(before: string, answers: AnsweredSettings, places: EnvPlaces): Edit {
  const { username, password, meteringPoint } = answers;
  let text = before === "" ? NEW_FILE : before;
  let isQuoted = false;
  const set = (name: string, value: string | undefined) => {
    const edit = withVariable(text, name, value);
    if (edit === undefined)
      throw new NotEditable(`is written so that ${name} cannot be set without changing something else in it`);
    text = edit.text;
    isQuoted ||= edit.isQuoted;
  };
  if (username !== undefined) {
    set("CARUNA_USER", username);
    // Of two names the first counts; what the other one says would be a puzzle.
    set("CARUNA_USERNAME", undefined);
  }
  let passwordFile: string | undefined;
  if (password !== undefined) {
    if (withVariable(text, "CARUNA_PASSWORD", password) === undefined) {
      passwordFile = join(places.stateDir, "caruna-password");
    }
    const fromHere = passwordFile && relative(places.workingDirectory, passwordFile);
    set("CARUNA_PASSWORD_FILE", fromHere?.startsWith("..") === true ? passwordFile : fromHere);
    set("CARUNA_PASSWORD", passwordFile === undefined ? password : undefined);
  }
  if (meteringPoint !== undefined) set("METERING_POINT", meteringPoint);
  return { text, isQuoted, passwordFile };
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
  /** To whom the new file is given; `undefined`: to who writes it. */
  readonly owner: Owner | undefined;
}

async function readEnv(file: string): Promise<EnvBefore> {
  let path: string;
  try {
    path = await realpath(file);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return { path: file, byteOrderMark: "", text: "", owner: undefined };
  }
  const { uid, gid } = await stat(path);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  const byteOrderMark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  // Root may edit the file of the user that the program runs as, who must still be able to read it.
  const owner = process.getuid?.() === 0 ? { uid, gid } : undefined;
  return { path, byteOrderMark, text: text.slice(byteOrderMark.length), owner };
}

/** The password is for the person to fill in: it is never shown. */
function notWritten(file: string, cause: unknown, answers: AnsweredSettings): ConfigurationError {
  const { username, password, meteringPoint } = answers;
  const lines = [
    ...(username === undefined ? [] : [`CARUNA_USER=${username}`]),
    ...(password === undefined ? [] : ["CARUNA_PASSWORD='your password'"]),
    ...(meteringPoint === undefined ? [] : [`METERING_POINT=${meteringPoint}`]),
  ];
  const problem = reasonOf(cause);
  return new ConfigurationError(
    [`${file} ${problem}, so it was left as it is. Put these lines into it by hand:`, ...lines].join("\n  "),
    [{ setting: ".env", source: file, problem, example: lines[0] ?? "" }],
  );
}

function reasonOf(cause: unknown): string {
  if (cause instanceof NotEditable) return cause.message;
  return cause instanceof TypeError
    ? "is not UTF-8 text"
    : `cannot be read or written (${errorCode(cause) ?? "unknown reason"})`;
}
