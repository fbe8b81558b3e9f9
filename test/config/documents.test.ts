import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseIniFile } from "../../src/config/files/ini-file.js";
import { describeSettings } from "../../src/config/index.js";

const ini = parseIniFile(readFileSync(new URL("../../config/config.ini", import.meta.url), "utf8"));
const env = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");

describe("the files that describe the settings", () => {
  test("config.ini names every setting that it may hold, in the order of the table, and no other", () => {
    const inTable = describeSettings().flatMap((setting) => setting.ini ?? []);
    expect(ini.entries.map(({ section, key }) => `[${section}] ${key}`)).toEqual(inTable);
    expect(ini.strayLines).toEqual([]);
  });

  test(".env.example names every variable, in the order of the table", () => {
    const named = [...env.matchAll(/^#?([A-Z_]+)=/gm)].map((match) => match[1]);
    const inTable = describeSettings().flatMap(({ environment }) => environment);
    const isAlias = (name: string) => name === "CARUNA_USERNAME" || /[a-z]/.test(name);
    expect(named).toEqual(inTable.filter((name) => !isAlias(name)));
    expect(env).toContain("CARUNA_USERNAME");
  });

  test(".env.example sets nothing as it is: a copy that nobody edited changes nothing", () => {
    expect(env).not.toMatch(/^[A-Z_]+=./m);
  });

  test("every setting is described for --help", () => {
    for (const setting of describeSettings()) {
      expect(setting.description, setting.environment[0]).toMatch(/^[A-Z].*[^.]$/);
      expect(setting.default).not.toBe("");
      expect(setting.example).not.toBe("");
    }
  });
});
