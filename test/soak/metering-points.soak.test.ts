import { expect, test } from "vitest";
import { costsThroughTwoDays, cycleCosts } from "../load/cycle-costs.js";

const METERS = Number(process.env.METERS ?? 1000);

test(`${METERS} metering points under one account: a cycle costs what is new, and every hour is there`, async () => {
  const { first, idle, nextDay, differences } = await cycleCosts(METERS);
  process.stdout.write(`${JSON.stringify({ first, idle, nextDay })}\n`);
  expect(differences).toEqual([]);
  expect(idle).toMatchObject({ periods: 0, requests: 0 });
  expect(idle.statements).toBeLessThan(50);
  expect(nextDay.requests).toBeLessThan(first.requests);
}, 3_600_000);

test(`two days of hourly cycles with ${METERS} metering points: every hour is there, and the checks are spread`, async () => {
  const { first, hours, differences } = await costsThroughTwoDays(METERS);
  const requests = hours.map((hour) => hour.requests);
  const statements = hours.map((hour) => hour.statements);
  process.stdout.write(`${JSON.stringify({ first, requests, statements })}\n`);
  expect(differences).toEqual([]);
  expect(requests.slice(-24).reduce((sum, count) => sum + count, 0) / METERS).toBeLessThan(6);
}, 3_600_000);
