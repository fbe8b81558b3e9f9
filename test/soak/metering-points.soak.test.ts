import { expect, test } from "vitest";
import { cycleCosts } from "../load/cycle-costs.js";

const METERS = Number(process.env.METERS ?? 1000);

test(`${METERS} metering points under one account: a cycle costs what is new, and every hour is there`, async () => {
  const { first, idle, nextDay, differences } = await cycleCosts(METERS);
  process.stdout.write(`${JSON.stringify({ first, idle, nextDay })}\n`);
  expect(differences).toEqual([]);
  expect(idle).toMatchObject({ periods: 0, requests: 0 });
  expect(idle.statements).toBeLessThan(50);
  expect(nextDay.requests).toBeLessThan(first.requests);
}, 3_600_000);
