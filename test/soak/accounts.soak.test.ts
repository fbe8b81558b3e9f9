import { expect, test } from "vitest";
import { runTwoAccounts } from "../sync/two-accounts.js";

test.each([1, 2, 3])(
  "two accounts on one database for a month, one program killed at random (seed %i)",
  async (seed) => {
    expect((await runTwoAccounts({ days: 30, stepHours: 1, seed })).kills).toBeGreaterThan(50);
  },
);
