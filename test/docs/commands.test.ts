import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { buildProgram } from "../../src/cli/program.js";
import { type Code, codeBlocks, codeSpans, ROOT } from "./markdown.js";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));

/** The single commands of a piece of shell, without comments. */
function commandsIn({ text }: Code): string[][] {
  return text
    .replaceAll(/\\\n/g, " ")
    .split(/\n|&&|\|\||;|\s\|\s/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? ""));
}

/** The words that such a command hands to the program; `undefined`: it runs something else. */
function handedToProgram(words: readonly string[]): string[] | undefined {
  const [first, second] = words;
  if (first === "caruna-integration") return words.slice(1);
  const entry = words.findIndex((word) => word.endsWith("dist/main.js"));
  if (first?.endsWith("node") && entry > 0) return words.slice(entry + 1);
  if (first === "npm" && second === "start") return ["start", ...words.slice(words.indexOf("--") + 1 || words.length)];
  return undefined;
}

const ofProgram = [...codeBlocks().filter(({ language }) => language === "sh"), ...codeSpans()].flatMap((code) =>
  commandsIn(code).map((words) => ({ place: code.place, line: words.join(" "), words })),
);
const programLines = ofProgram.flatMap(({ place, line, words }) => {
  // `npm start &`, `… > file` and the like.
  const end = words.indexOf(">");
  const handed = handedToProgram(end < 0 ? words : words.slice(0, end))?.filter((word) => word !== "&" && word !== "…");
  return handed === undefined ? [] : [{ place, line, handed }];
});
const scriptLines = ofProgram.flatMap(({ place, line, words: [first, second, third] }) =>
  first === "npm" && second === "run" ? [{ place, line, script: third ?? "" }] : [],
);

/** Reads the words as the program does, and runs nothing. */
async function parse(words: readonly string[]): Promise<void> {
  const withoutActions = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(withoutActions);
  };
  const program = await buildProgram(() => true);
  withoutActions(program);
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    throw error;
  }
}

describe("the commands in the documentation", () => {
  test.each(programLines)("the program takes `$line` ($place)", async ({ handed }) => {
    if (handed.length > 0) await parse(handed);
  });

  test.each(scriptLines)("package.json has the script of `$line` ($place)", ({ script }) => {
    expect(Object.keys(scripts)).toContain(script);
  });

  test("are listed by --help with the options that they take", async () => {
    const { commands } = await buildProgram(() => true);
    const list = (await buildProgram(() => false)).helpInformation();
    for (const command of commands) {
      const words = command.registeredArguments
        .map((argument) => (argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`))
        .join("");
      const term = `  ${command.name()}${command.options.length > 0 ? " [options]" : ""}${words} `;
      expect(list.split("\n").some((line) => line.startsWith(term))).toBe(true);
    }
  });

  test("were found, and a wrong one would be", async () => {
    expect(programLines.length).toBeGreaterThan(15);
    expect(scriptLines.length).toBeGreaterThan(3);
    await expect(parse(["load", "--form", "2026-03-28"])).rejects.toThrow("unknown option");
    await expect(parse(["loda"])).rejects.toThrow("unknown command");
  });
});
