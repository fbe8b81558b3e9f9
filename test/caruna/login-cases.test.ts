import { describe, test } from "vitest";
import { allCases, type Case, loginCases, nameOf } from "../support/login-cases.js";

const { play } = loginCases();

/** After the post each body and each status once, before it each status; the long form in the soak plays all of them. */
function someCases(): Case[] {
  const seen = new Set<unknown>();
  return allCases().filter(({ status, body, place, isRight }) => {
    const isOfBody = status === 200 && place === "after";
    const key = isOfBody ? body : `${status} ${place}`;
    if (isRight === (body.says === "rejected") || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

describe("a simulated month of hourly cycles", () => {
  test.each(someCases().map((one) => [nameOf(one), one] as const))("%s", async (_, one) => {
    // Each request of one that hangs takes a second of real time.
    await play(one, one.status === "hung" ? 8 : undefined);
  });
});
