import { test } from "vitest";
import { expectUnharmed, refusalCases } from "../sync/refusal-cases.js";

test.each(refusalCases().map((one) => [one.name, one] as const))("%s", async (_, one) => await expectUnharmed(one));
