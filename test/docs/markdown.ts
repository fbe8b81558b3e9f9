import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A piece of code in the documentation. */
export interface Code {
  /** `docs/operations.md:12`, where a person finds it. */
  readonly place: string;
  /** `sql`, `sh`, … */
  readonly language: string;
  /** What follows the language on the first line. */
  readonly remark: string;
  readonly text: string;
}

interface Page {
  readonly name: string;
  readonly text: string;
}

function pages(): Page[] {
  const inDocs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...inDocs.map((name) => `docs/${name}`)].map((name) => ({
    name,
    text: readFileSync(join(ROOT, name), "utf8"),
  }));
}

const lineOf = (text: string, index: number) => text.slice(0, index).split("\n").length;

/** Every fenced block of the README and of `docs/`. */
export function codeBlocks(): Code[] {
  return pages().flatMap(({ name, text }) =>
    [...text.matchAll(/^( *)```(\w+) *(.*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
      const [, , language = "", remark = "", code = ""] = match;
      return { place: `${name}:${lineOf(text, match.index)}`, language, remark, text: code };
    }),
  );
}

/** Every `code span` of the README and of `docs/`. */
export function codeSpans(): Code[] {
  return pages().flatMap(({ name, text }) =>
    // The blocks are left empty, so that lines keep their numbers.
    [
      ...text
        .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ""))
        .matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g),
    ].map((match) => ({
      place: `${name}:${lineOf(text, match.index)}`,
      language: "",
      remark: "",
      text: (match[1] ?? "").replaceAll(/\s+/g, " "),
    })),
  );
}
