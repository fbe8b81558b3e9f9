import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** The words of the source and of the scripts, with strings that are put together from several lines made one. */
function wordsOf(folder: string, ending: RegExp): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name) && !name.startsWith("simulator"))
    .map((name) => readFileSync(join(ROOT, folder, name), "utf8"))
    .join("\n")
    .replaceAll(/["`]\s*\+\s*["`]/g, "")
    .replaceAll('\\"', '"');
}

const source = wordsOf("src", /\.ts$/);
const everything = `${source}\n${wordsOf("deploy", /\.sh$/)}`;
/** What stands in bold: messages, with … for what differs. */
const messages = [
  ...readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8").matchAll(/^\*\*(.+?)\*\*|, or\s\*\*(.+?)\*\*/gm),
].map(([, first, second]) => first ?? second ?? "");
/** The first column of the table in the README. */
const inReadme = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/## Troubleshooting\n(.*?)\n## /gs)]
  .flatMap(([, section = ""]) => [...section.matchAll(/^\| (.+?) \|/gm)])
  .flatMap(([, cell = ""]) => (cell === "the log says" ? [] : [cell]));

const piecesOf = (message: string) => message.split("…").flatMap((piece) => piece.trim() || []);

test.each(messages)("the program says: %s", (message) => {
  expect(piecesOf(message).filter((piece) => !everything.includes(piece))).toEqual([]);
});

test.each(inReadme)("the program says, as the README has it: %s", (message) => {
  expect(piecesOf(message).filter((piece) => !source.includes(piece))).toEqual([]);
});

/** Mistakes of whoever calls the code, which a user never meets. */
const OF_PROGRAMMERS = [
  "The database was used before",
  "The connections to PostgreSQL were closed",
  "The embedded PostgreSQL has not been started",
  "No free port was found",
];

/** The first words, of some length, of each message that an error class is made with. */
const thrown = [
  ...source.matchAll(
    /(?:super|new (?!DatabaseHoursHidden)(?:Database\w+|EmbeddedServerFailed))\(\s*(["`])((?:(?!\1).)*)\1/g,
  ),
]
  .map(([, , literal = ""]) => literal.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/))
  .flatMap((pieces) => pieces.find((piece) => piece.trim().length > 12) ?? [])
  .filter((piece) => !OF_PROGRAMMERS.some((beginning) => piece.startsWith(beginning)));

test("every error that a user may meet is on the page", () => {
  expect(thrown.length).toBeGreaterThan(25);
  const pieces = messages.flatMap(piecesOf);
  const isKnown = (text: string) => pieces.some((piece) => text.includes(piece) || piece.includes(text.trim()));
  expect(thrown.filter((text) => !isKnown(text))).toEqual([]);
});

test("the page was read: no message is there twice", () => {
  expect(messages.length).toBeGreaterThan(50);
  expect(inReadme.length).toBeGreaterThan(5);
  expect(new Set(messages).size).toBe(messages.length);
});
