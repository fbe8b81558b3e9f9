import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvFile } from "../../src/config/files/env-file.js";
import { parseIniFile } from "../../src/config/files/ini-file.js";
import { failure, load } from "./support.js";

/** Everything that a keyboard writes on one line. */
const PRINTABLE = [...Array(95).keys()]
  .map((index) => String.fromCharCode(32 + index))
  .concat(["ä", "Ö", "€", "😀", "\u00a0"]);

/** The rule of config.ini: single quotes and nothing else. */
const iniSingleQuoted = (password: string) => `'${password}'`;

/** The other rule of config.ini, for what is no $NAME: double quotes, with \" and \\ inside. */
const iniDoubleQuoted = (password: string) => `"${password.replace(/[\\"]/g, "\\$&")}"`;

/** The rule of .env.example: single quotes, or backquotes where the value holds a single quote. */
const envQuoted = (password: string) => (password.includes("'") ? `\`${password}\`` : `'${password}'`);

const fromIni = (written: string) => load({ ini: `[caruna]\npassword = ${written}\n` }).caruna.password;
const fromEnv = (written: string) => load({ env: `CARUNA_PASSWORD=${written}\n` }).caruna.password;

/** Passwords of any characters that a keyboard writes, often those which mean something to one of the formats. */
const passwords = fc
  .array(fc.oneof(fc.constantFrom(...PRINTABLE), fc.constantFrom(..."$#;='\"`\\ {}[]:%!")), {
    minLength: 1,
    maxLength: 24,
  })
  .map((letters) => letters.join(""));

describe("a password arrives byte for byte", () => {
  test("each printable character from the ini in quotes, alone and inside", () => {
    for (const letter of PRINTABLE) {
      for (const password of [letter, `ab${letter}cd`, `${letter}cd`, `ab${letter}`]) {
        expect(fromIni(iniSingleQuoted(password)), password).toBe(password);
        if (password !== "$cd") expect(fromIni(iniDoubleQuoted(password)), password).toBe(password);
      }
    }
  });

  test("each printable character but ; # and the backslash from the ini without quotes, inside", () => {
    for (const letter of PRINTABLE.filter((candidate) => !";#".includes(candidate))) {
      expect(fromIni(`ab${letter}cd`), letter).toBe(`ab${letter}cd`);
    }
  });

  test("words that mean something to JSON or to the ini format are plain text", () => {
    for (const word of ["true", "false", "null", "123", "1e5", "007", "[1]", "{}", "[caruna]", "a=b", "=", "%%"]) {
      for (const written of [word, `'${word}'`, `"${word}"`]) expect(fromIni(written), written).toBe(word);
    }
    expect(fromIni(`'"quoted"'`)).toBe('"quoted"');
    expect(fromIni("'")).toBe("'");
    expect(fromIni(`"`)).toBe(`"`);
  });

  test("a comment may follow a value in quotes", () => {
    expect(fromIni(`"pa;ss" ; my password`)).toBe("pa;ss");
    expect(fromIni(`'pa"ss' # my "password"`)).toBe('pa"ss');
  });

  test("each printable character from .env, quoted", () => {
    for (const letter of PRINTABLE) {
      for (const password of [letter, `ab${letter}cd`, `${letter}cd`, `ab${letter}`]) {
        expect(fromEnv(envQuoted(password)), password).toBe(password);
      }
    }
  });

  test("each printable character but # from .env without quotes, inside", () => {
    for (const letter of PRINTABLE.filter((candidate) => candidate !== "#")) {
      expect(fromEnv(`ab${letter}cd`), letter).toBe(`ab${letter}cd`);
    }
  });

  test("each printable character from the environment", () => {
    for (const letter of PRINTABLE) {
      const password = `${letter}ab${letter}cd${letter}`;
      expect(load({ environment: { CARUNA_PASSWORD: password } }).caruna.password).toBe(password);
    }
  });

  test("any password, from the ini by its documented rule", () => {
    fc.assert(
      fc.property(passwords, (password) => {
        const read = (written: string) => parseIniFile(`[caruna]\r\npassword=${written}`).entries;
        const expected = {
          section: "caruna",
          key: "password",
          value: password,
          line: 2,
          cut: false,
          badlyQuoted: false,
        };
        expect(read(iniSingleQuoted(password))).toEqual([{ ...expected, literal: true }]);
        expect(read(iniDoubleQuoted(password))).toEqual([{ ...expected, literal: false }]);
      }),
      { numRuns: 2000 },
    );
  });

  test("any password without both ' and ` from .env by its documented rule", () => {
    fc.assert(
      fc.property(passwords, (password) => {
        fc.pre(!(password.includes("'") && password.includes("`")));
        const file = parseEnvFile(`A=1\nCARUNA_PASSWORD=${envQuoted(password)}\nB='2'\n`);
        expect(file.variables).toEqual({ A: "1", CARUNA_PASSWORD: password, B: "2" });
        expect(file.isCut("CARUNA_PASSWORD")).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a secret that would arrive cut or with its quotes is refused instead", () => {
  test.each(["abc#def", "#abc", "abc;def", "abc ; def", ";abc"])("ini: %s", (written) => {
    expect(failure({ ini: `[caruna]\npassword = ${written}\n` }).problems).toMatchObject([
      { setting: "[caruna] password", problem: expect.stringMatching(/; or # outside of quotes/) },
    ]);
  });

  test.each(['"it"s"', '"a\\d"', '"\\"'])("ini: %s", (written) => {
    expect(failure({ ini: `[caruna]\npassword = ${written}\n` }).problems).toMatchObject([
      { setting: "[caruna] password", problem: expect.stringMatching(/double quotes/) },
    ]);
  });

  test.each(["'it's#x'", "  'it's#x'"])(".env: %s", (written) => {
    expect(failure({ env: `A=b\nexport CARUNA_PASSWORD=${written}\nB=c\n` }).problems).toMatchObject([
      { setting: "CARUNA_PASSWORD", problem: expect.stringMatching(/single quotes/) },
    ]);
  });

  test.each([
    ["abc#def", "abc#def"],
    ["#abc", "#abc"],
    ["  abc#def  # my password", "abc#def"],
    ["a#b#c", "a#b#c"],
  ])(".env, as Python's dotenv and Docker read it: %s", (written, password) => {
    expect(fromEnv(written)).toBe(password);
  });

  test("a comment after a space is a comment, and escapes and other settings are as the formats say", () => {
    expect(fromEnv("abc # my password")).toBe("abc");
    expect(fromEnv("# my password")).toBeUndefined();
    expect(fromEnv(" #1 of my passwords")).toBeUndefined();
    expect(fromEnv("'a#b' # my password")).toBe("a#b");
    expect(fromIni("a\\;b\\#c\\\\d")).toBe("a;b#c\\d");
    expect(load({ ini: "[main]\ndays_to_load = 5 ; days\n" }).daysToLoad).toBe(5);
  });
});

test("a byte order mark and Windows line ends are tolerated in both files", () => {
  const given = {
    env: "\uFEFFCARUNA_USER=matti\r\nCARUNA_PASSWORD=a\r\n",
    ini: "\uFEFF[main]\r\ndays_to_load = 5\r\n",
  };
  expect(load(given)).toMatchObject({ caruna: { username: "matti", password: "a" }, daysToLoad: 5, warnings: [] });
});
