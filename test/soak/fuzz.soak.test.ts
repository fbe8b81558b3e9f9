import fc from "fast-check";
import { expect, it } from "vitest";
import { anyText, feed, PARSERS } from "../fuzz/parsers.js";

/** How many texts the parsers get in all. */
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 1_000_000);

const names = Object.keys(PARSERS);

it.each(names)(
  "%s: takes any text, or throws its own error",
  (name) => {
    expect(INPUTS).toBeGreaterThan(0);
    fc.assert(
      fc.property(anyText, (text) => feed(name, text)),
      { numRuns: Math.ceil(INPUTS / names.length) },
    );
  },
  6 * 3_600_000,
);
