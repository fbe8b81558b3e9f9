import { expect, test } from "vitest";
import { sweepConnectionFaults } from "../faults/database-sweep.js";
import { createDatabase } from "../support/postgres.js";

test("a connection that is cut or ended at every single statement of a cycle costs one cycle, and nothing else", async () => {
  const database = await createDatabase();
  const { settings } = database;
  const sweep = await sweepConnectionFaults(settings, { stride: 1 });
  process.stdout.write(`${JSON.stringify(sweep)}\n`);
  expect(sweep.faults).toBeGreaterThan(150);
  expect(sweep.mostCyclesToGood).toBe(1);
  await database.drop();
}, 1_800_000);
