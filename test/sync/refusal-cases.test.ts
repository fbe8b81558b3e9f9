import { expect, test } from "vitest";
import { playRefusal, someRefusalCases } from "./refusal-cases.js";

test.each(someRefusalCases().map((one) => [one.name, one] as const))("%s", async (_, one) => {
  const outcome = await playRefusal(one);
  expect(outcome.others).toEqual([]);
  expect(outcome.afterwards).toEqual([]);
});
