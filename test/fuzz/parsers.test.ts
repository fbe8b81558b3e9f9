import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ailment } from "../../src/daemon/health.js";
import { anyText, feed, PARSERS } from "./parsers.js";

const INPUTS_A_PARSER = 1_800;

/** What is large or deep, which random texts seldom are. */
const LARGE: Readonly<Record<string, string>> = {
  "tags nested 20,000 deep": "<div>".repeat(20_000),
  "errors nested 600 deep": `${"<div class=error>".repeat(600)}No`,
  "JSON nested 20,000 deep": "[".repeat(20_000) + "]".repeat(20_000),
  "objects nested 20,000 deep": `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  "an attribute of a megabyte": `<input name="${"x".repeat(1_000_000)}">`,
  "an Ajax answer nested 20,000 deep": `<ajax-response>${"<a>".repeat(20_000)}`,
  "an attribute that every object has": "<form constructor id=a><input constructor=b name=c action<constructor=d>",
  "spaces without end": " ".repeat(20_000),
};

describe.each(Object.keys(PARSERS))("the parser of: %s", (name) => {
  it("takes any text, or throws its own error", () => {
    fc.assert(
      fc.property(anyText, (text) => feed(name, text)),
      { numRuns: INPUTS_A_PARSER },
    );
  });

  it.each(Object.entries(LARGE))("takes %s, or throws its own error", (_, text) => {
    feed(name, text);
  });
});

describe("the health file", () => {
  it.each(["1e300", "-1e300", "8640000000000001"])("with the impossible time %s counts as unreadable", async (time) => {
    const directory = await mkdtemp(join(tmpdir(), "health-"));
    try {
      const file = join(directory, "health.json");
      await writeFile(file, `{"endedEpochMs":${time},"nextDueEpochMs":0,"problem":null}`);
      expect(await ailment(file, 1)).toContain("nothing readable");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
