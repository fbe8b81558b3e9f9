import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LoginChanged, PersonNeeded } from "../../src/caruna/index.js";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { allCases, type Case, CaseGuards, CaseWorld, expected, HOURS, nameOf, takesPassword } from "./login-cases.js";

let testDatabase: TestDatabase;
let database: Database;
let guards: CaseGuards;

beforeAll(async () => {
  testDatabase = await createDatabase();
  database = new Database(testDatabase.settings, silentLogger);
  await database.start();
  guards = new CaseGuards(database, () => testDatabase.query("DELETE FROM public.login_guard"));
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

/** Each body and each status once; the long form in the soak plays all of them. */
function someCases(): Case[] {
  const seen = new Set<unknown>();
  return allCases().filter(({ status, body, place, isRight }) => {
    const isNew =
      (status === 200 && !seen.has(body)) ||
      ((typeof status !== "number" || status === 429 || status >= 500) && !seen.has(status));
    if (place === "before" || isRight === (body.says === "rejected") || !isNew) return false;
    seen.add(body).add(status);
    return true;
  });
}

describe("a simulated month of hourly cycles", () => {
  test.each(someCases().map((one) => [nameOf(one), one] as const))("%s", async (_, one) => {
    // Each of its posts takes a second of real time.
    const hours = one.status === "hung" ? 8 : undefined;
    const { posts, error, kind, goesOn } = await (await CaseWorld.open(guards)).month(one, hours);
    const outcome = expected(one) ?? "no answer";
    expect([kind, posts]).toEqual([
      outcome.replace(/,.*/, ""),
      HOURS[outcome].filter((hour) => hour < (hours ?? Infinity)),
    ]);
    expect(goesOn).toBe(!["rejected", "person needed"].includes(outcome));
    expect(error.message).toMatch(/caruna-integration login --force|browser|not posted again before/);
    if (outcome === "person needed") expect(error).toBeInstanceOf(PersonNeeded);
    if (outcome === "not understood") expect(error).toBeInstanceOf(LoginChanged);
  });

  test("before the post nothing is posted, unless it is a form that takes the password", async () => {
    const world = await CaseWorld.open(guards);
    for (const status of [200, 503] as const) {
      const [one] = allCases().filter(
        (each) => each.status === status && each.place === "before" && !takesPassword(each),
      );
      if (one !== undefined) expect((await world.month(one)).posts).toEqual([]);
    }
  });
});
