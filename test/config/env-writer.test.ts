import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvFile, withVariable } from "../../src/config/files/env-file.js";
import { accountInEnvironment, ConfigurationError, loadConfiguration, writeSettings } from "../../src/config/index.js";
import { folders } from "./support.js";

/** How Docker's --env-file reads a file: a line, the first equals sign, and everything after it; no quotes, no comments behind. */
function asDockerReads(text: string): Map<string, string> {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart());
  return new Map(
    lines.flatMap((line) => {
      const equals = line.indexOf("=");
      return line === "" || line.startsWith("#") || equals === -1
        ? []
        : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    }),
  );
}

const MEANINGFUL = [..."$#;='\"`\\ \t{}[]:%!nr", "\n", "\r", "\u00a0", "\uFEFF", "\u2028", "ä", "€", "😀"];

/** Any text that UTF-8 can hold, often of letters that mean something to one of the readers. */
const passwords = fc
  .array(fc.oneof(fc.constantFrom(...MEANINGFUL), fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })), {
    minLength: 1,
    maxLength: 16,
  })
  .map((letters) => letters.join(""));

/** What may stand in a .env before and after ours, well written or not. */
const surroundings = fc.array(
  fc.constantFrom(
    "DB_HOST=localhost",
    "# CARUNA_PASSWORD=old",
    "  # a comment with 'a quote",
    "export A='b c' # d",
    "B='",
    "C=it's",
    'D="two\nlines"',
    "E=`",
    "",
    "no assignment",
    "CARUNA_PASSWORD=old",
    "CARUNA_PASSWORD='old",
    "CARUNA_PASSWORD='an old\none'",
    "CARUNA_PASSWORD_FILE=/run/secrets/old",
  ),
  { maxLength: 6 },
);

const answers = (password: string) => ({ username: "matti@example.com", password, meteringPoint: undefined });

/** Writes into the folder of these files, and tells how to read it again. */
function writer(env?: string | Buffer) {
  const { workingDirectory, packageDirectory } = folders(env === undefined ? {} : { env });
  const places = { workingDirectory, stateDir: join(workingDirectory, "state") };
  const file = join(workingDirectory, ".env");
  return {
    file,
    workingDirectory,
    write: (changes: Partial<Parameters<typeof writeSettings>[0]> = {}) =>
      writeSettings({ ...answers("secret"), ...changes }, places),
    text: () => readFileSync(file, "utf8"),
    caruna: () => loadConfiguration({ environment: {}, workingDirectory, packageDirectory }).caruna,
  };
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("a value in the text of a .env", () => {
  test("any password is read back exactly, bare ones by Docker too, and no other variable changes", () => {
    const seen = { bare: 0, quoted: 0, refused: 0 };
    fc.assert(
      fc.property(surroundings, passwords, (lines, password) => {
        const before = lines.join("\n");
        const edited = withVariable(before, "CARUNA_PASSWORD", password);
        seen[edited === undefined ? "refused" : edited.isQuoted ? "quoted" : "bare"] += 1;
        if (edited === undefined) return;
        const read = parseEnvFile(edited.text);
        expect(read.variables).toEqual({ ...parseEnvFile(before).variables, CARUNA_PASSWORD: password });
        expect(read.isCut("CARUNA_PASSWORD")).toBe(false);
        if (!edited.isQuoted) expect(asDockerReads(edited.text).get("CARUNA_PASSWORD")).toBe(password);
      }),
      { numRuns: 5000 },
    );
    // The property would hold for a writer that refuses everything.
    expect(Math.min(seen.bare, seen.quoted, seen.refused)).toBeGreaterThan(200);
  });

  test.each(["abc", "a#b", "#abc", "pa$s", "it's", 'say "x"', "a b", "a=b", "back\\slash", "a`b'c\"d", "c:\\new"])(
    "stands bare where nothing asks for quotes: %s",
    (value) => {
      expect(withVariable("", "NAME", value)).toEqual({ text: `NAME=${value}\n`, isQuoted: false });
    },
  );

  test.each([
    ["a #b", "'a #b'"],
    [" a", "' a'"],
    ["it's #1", "`it's #1`"],
    ["'a'", "`'a'`"],
    ["'` #", '"\'` #"'],
  ])("is quoted where it would be read otherwise: %s", (value, written) => {
    expect(withVariable("", "NAME", value)).toEqual({ text: `NAME=${written}\n`, isQuoted: true });
  });

  test.each(["'\"` #", "two\nlines", "ends so \\ #\\", "\u0000"])("is refused where no quotes help: %j", (value) => {
    expect(withVariable("", "NAME", value)).toBeUndefined();
  });

  test("is not swallowed by a quote that was left open above", () => {
    expect(withVariable("A='x\n", "NAME", "y'")).toEqual({ text: "A='x\nNAME=`y'`\n", isQuoted: true });
  });

  test("is refused where its line is a part of another variable", () => {
    const text = 'A="x\nNAME=y\nz"\n';
    expect(withVariable(text, "NAME", "it")).toBeUndefined();
    expect(withVariable(text, "NAME", undefined)?.text).toBe(text);
  });

  test("takes the place of the line that counted, and the others of its name go", () => {
    const text = "A=1\r\nNAME=old # mine\r\n\r\n#NAME=x\r\nexport NAME='new\r\nest' \r\nNAMES=2";
    expect(withVariable(text, "NAME", "it")?.text).toBe("A=1\r\n\r\n#NAME=x\r\nNAME=it\r\nNAMES=2");
    expect(withVariable(text, "NAME", undefined)?.text).toBe("A=1\r\n\r\n#NAME=x\r\nNAMES=2");
  });

  test("is added on a line of its own, with the line ends of the file", () => {
    expect(withVariable("A=1\r\nB=2", "NAME", "it")?.text).toBe("A=1\r\nB=2\r\nNAME=it\r\n");
    expect(withVariable("A=1", "NAME", "it")?.text).toBe("A=1\nNAME=it\n");
  });
});

describe("the .env on the disk", () => {
  test("any password arrives in the configuration, from .env or from a file of its own", async () => {
    const property = fc.asyncProperty(passwords, async (password) => {
      const { write, caruna } = writer("DAYS_TO_LOAD=3\nCARUNA_PASSWORD_FILE=/old\n");
      await write({ password });
      expect(caruna()).toMatchObject({ username: "matti@example.com", password });
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test("is made where there was none, for its owner alone", async () => {
    const { write, text, file } = writer();
    expect(await write({ meteringPoint: "FSK1" })).toEqual({ file, passwordFile: undefined, isQuoted: false });
    expect(text()).toMatch(/^# .*\nCARUNA_USER=matti@example.com\nCARUNA_PASSWORD=secret\nMETERING_POINT=FSK1\n$/);
    expect(modeOf(file)).toBe(0o600);
  });

  test("keeps every other byte: comments, order, line ends and byte order mark; a mode too open is mended", async () => {
    const before = "\uFEFF# mine\r\n\r\nDB_HOST = x \r\nCARUNA_USER=\r\nCARUNA_PASSWORD=old\r\n\tJOB_INTERVAL=60 # odd";
    const { write, text, file } = writer(before);
    chmodSync(file, 0o644);
    await write();
    const after = before.replace("USER=", "USER=matti@example.com").replace("=old", "=secret");
    expect(text()).toBe(after);
    expect(modeOf(file)).toBe(0o600);
  });

  test("leaves what was not answered as it is", async () => {
    const before = "CARUNA_USER=x@example.com\nCARUNA_PASSWORD='old'\n";
    const { write, text } = writer(before);
    await write({ username: undefined, password: undefined, meteringPoint: "FSK1" });
    expect(text()).toBe(`${before}METERING_POINT=FSK1\n`);
  });

  test("keeps a password that it cannot hold in a file beside the state, and goes back when it can", async () => {
    const { write, text, file, workingDirectory } = writer("CARUNA_PASSWORD=old\nCARUNA_USERNAME=old\n");
    const passwordFile = join(workingDirectory, "state", "caruna-password");
    expect(await write({ password: "'\"` #" })).toEqual({ file, passwordFile, isQuoted: false });
    expect(text()).toBe(`CARUNA_USER=matti@example.com\nCARUNA_PASSWORD_FILE=${join("state", "caruna-password")}\n`);
    expect([modeOf(passwordFile), readFileSync(passwordFile, "utf8")]).toEqual([0o600, "'\"` #\n"]);
    await write();
    expect(text()).toBe("CARUNA_USER=matti@example.com\nCARUNA_PASSWORD=secret\n");
  });

  test("a symbolic link stays one", async () => {
    const { write, text, file, workingDirectory } = writer();
    const target = join(workingDirectory, "elsewhere.env");
    writeFileSync(target, "A=1\n");
    symlinkSync(target, file);
    await write();
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(text()).toBe("A=1\nCARUNA_USER=matti@example.com\nCARUNA_PASSWORD=secret\n");
  });

  test("is left as it is, with an error that says why, where it cannot be edited, read or written", async () => {
    const text = 'A="x\nMETERING_POINT=1\n"\n';
    const odd = writer(text);
    await expect(odd.write({ meteringPoint: "2" })).rejects.toThrow(
      /by hand:\n {2}CARUNA_USER=matti@example\.com\n {2}CARUNA_PASSWORD='your password'\n {2}METERING_POINT=2$/,
    );
    expect(odd.text()).toBe(text);
    const latin1 = writer(Buffer.from("A=\xe4\n", "latin1"));
    await expect(latin1.write()).rejects.toThrow(/not UTF-8/);
    const folder = writer();
    mkdirSync(folder.file);
    await expect(folder.write()).rejects.toBeInstanceOf(ConfigurationError);
  });
});

test("what the environment sets of the account is told by its variable", () => {
  expect(accountInEnvironment({ CARUNA_USERNAME: "a@b.fi", CARUNA_PASSWORD_FILE: "/x", METERING_POINT: " " })).toEqual({
    username: "CARUNA_USERNAME",
    password: "CARUNA_PASSWORD_FILE",
    meteringPoint: undefined,
  });
  expect(accountInEnvironment({ CARUNA_USER: "", CARUNA_PASSWORD: "x" })).toMatchObject({
    username: undefined,
    password: "CARUNA_PASSWORD",
  });
});
