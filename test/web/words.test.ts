import { describe, expect, test } from "vitest";
import { LANGUAGES, languageFrom, wordsOf } from "../../src/web/page/browser/words.js";
import { shell } from "../../src/web/page/shell.js";

/** Every text of a language with the name under which the page knows it; texts with something in them get it. */
function textsOf(words: object, path = ""): [name: string, text: string][] {
  return Object.entries(words).flatMap(([key, value]): [string, string][] => {
    const name = `${path}${key}`;
    if (typeof value === "string") return [[name, value]];
    if (typeof value === "function") return [[name, String(value("[1]", "[2]", "[3]", "[4]"))]];
    return textsOf(value, `${name}.`);
  });
}

const english = new Map(textsOf(wordsOf("en")));

describe.each(LANGUAGES)("the words of %s", (language) => {
  const texts = textsOf(wordsOf(language));

  test("are there, with nothing left open", () => {
    expect(texts.map(([name]) => name)).toEqual([...english.keys()]);
    for (const [name, text] of texts) {
      expect(text.trim(), name).not.toBe("");
      expect(text, name).not.toMatch(/undefined|\[object|TODO| {2}/);
    }
  });

  test("say everything that they are given", () => {
    for (const [name, text] of texts) {
      const given = english.get(name)?.match(/\[\d\]/g) ?? [];
      expect(text.match(/\[\d\]/g)?.sort() ?? [], name).toEqual(given.sort());
    }
  });

  test("end their sentences where English does", () => {
    for (const [name, text] of texts) expect(/[.?:]$/.test(text), name).toBe(/[.?:]$/.test(english.get(name) ?? ""));
  });
});

describe("a translation", () => {
  // Written alike in two languages, or not words at all.
  const ALIKE = new Set(["locale", "clockMark", "month"]);

  test.each(["fi", "sv"] as const)("into %s leaves nothing in English", (language) => {
    const same = textsOf(wordsOf(language)).filter(([name, text]) => text === english.get(name) && !ALIKE.has(name));
    expect(same.map(([name]) => name)).toEqual([]);
  });

  test("uses the quotation marks of its language", () => {
    for (const language of ["fi", "sv"] as const) {
      for (const [name, text] of textsOf(wordsOf(language))) expect(text, name).not.toMatch(/["“„]/);
    }
  });
});

describe("the language of the page", () => {
  test.each([
    [undefined, "en"],
    ["", "en"],
    ["fi-FI,fi;q=0.9,en;q=0.8", "fi"],
    ["sv-FI, fi;q=0.9", "sv"],
    ["en-US,en;q=0.5,fi;q=0.8", "en"],
    ["de-DE,de;q=0.9,sv;q=0.4,fi;q=0.6", "fi"],
    ["de, en;q=0.5", "en"],
    ["FI", "fi"],
    ["fi;q=0, sv", "sv"],
    ["fi;q=nonsense, sv;q=0.1", "fi"],
    ["*", "en"],
  ])("for Accept-Language %j is %s", (header, language) => {
    expect(languageFrom(header)).toBe(language);
  });

  test.each(LANGUAGES)("%s is what the shell is marked with and speaks", (language) => {
    const html = shell(language);
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toContain(`<title>${wordsOf(language).title}</title>`);
  });

  test("leaves nothing inline in the shell that a strict policy would refuse, and no other address", () => {
    const html = shell("en");
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/i);
    expect(html).not.toMatch(/https?:|\/\/\w/);
  });
});
