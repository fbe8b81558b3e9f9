import { afterAll, beforeAll, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { allCases, CaseGuards, CaseWorld, expected, HOURS, nameOf, takesPassword } from "../caruna/login-cases.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";

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

test.each(allCases().map((one) => [nameOf(one), one] as const))("%s", async (_, one) => {
  const world = await CaseWorld.open(guards);
  const { posts, kind, goesOn } = await world.month(one);
  const outcome = expected(one);
  if (outcome === undefined) {
    expect(posts).toEqual(takesPassword(one) ? HOURS["not understood"] : []);
    return;
  }
  expect([kind, posts]).toEqual([outcome.replace(/,.*/, ""), HOURS[outcome]]);
  expect(goesOn).toBe(!["rejected", "person needed"].includes(outcome));
});
