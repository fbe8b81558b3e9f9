import { test } from "vitest";
import { expectUnharmed, someRefusalCases } from "./refusal-cases.js";

test.each(someRefusalCases().map((one) => [one.name, one] as const))("%s", async (_, one) => await expectUnharmed(one));
