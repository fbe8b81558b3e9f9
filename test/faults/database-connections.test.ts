import { expect, test } from "vitest";
import { createDatabase } from "../support/postgres.js";
import { sweepConnectionFaults } from "./database-sweep.js";

test("connections that are cut or ended at any statement cost one cycle, and nothing else", async () => {
  const database = await createDatabase();
  const { settings } = database;
  const sweep = await sweepConnectionFaults(settings, { stride: 16 });
  expect(sweep.faults).toBeGreaterThan(10);
  expect(sweep.failedCycles).toBeGreaterThan(7);
  expect(sweep.mostCyclesToGood).toBe(1);
  await database.drop();
});
