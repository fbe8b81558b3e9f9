import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { newWorlds } from "../support/world.js";

const COMPANY = "609876543";
const world = newWorlds({
  meters: [{ startDate: "2026-01-01" }, { customerNumber: COMPANY, represented: true }],
  refusals: [{ customerNumber: COMPANY, status: 403 }],
});
const run = (...parameters: string[]) => runCommand(parameters, world.settings, world.folder);

test("a customer that is refused: the first start works, and status and doctor say so", async () => {
  const first = await run("start", "--once");
  expect([first.exitCode, first.stderr]).toEqual([0, expect.stringContaining("does not show a customer")]);
  expect(first.stdout + first.stderr).not.toContain(COMPANY);
  const status = await run("status");
  expect(status.stdout).toContain(`has not shown customer ${COMPANY} to this account since`);
  expect(status.stdout).toContain("CARUNA_CUSTOMERS");
  const { refused } = JSON.parse((await run("status", "--json")).stdout);
  expect(refused).toMatchObject([{ customer: COMPANY, meteringPoint: null, status: 403, times: 1 }]);
  const doctor = await run("doctor");
  expect([doctor.exitCode, doctor.stdout]).toEqual([0, expect.stringContaining("without 1 customer number")]);
  expect(doctor.stdout).not.toContain(COMPANY);
  expect(world.simulator.passwordPosts).toBe(1);
});
