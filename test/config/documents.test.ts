import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { iniName, parseIniFile } from "../../src/config/files/ini-file.js";
import { ALL_SETTINGS } from "../../src/config/settings.js";

const ini = parseIniFile(readFileSync(new URL("../../config/config.ini", import.meta.url), "utf8"));
const env = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");

describe("the files that describe the settings", () => {
  test("config.ini names every setting that it may hold, in the order of the table, and no other", () => {
    const inTable = ALL_SETTINGS.flatMap((setting) => setting.ini ?? []);
    expect(ini.entries.map(iniName)).toEqual(inTable);
    expect(ini.strayLines).toEqual([]);
  });

  test(".env.example names every variable, in the order of the table", () => {
    const named = [...env.matchAll(/^#?([A-Z_]+)=/gm)].map((match) => match[1]);
    const inTable = ALL_SETTINGS.flatMap(({ names: [variable], secret }) =>
      secret ? [variable, `${variable}_FILE`] : [variable],
    );
    expect(named).toEqual(inTable);
    expect(env).toContain("CARUNA_USERNAME");
  });

  test(".env.example sets nothing as it is: a copy that nobody edited changes nothing", () => {
    expect(env).not.toMatch(/^[A-Z_]+=./m);
  });

  test("the example of every setting is a valid value, which error messages show", () => {
    for (const { schema, example, names } of ALL_SETTINGS) {
      expect(schema.safeParse(example), names[0]).toMatchObject({ success: true });
    }
  });
});
